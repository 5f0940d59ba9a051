/* What the tests ask of Linux: descriptors and threads by /proc, children by waitid. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support_system.h"

bool test_on_windows(void)
{
    return false;
}

/* ---- around each test --------------------------------------------------------- */

static void *tell_number(void *number)
{
    *(long *)number = syscall(SYS_gettid);
    return NULL;
}

/* ThreadSanitizer adds a thread of its own at the first one that is made.  One that has
 * been joined may be listed for a moment longer. */
static void settle_threads(void)
{
    pthread_t thread;
    long number = 0;
    if (pthread_create(&thread, NULL, tell_number, &number) != 0)
        return;
    pthread_join(thread, NULL);
    while (syscall(SYS_tgkill, getpid(), number, 0) == 0)
        sched_yield();
}

/* Valgrind 3.19 cannot extend the main stack while it delivers a signal: it has been
 * extended before. */
static void extend_stack(void)
{
    volatile char deep[131072];
    for (size_t i = 0; i < sizeof deep; i += 1024)
        deep[i] = 0;
}

void test_system_prepare(void)
{
    extend_stack();
    settle_threads();
}

void test_system_settle(int descriptors, int threads)
{
    (void)descriptors;
    (void)threads; /* what has been closed and joined has gone */
}

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    if (directory == NULL)
        return -1;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

int test_count_descriptors(void)
{
    return count_entries("/proc/self/fd") - 3; /* ".", ".." and the directory itself */
}

int test_count_threads(void)
{
    return count_entries("/proc/self/task") - 2;
}

bool test_has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/* ---- the system ---------------------------------------------------------------- */

const char *test_child(void)
{
    static char path[PATH_MAX + 8];
    if (path[0] == '\0') {
        ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
        cr_assert_gt(length, 0);
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        memcpy(slash, "/child", sizeof "/child");
    }
    return path;
}

bool test_process_exists(int64_t pid)
{
    return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

bool test_has_process_descriptors(void)
{
    long fd = syscall(SYS_pidfd_open, getpid(), 0u);
    if (fd >= 0)
        close((int)fd);
    return fd >= 0;
}

/* Anonymous memory, by the page tables: the counters in statm lag behind by up to 32
 * pages a processor, and pages of programs come and go as they are used. */
size_t test_resident_bytes(void)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    cr_assert_not_null(file);
    while (kib == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Anonymous: %llu kB", &kib);
    fclose(file);
    cr_assert_gt(kib, 0);
    return (size_t)kib * 1024;
}

size_t test_raise_descriptor_limit(size_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (limit.rlim_cur >= wanted)
        return (size_t)limit.rlim_cur;
    struct rlimit raised = {.rlim_cur = wanted, .rlim_max = limit.rlim_max};
    if (raised.rlim_max < wanted)
        raised.rlim_max = wanted; /* allowed to those with CAP_SYS_RESOURCE */
    if (setrlimit(RLIMIT_NOFILE, &raised) < 0) {
        raised = (struct rlimit){.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) < 0)
            return (size_t)limit.rlim_cur;
    }
    return (size_t)raised.rlim_cur;
}

/* ---- threads --------------------------------------------------------------------- */

struct test_thread {
    pthread_t thread;
};

test_thread *test_thread_start(void *(*run)(void *), void *arg)
{
    test_thread *thread = malloc(sizeof *thread);
    cr_assert_not_null(thread);
    cr_assert_eq(pthread_create(&thread->thread, NULL, run, arg), 0);
    return thread;
}

void *test_thread_join(test_thread *thread)
{
    void *result;
    cr_assert_eq(pthread_join(thread->thread, &result), 0);
    free(thread);
    return result;
}

void test_nap(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}
