/* The child's system calls on the BSDs and macOS, where the C library's functions are
 * the system calls and know nothing of other threads; but for sigaction on FreeBSD, whose
 * thread library keeps a table that parent and child would share.  Compiled like
 * child_posix.c. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__FreeBSD__) || defined(__DragonFly__)
#include <sys/procctl.h>
#endif
#ifdef __FreeBSD__
#include <sys/syscall.h>
#endif
#include <grp.h>
#include <sys/stat.h>

static int result_of(int result)
{
    return result < 0 ? -errno : result;
}

int brood__sys_dup2(int source, int target)
{
    return result_of(dup2(source, target));
}

int brood__sys_dup_above(int fd, int least)
{
    return result_of(fcntl(fd, F_DUPFD_CLOEXEC, least));
}

int brood__sys_keep_on_exec(int fd)
{
    return result_of(fcntl(fd, F_SETFD, 0));
}

int brood__sys_chdir(const char *path)
{
    return result_of(chdir(path));
}

int brood__sys_setsid(void)
{
    return result_of((int)setsid());
}

int brood__sys_setpgid(int group)
{
    return result_of(setpgid(0, group));
}

int brood__sys_nice(int increment)
{
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if (now == -1 && errno != 0)
        return -errno;
    long wanted = (long)now + increment;
    wanted = wanted < PRIO_MIN ? PRIO_MIN : wanted > PRIO_MAX ? PRIO_MAX : wanted;
    return result_of(setpriority(PRIO_PROCESS, 0, (int)wanted));
}

int brood__sys_setrlimit(const brood_rlimit *limit)
{
    const uint64_t infinity = (uint64_t)RLIM_INFINITY;
    struct rlimit wanted = {
        .rlim_cur = (rlim_t)(limit->soft > infinity ? infinity : limit->soft),
        .rlim_max = (rlim_t)(limit->hard > infinity ? infinity : limit->hard),
    };
    return result_of(setrlimit(limit->resource, &wanted));
}

#ifdef __GLIBC__ /* under the emulation of kqueue */
typedef size_t group_count;
#else
typedef int group_count;
#endif

/* gid_t is an unsigned of the same width on all of them. */
int brood__sys_setgroups(const unsigned *groups, size_t count)
{
    _Static_assert(sizeof(gid_t) == sizeof *groups, "an array of the one is one of the other");
    return result_of(setgroups((group_count)count, (const gid_t *)groups));
}

#if defined(__FreeBSD__) || defined(__DragonFly__) || defined(__APPLE__) /* FreeBSD until 14 */
const bool brood__sys_groups_begin_with_own = true;
#else
const bool brood__sys_groups_begin_with_own = false;
#endif

/* Real, effective and saved: macOS and NetBSD have no call for all three, but to those
 * with privileges the simple one is that. */
int brood__sys_setgid(unsigned group)
{
    return result_of(geteuid() == 0 ? setgid(group) : setregid(group, group));
}

int brood__sys_setuid(unsigned user)
{
    return result_of(geteuid() == 0 ? setuid(user) : setreuid(user, user));
}

/* The parent may have ended before the signal was armed; then it is due now. */
int brood__sys_death_signal(int signal, pid_t parent)
{
#ifdef PROC_PDEATHSIG_CTL
    int result = result_of(procctl(P_PID, 0, PROC_PDEATHSIG_CTL, &signal));
    if (result >= 0 && getppid() != parent)
        brood__sys_exit(128 + signal);
    return result;
#else
    (void)signal, (void)parent;
    return BROOD_ENOSYS;
#endif
}

static int set_action(int signal, const struct sigaction *wanted, struct sigaction *now)
{
#ifdef __FreeBSD__
    return syscall(SYS_sigaction, signal, wanted, now);
#else
    return sigaction(signal, wanted, now);
#endif
}

int brood__sys_default_signal(int signal)
{
    struct sigaction wanted = {.sa_handler = SIG_DFL};
    return result_of(set_action(signal, &wanted, NULL));
}

#if defined(_SIG_MAXSIG) /* FreeBSD, whose NSIG leaves out the newer half */
enum { SIGNALS = _SIG_MAXSIG + 1 };
#elif defined(NSIG)
enum { SIGNALS = NSIG };
#else
enum { SIGNALS = 129 };
#endif

int brood__sys_default_handlers(void)
{
    for (int signal = 1; signal < SIGNALS; signal++) {
        struct sigaction now;
        if (set_action(signal, NULL, &now) < 0)
            continue;
        bool plain = (now.sa_flags & SA_SIGINFO) == 0;
        if (plain && (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN))
            continue;
        int result = brood__sys_default_signal(signal);
        if (result < 0 && result != BROOD_EINVAL)
            return result;
    }
    return 0;
}

int brood__sys_set_mask(const sigset_t *mask)
{
    return result_of(sigprocmask(SIG_SETMASK, mask, NULL));
}

/* execve promises to change neither array. */
int brood__sys_exec(const char *program, const char *const *argv, const char *const *env)
{
    union {
        const char *const *given;
        char *const *wanted;
    } arguments = {argv}, environment = {env};
    return result_of(execve(program, arguments.wanted, environment.wanted));
}

void brood__sys_umask(unsigned mask)
{
    umask((mode_t)mask);
}

void brood__sys_write(int fd, const void *data, size_t len)
{
    ssize_t ignored = write(fd, data, len);
    (void)ignored;
}

_Noreturn void brood__sys_exit(int status)
{
    for (;;)
        _exit(status);
}
