/* What Linux does better: writing without SIGPIPE by a flag of the call, since 6.18, and
 * pipes that take more. */
#include "io_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler.h"

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

enum { WIDE = 262144 }; /* four times the usual */

static atomic_bool flag_unknown;

/* An offset of -1, in two halves, means the current position. */
static long write_quietly(int fd, const struct iovec *parts, int count)
{
    return syscall(SYS_pwritev2, fd, parts, (long)count, -1L, -1L, (long)RWF_NOSIGNAL);
}

/* errno tells why. */
static BROOD__APART ptrdiff_t write_after(int fd, const struct iovec *parts, int count)
{
    long n = -1;
    while (errno == EINTR && n < 0)
        n = write_quietly(fd, parts, count);
    if (n >= 0)
        return n;
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
        return -errno;
    /* An old kernel, and the slow way from now on; or a device that takes no flags. */
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode))
        atomic_store(&flag_unknown, true);
    return brood__io_writev_guarded(fd, parts, count);
}

ptrdiff_t brood__io_writev(int fd, const struct iovec *parts, int count)
{
    if (atomic_load_explicit(&flag_unknown, memory_order_relaxed))
        return brood__io_writev_guarded(fd, parts, count);
    long n = write_quietly(fd, parts, count);
    return n >= 0 ? n : write_after(fd, parts, count);
}

void brood__io_quiet(int fd)
{
    (void)fd; /* each call has its own flag */
}

int brood__io_set_pipe_size(int fd, int size)
{
    return fcntl(fd, F_SETPIPE_SZ, size) < 0 ? -errno : 0;
}

/* What is on its way counts as the sender's alone.  The system cuts a size down to its
 * limit, net.core.wmem_max, and says nothing. */
int brood__io_set_socket_size(int writer, int reader, int size)
{
    (void)reader;
    return setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0 ? -errno : 0;
}

void brood__io_widen(int fd)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    if (size > 0 && size < WIDE)
        fcntl(fd, F_SETPIPE_SZ, WIDE);
}
