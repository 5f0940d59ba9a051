/* The end of one process: how it ended, and what it has used. */
#include "reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static brood_returncode code_of(int how, int status)
{
    return how == CLD_EXITED ? status : -status;
}

static int wait_for(const struct brood__child *child, siginfo_t *info, int options,
                    struct rusage *usage)
{
    int error;
    do {
        info->si_pid = 0;
        error = brood__process_waitid(child, info, options, usage);
    } while (error == BROOD_EINTR);
    return error;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static brood_usage usage_of(const struct rusage *usage)
{
    return (brood_usage){
        .user_seconds = seconds_of(usage->ru_utime),
        .system_seconds = seconds_of(usage->ru_stime),
        .max_rss_bytes = (uint64_t)usage->ru_maxrss * 1024,
    };
}

bool brood__process_reap(struct brood__child *child, enum brood__reap how)
{
    static const int options[] = {
        [BROOD__LOOK] = WEXITED | WNOHANG | WNOWAIT,
        [BROOD__REAP] = WEXITED | WNOHANG,
        [BROOD__WAIT] = WEXITED,
    };
    siginfo_t info;
    struct rusage usage = {0};
    /* Once somebody has reaped it, its pid is not asked about again. */
    int error = child->reaped ? BROOD_ECHILD : wait_for(child, &info, options[how], &usage);
    if (error >= 0 && info.si_pid == 0)
        return false;
    child->returncode =
        error >= 0 ? code_of(info.si_code, info.si_status) : brood__process_taken(child);
    child->usage = usage_of(&usage);
    child->usage_lost = error != 0;
    child->reaped = how != BROOD__LOOK || error < 0;
    return true;
}
