/* The monotonic clock. */
#include <time.h>

#include "brood.h"

brood_time brood_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (brood_time)now.tv_sec * 1000000000 + now.tv_nsec;
}
