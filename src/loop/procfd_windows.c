/* The child watcher without a signal handler is the only one here, and the default: there
 * is nothing to choose. */
#include "loop.h"

int brood__procfd_check(void)
{
    return BROOD_ENOSYS;
}
