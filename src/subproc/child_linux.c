/* The child's system calls on Linux, made directly; compiled like child_posix.c. */
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2u
#endif

/* 32-bit systems have older variants with 16-bit ids under the plain names. */
#ifdef SYS_setresuid32
#define NR_SETRESUID SYS_setresuid32
#define NR_SETRESGID SYS_setresgid32
#define NR_SETGROUPS SYS_setgroups32
#else
#define NR_SETRESUID SYS_setresuid
#define NR_SETRESGID SYS_setresgid
#define NR_SETGROUPS SYS_setgroups
#endif

#ifdef __mips__
enum { SIGNAL_SET_SIZE = 16, LAST_SIGNAL = 127 };
#else
enum { SIGNAL_SET_SIZE = 8, LAST_SIGNAL = 64 };
#endif

static int result_of(long result)
{
    return result < 0 ? -errno : (int)result;
}

int brood__sys_dup2(int source, int target)
{
    return result_of(syscall(SYS_dup3, source, target, 0));
}

int brood__sys_dup_above(int fd, int least)
{
    return result_of(syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least));
}

int brood__sys_keep_on_exec(int fd)
{
    return result_of(syscall(SYS_fcntl, fd, F_SETFD, 0));
}

int brood__sys_chdir(const char *path)
{
    return result_of(syscall(SYS_chdir, path));
}

int brood__sys_setsid(void)
{
    return result_of(syscall(SYS_setsid));
}

int brood__sys_setpgid(int group)
{
    return result_of(syscall(SYS_setpgid, 0, group));
}

int brood__sys_nice(int increment)
{
    long now = syscall(SYS_getpriority, PRIO_PROCESS, 0); /* the kernel's scale: 20 - nice */
    if (now < 0)
        return -errno;
    int64_t wanted = 20 - now + (int64_t)increment;
    wanted = wanted < -20 ? -20 : wanted > 19 ? 19 : wanted;
    return result_of(syscall(SYS_setpriority, PRIO_PROCESS, 0, (int)wanted));
}

int brood__sys_setrlimit(const brood_rlimit *limit)
{
    struct {
        uint64_t soft, hard;
    } wanted = {limit->soft, limit->hard}; /* the kernel's infinity is UINT64_MAX too */
    return result_of(syscall(SYS_prlimit64, 0, limit->resource, &wanted, NULL));
}

int brood__sys_setgroups(const unsigned *groups, size_t count)
{
    return result_of(syscall(NR_SETGROUPS, count, groups));
}

const bool brood__sys_groups_begin_with_own = false;

int brood__sys_setgid(unsigned group)
{
    return result_of(syscall(NR_SETRESGID, group, group, group));
}

int brood__sys_setuid(unsigned user)
{
    return result_of(syscall(NR_SETRESUID, user, user, user));
}

/* The parent may have ended before the signal was armed; then it is due now. */
int brood__sys_death_signal(int signal, pid_t parent)
{
    int result = result_of(syscall(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0));
    if (result >= 0 && syscall(SYS_getppid) != parent)
        brood__sys_exit(128 + signal);
    return result;
}

/* A zeroed kernel sigaction, whatever its layout, is the default action. */
int brood__sys_default_signal(int signal)
{
    static const unsigned long zeroes[16];
    return result_of(syscall(SYS_rt_sigaction, signal, zeroes, NULL, SIGNAL_SET_SIZE));
}

/* The kernel's sigaction begins with the handler, but on MIPS with the flags. */
#ifdef __mips__
enum { HANDLER_WORD = 1 };
#else
enum { HANDLER_WORD = 0 };
#endif

int brood__sys_default_handlers(void)
{
    for (int signal = 1; signal <= LAST_SIGNAL; signal++) {
        unsigned long now[16];
        if (syscall(SYS_rt_sigaction, signal, NULL, now, SIGNAL_SET_SIZE) < 0 ||
            now[HANDLER_WORD] <= 1) /* SIG_DFL, SIG_IGN */
            continue;
        int result = brood__sys_default_signal(signal);
        if (result < 0)
            return result;
    }
    return 0;
}

int brood__sys_set_mask(const sigset_t *mask)
{
    return result_of(syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, SIGNAL_SET_SIZE));
}

int brood__sys_exec(const char *program, const char *const *argv, const char *const *env)
{
    return result_of(syscall(SYS_execve, program, argv, env));
}

void brood__sys_umask(unsigned mask)
{
    syscall(SYS_umask, mask);
}

void brood__sys_write(int fd, const void *data, size_t len)
{
    syscall(SYS_write, fd, data, len);
}

_Noreturn void brood__sys_exit(int status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}

/* ---- closing descriptors --------------------------------------------------- */

struct entry { /* the kernel's linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int number_of(const char *name)
{
    int number = 0;
    for (; *name >= '0' && *name <= '9'; name++)
        number = number * 10 + (*name - '0');
    return *name == '\0' ? number : -1;
}

static int open_list(void)
{
    return result_of(
        syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
}

/* Before Linux 5.9: those that /proc lists.  Reading goes on after each batch, so
 * that closing while the directory is being read misses nothing. */
static int close_listed(int first, int last)
{
    _Alignas(struct entry) char buffer[2048];
    int directory = open_list();
    if (directory == BROOD_EMFILE) { /* one that is to be closed makes room */
        syscall(SYS_close, first);
        directory = open_list();
    }
    if (directory < 0)
        return directory;
    long length;
    while ((length = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            int fd = number_of(entry->name);
            if (fd >= first && fd <= last && fd != directory)
                syscall(SYS_close, fd);
            at += entry->length;
        }
    }
    int error = length < 0 ? -errno : 0;
    syscall(SYS_close, directory);
    return error;
}

/* The last resort, where /proc is not mounted or may not be read: up to a number beyond
 * which it would take too long. */
enum { MOST_NUMBERS = 1 << 20 };

static int close_one_by_one(int first, int last)
{
    struct {
        uint64_t soft, hard;
    } limit;
    long result = syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit);
    if (result < 0)
        return -errno;
    if ((uint64_t)last >= limit.hard)
        last = (int)limit.hard - 1;
    if (last > MOST_NUMBERS)
        return BROOD_EMFILE;
    for (int fd = first; fd <= last; fd++)
        syscall(SYS_close, fd);
    return 0;
}

int brood__sys_leave_table(unsigned first, unsigned last)
{
    return result_of(syscall(SYS_close_range, first, last, CLOSE_RANGE_UNSHARE));
}

int brood__sys_close_range(int first, int last)
{
    int result = result_of(syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0u));
    if (result < 0)
        result = close_listed(first, last);
    if (result < 0)
        result = close_one_by_one(first, last);
    return result;
}
