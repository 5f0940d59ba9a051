/* Writing without SIGPIPE by a flag of the call, which Linux has since 6.18. */
#include "io_posix.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

static atomic_bool flag_unknown;

ptrdiff_t brood__io_writev(int fd, const struct iovec *parts, int count)
{
    if (atomic_load_explicit(&flag_unknown, memory_order_relaxed))
        return brood__io_writev_guarded(fd, parts, count);
    long n;
    do /* An offset of -1, in two halves, means the current position. */
        n = syscall(SYS_pwritev2, fd, parts, (long)count, -1L, -1L, (long)RWF_NOSIGNAL);
    while (n < 0 && errno == EINTR);
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
