/* No process here is a copy of another one. */
#include "loop.h"

unsigned brood__forks;

int brood__fork_watch(void)
{
    return 0;
}
