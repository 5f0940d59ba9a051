/* Descriptors that pipe transports are made of. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io_posix.h"
#include "pipe.h"

int brood__pipe_adopt(intptr_t fd, bool *was_blocking)
{
    struct stat status;
    if (fd < 0 || fd > INT32_MAX)
        return BROOD_EBADF;
    if (fstat((int)fd, &status) < 0)
        return -errno;
    if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode) && !S_ISCHR(status.st_mode))
        return BROOD_EINVAL;
    int flags = fcntl((int)fd, F_GETFL);
    if (flags < 0)
        return -errno;
    *was_blocking = (flags & O_NONBLOCK) == 0;
    return *was_blocking ? brood__io_set_nonblocking((int)fd, true) : 0;
}

void brood__pipe_give_back(intptr_t fd, bool was_blocking)
{
    if (was_blocking)
        brood__io_set_nonblocking((int)fd, false);
}

/* Linux: reading the master of a pseudo-terminal whose other side is closed. */
bool brood__pipe_is_hangup(intptr_t fd, ptrdiff_t error)
{
    return error == BROOD_EIO && isatty((int)fd) == 1;
}

void brood__pipe_dispose(intptr_t fd, bool was_blocking)
{
    brood__pipe_give_back(fd, was_blocking);
    brood__io_close((int)fd);
}
