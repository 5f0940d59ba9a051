/* Descriptors that pipe transports are made of. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io_posix.h"
#include "pipe.h"

enum { DROPPING_READS = 4096 }; /* 32 MiB: more than a socket holds */

int brood__pipe_adopt(intptr_t fd, bool *was_blocking, bool *is_socket)
{
    struct stat status;
    if (fd < 0 || fd > INT32_MAX)
        return BROOD_EBADF;
    if (fstat((int)fd, &status) < 0)
        return -errno;
    if (!S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode) && !S_ISCHR(status.st_mode))
        return BROOD_EINVAL;
    *is_socket = S_ISSOCK(status.st_mode);
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

/* The close of a socket with something unread in it is a reset for the peer: where it reads
 * it finds ECONNRESET in place of the end, and so does a write of its that waits, in place
 * of EPIPE.  So that is taken and dropped.  After the shutdown nothing more comes, on
 * Linux; elsewhere a peer that goes on writing must not hold us up. */
void brood__pipe_shut(intptr_t fd, bool writes)
{
    char dropped[8192];
    shutdown((int)fd, writes ? SHUT_WR : SHUT_RD);
    int reads = writes ? 0 : DROPPING_READS;
    while (reads > 0 && brood__io_read((int)fd, dropped, sizeof dropped) > 0)
        reads--;
}
