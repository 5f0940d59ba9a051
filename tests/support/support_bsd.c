/* What the tests ask of macOS and the BSDs: what the kernel tells of this process. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include <sys/sysctl.h>
#if defined(__APPLE__)
#include <libproc.h>
#include <mach-o/dyld.h>
#elif defined(__FreeBSD__) || defined(__DragonFly__)
#include <sys/user.h>
#endif

#include "support.h"
#include "support_system.h"

struct test_abilities test_abilities(void)
{
    return (struct test_abilities)
    {
#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__DragonFly__)
        .usage_of_zombies = true,
#endif
#if defined(__FreeBSD__) || defined(__DragonFly__)
        .death_signals = true,
#endif
        .statuses_of_reaped = true, .child_events = true,
    };
}

/* ---- this process, as the kernel lists it ----------------------------------------------- */

struct self {
    int threads;
    size_t resident;
};

#if defined(__APPLE__)
static struct self look_at_self(void)
{
    struct proc_taskinfo info;
    cr_assert_eq(proc_pidinfo(getpid(), PROC_PIDTASKINFO, 0, &info, sizeof info), (int)sizeof info);
    return (struct self){.threads = info.pti_threadnum, .resident = (size_t)info.pti_resident_size};
}

#elif defined(__FreeBSD__) || defined(__DragonFly__)
static struct self look_at_self(void)
{
    struct kinfo_proc info;
    size_t size = sizeof info, page = (size_t)sysconf(_SC_PAGESIZE);
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PID, getpid()};
    cr_assert_eq(sysctl(name, 4, &info, &size, NULL, 0), 0);
    return (struct self){.threads = info.ki_numthreads, .resident = (size_t)info.ki_rssize * page};
}

#elif defined(__NetBSD__)
static struct self look_at_self(void)
{
    struct kinfo_proc2 info;
    size_t size = sizeof info, page = (size_t)sysconf(_SC_PAGESIZE);
    int name[] = {CTL_KERN, KERN_PROC2, KERN_PROC_PID, getpid(), (int)sizeof info, 1};
    cr_assert_eq(sysctl(name, 6, &info, &size, NULL, 0), 0);
    return (struct self){.threads = (int)info.p_nlwps, .resident = (size_t)info.p_vm_rssize * page};
}

#else /* OpenBSD: an entry for the process, and one for each thread */
static struct self look_at_self(void)
{
    static struct kinfo_proc info[1024];
    size_t size = sizeof info, page = (size_t)sysconf(_SC_PAGESIZE);
    int name[] = {CTL_KERN, KERN_PROC,         KERN_PROC_PID | KERN_PROC_SHOW_THREADS,
                  getpid(), (int)sizeof *info, 1024};
    cr_assert_eq(sysctl(name, 6, info, &size, NULL, 0), 0);
    return (struct self){.threads = (int)(size / sizeof *info) - 1,
                         .resident = (size_t)info[0].p_vm_rssize * page};
}
#endif

int test_count_threads(void)
{
    return look_at_self().threads;
}

size_t test_resident_bytes(void)
{
    return look_at_self().resident;
}

/* The highest number is not told by any call that all have; the tests use low ones. */
int test_count_descriptors(void)
{
    int count = 0, limit = (int)sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < limit && fd < 65536; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void *do_nothing(void *arg)
{
    return arg;
}

void test_threads_settle(void)
{
    pthread_t thread;
    int before = test_count_threads();
    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0)
        return;
    pthread_join(thread, NULL);
    brood_time deadline = test_deadline();
    while (test_count_threads() > before && brood_now() < deadline)
        test_nap(0.001);
}

/* ---- where the suite lies ------------------------------------------------------------- */

#if defined(__APPLE__)
static bool find_self(char *path, size_t size)
{
    uint32_t room = (uint32_t)size;
    return _NSGetExecutablePath(path, &room) == 0;
}

#elif defined(__OpenBSD__) /* which tells what it was called by, and no more */
static bool find_self(char *path, size_t size)
{
    char *arguments[512];
    size_t length = sizeof arguments;
    int name[] = {CTL_KERN, KERN_PROC_ARGS, getpid(), KERN_PROC_ARGV};
    char full[PATH_MAX];
    (void)size;
    return sysctl(name, 4, arguments, &length, NULL, 0) == 0 &&
           realpath(arguments[0], full) != NULL && strcpy(path, full) != NULL;
}

#else
static bool find_self(char *path, size_t size)
{
#ifdef __NetBSD__
    int name[] = {CTL_KERN, KERN_PROC_ARGS, -1, KERN_PROC_PATHNAME};
#else
    int name[] = {CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1};
#endif
    return sysctl(name, 4, path, &size, NULL, 0) == 0;
}
#endif

/* Beside the suite. */
const char *test_child(void)
{
    static char path[PATH_MAX + 8];
    if (path[0] == '\0') {
        cr_assert(find_self(path, PATH_MAX));
        char *slash = strrchr(path, '/');
        cr_assert_not_null(slash);
        memcpy(slash, "/child", sizeof "/child");
    }
    return path;
}
