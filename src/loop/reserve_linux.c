/* Three descriptors that a loop holds for their numbers alone.  A child takes along only
 * the part of the descriptor table that lies below the highest number that it needs
 * (share_linux.c); its pipes, opened by a parent that has thousands of descriptors,
 * would have numbers above all of those: they borrow these.  Taken when the loop is
 * opened, not at the first child: by then the host may have its thousands. */
#include <errno.h>
#include <fcntl.h>

#include "io_posix.h"
#include "loop.h"

int brood__reserve_open(struct brood__reserve *reserve, int filler)
{
    reserve->filler = filler;
    for (int i = 0; i < BROOD__RESERVE; i++) {
        int fd = fcntl(filler, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
            return -errno;
        reserve->fds[i] = fd;
    }
    return 0;
}

void brood__reserve_close(struct brood__reserve *reserve)
{
    for (int i = 0; i < BROOD__RESERVE; i++)
        if (reserve->fds[i] > 0)
            brood__io_close(reserve->fds[i]);
}
