/* waitid with what the process has used: wait6 where there is one (FreeBSD, NetBSD,
 * DragonFly); elsewhere waitid looks, and wait4 reaps and tells.  Beside it what Linux has
 * beside it: the handle of a process, of which there is none. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "reap.h"

#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__DragonFly__)

#if defined(__NetBSD__)
typedef struct wrusage both_usages;
#else
typedef struct __wrusage both_usages;
#endif

static struct timeval sum_of(struct timeval a, struct timeval b)
{
    struct timeval sum;
    timeradd(&a, &b, &sum);
    return sum;
}

/* Its own, and that of the children that it waited for, as wait4 counts it. */
static void add_up(struct rusage *usage, const both_usages *both)
{
    const struct rusage *own = &both->wru_self, *others = &both->wru_children;
    usage->ru_utime = sum_of(own->ru_utime, others->ru_utime);
    usage->ru_stime = sum_of(own->ru_stime, others->ru_stime);
    usage->ru_maxrss = own->ru_maxrss > others->ru_maxrss ? own->ru_maxrss : others->ru_maxrss;
}

int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    int status;
    both_usages both;
    pid_t pid = wait6((idtype_t)type, (id_t)id, &status, options, &both, info);
    if (pid < 0)
        return -errno;
    if (pid == 0)
        info->si_pid = 0;
    else
        add_up(usage, &both);
    return 0;
}

#else

#ifdef __APPLE__
#include <sys/sysctl.h>

enum { RSS_UNIT = 1024 };

/* macOS tells of a process that was killed, while it is only looked at, that the signal
 * was 0; the table of processes knows better. */
static void correct(siginfo_t *info)
{
    struct kinfo_proc entry;
    size_t size = sizeof entry;
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, (int)info->si_pid};
    if (info->si_pid == 0 || info->si_code == CLD_EXITED || info->si_status != 0)
        return;
    if (sysctl(name, 4, &entry, &size, NULL, 0) == 0 && size >= sizeof entry)
        info->si_status = WTERMSIG(entry.kp_proc.p_xstat);
}
#else
enum { RSS_UNIT = 1 };

static void correct(siginfo_t *info)
{
    (void)info;
}
#endif

static int look(int type, int64_t id, siginfo_t *info, int options)
{
    if (waitid((idtype_t)type, (id_t)id, info, options) < 0)
        return -errno;
    correct(info);
    return 1;
}

int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    int status;
    if (type != P_PID || (options & WNOWAIT) != 0)
        return look(type, id, info, options);
    pid_t pid = wait4((pid_t)id, &status, (options & WNOHANG) != 0 ? WNOHANG : 0, usage);
    info->si_pid = pid;
    if (pid <= 0)
        return pid < 0 ? -errno : 0;
    bool exited = WIFEXITED(status);
    info->si_code = exited ? CLD_EXITED : CLD_KILLED;
    info->si_status = exited ? WEXITSTATUS(status) : WTERMSIG(status);
    usage->ru_maxrss /= RSS_UNIT;
    return 0;
}

#endif

/* There are no descriptors for processes. */
int brood__process_open(int64_t pid)
{
    (void)pid;
    return BROOD_ENOSYS;
}
