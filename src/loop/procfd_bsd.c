/* Whether children can be watched without a signal: every kqueue can, by EVFILT_PROC. */
#include "loop.h"

int brood__procfd_check(void)
{
    return 0;
}
