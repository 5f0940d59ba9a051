/* Suites, loops, waiting, and what can be asked of the system. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the library's memory ---------------------------------------------------- */

static atomic_size_t live_allocations, until_failure;
static atomic_bool fail_all, failed;

static void *reallocate(void *memory, size_t size)
{
    size_t left = atomic_load(&until_failure);
    if (left > 0) {
        if (left > 1) {
            atomic_store(&until_failure, left - 1);
        } else {
            atomic_store(&until_failure, atomic_load(&fail_all) ? 1 : 0);
            atomic_store(&failed, true);
            return NULL;
        }
    }
    void *made = realloc(memory, size);
    if (made != NULL && memory == NULL)
        atomic_fetch_add(&live_allocations, 1);
    return made;
}

static void release(void *memory)
{
    atomic_fetch_sub(&live_allocations, 1);
    free(memory);
}

size_t test_live_allocations(void)
{
    return atomic_load(&live_allocations);
}

void test_fail_allocation(size_t nth, bool all)
{
    atomic_store(&failed, false);
    atomic_store(&fail_all, all);
    atomic_store(&until_failure, nth);
}

bool test_allocation_failed(void)
{
    return atomic_load(&failed);
}

/* ---- around each test --------------------------------------------------------- */

static int descriptors_before, threads_before;

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

void test_begin(void)
{
    extend_stack();
    brood_set_allocator(reallocate, release);
    test_child();
    settle_threads();
    descriptors_before = test_count_descriptors();
    threads_before = test_count_threads();
}

void test_end(void)
{
    test_fail_allocation(0, false);
    cr_expect_eq(test_count_descriptors(), descriptors_before,
                 "descriptors: %d, before the test %d", test_count_descriptors(),
                 descriptors_before);
    cr_expect_eq(test_count_threads(), threads_before, "threads: %d, before the test %d",
                 test_count_threads(), threads_before);
    cr_expect_not(test_has_children(), "a child process is left");
    cr_expect_eq(test_live_allocations(), 0, "%zu allocations of the library are left",
                 test_live_allocations());
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

/* ---- loops --------------------------------------------------------------------- */

brood_time test_deadline(void)
{
    return brood_in(60);
}

int test_watcher(void)
{
    const char *wanted = getenv("BROOD_TEST_WATCHER");
    return wanted != NULL && strcmp(wanted, "procfd") == 0 ? BROOD_WATCH_PROCFD
                                                           : BROOD_WATCH_SIGCHLD;
}

brood_loop *test_loop(void)
{
    brood_loop_options options = {.child_watcher = test_watcher()};
    brood_loop *loop;
    cr_assert_eq(brood_loop_open(&loop, &options), 0);
    return loop;
}

void test_loop_close(brood_loop *loop)
{
    cr_assert_eq(brood_loop_close(loop), 0);
}

void test_run_until(brood_loop *loop, const bool *flag)
{
    brood_time deadline = test_deadline();
    while (!*flag) { /* a posted call may set it: no waiting in the same round */
        bool busy = brood_loop_next(loop) == BROOD_NOWAIT;
        cr_assert_eq(brood_loop_step(loop, busy ? BROOD_NOWAIT : deadline), 0);
        cr_assert(*flag || brood_now() < deadline, "the deadline has passed");
    }
}

void test_settle(brood_loop *loop)
{
    for (int i = 0; i < 8 || (i < 1000 && brood_loop_next(loop) == BROOD_NOWAIT); i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
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

void test_wait_gone(int64_t pid)
{
    brood_time deadline = test_deadline();
    while (test_process_exists(pid)) {
        cr_assert_lt(brood_now(), deadline, "process %lld is still there", (long long)pid);
        usleep(1000);
    }
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
