/* No numbers are held in reserve: vfork copies the whole table there. */
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
