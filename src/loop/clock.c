/* Deadlines. */
#include "brood.h"

brood_time brood_in(double seconds)
{
    if (!(seconds > 0)) /* NaN too */
        return BROOD_NOWAIT;
    brood_time now = brood_now();
    double limit = (double)(BROOD_FOREVER - now);
    double span = seconds * 1e9;
    return span >= limit ? BROOD_FOREVER : now + (brood_time)span;
}
