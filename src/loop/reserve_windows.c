/* No numbers are held in reserve: children there get a list of handles. */
#include "loop.h"

int brood__reserve_open(struct brood__reserve *reserve, int filler)
{
    (void)reserve, (void)filler;
    return 0;
}

void brood__reserve_close(struct brood__reserve *reserve)
{
    (void)reserve;
}
