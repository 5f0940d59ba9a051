/* waitid with what the process has used: the system call's fifth argument, which the
 * C library does not pass on. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reap.h"

int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    long result = syscall(SYS_waitid, type, (id_t)id, info, options, usage);
    return result < 0 ? -errno : 0;
}
