/* System calls that the C library does not pass on: waitid with its fifth argument, what
 * the process has used; and pidfd_open. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io_posix.h"
#include "reap.h"

int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    long result = syscall(SYS_waitid, type, (id_t)id, info, options, usage);
    return result < 0 ? -errno : 0;
}

int brood__process_open(int64_t pid)
{
    long fd = syscall(SYS_pidfd_open, (pid_t)pid, 0u);
    return fd < 0 ? -errno : brood__io_keep_clear((int)fd);
}
