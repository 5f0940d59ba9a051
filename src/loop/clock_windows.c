/* The monotonic clock. */
#include "system_windows.h"

#include "brood.h"

/* In two parts: the product of all ticks and 10^9 would not fit. */
brood_time brood_now(void)
{
    LARGE_INTEGER ticks, frequency; /* a second's; both calls cannot fail */
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    brood_time seconds = ticks.QuadPart / frequency.QuadPart;
    brood_time rest = ticks.QuadPart % frequency.QuadPart;
    return seconds * 1000000000 + rest * 1000000000 / frequency.QuadPart;
}
