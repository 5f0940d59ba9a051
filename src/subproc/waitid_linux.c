/* System calls that the C library does not pass on: waitid with its fifth argument, what
 * the process has used; and pidfd_open. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io_posix.h"
#include "reap.h"

/* The kernel's rusage counts in longs; a C library's has wider times where a long has 32
 * bits and time_t 64 (musl; glibc with _TIME_BITS=64). */
struct kernel_usage {
    struct {
        long seconds, microseconds;
    } user, system;
    long max_rss, others[13];
};

int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    struct kernel_usage used = {.max_rss = 0};
    if (syscall(SYS_waitid, type, (id_t)id, info, options, &used) < 0)
        return -errno;
    *usage = (struct rusage){
        .ru_utime = {.tv_sec = used.user.seconds, .tv_usec = used.user.microseconds},
        .ru_stime = {.tv_sec = used.system.seconds, .tv_usec = used.system.microseconds},
        .ru_maxrss = used.max_rss,
    };
    return 0;
}

int brood__process_open(int64_t pid)
{
    long fd = syscall(SYS_pidfd_open, (pid_t)pid, 0u);
    return fd < 0 ? -errno : brood__io_keep_clear((int)fd);
}
