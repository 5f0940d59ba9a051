/* The monotonic clock. */
#include <time.h>

#include "brood.h"

brood_time brood_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (brood_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

brood_time brood_in(double seconds)
{
    if (!(seconds > 0)) /* NaN too */
        return BROOD_NOWAIT;
    brood_time now = brood_now();
    double limit = (double)(BROOD_FOREVER - now);
    double span = seconds * 1e9;
    return span >= limit ? BROOD_FOREVER : now + (brood_time)span;
}
