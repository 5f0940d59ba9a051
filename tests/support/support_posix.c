/* What the tests ask of every Unix; more in support_linux.c and support_bsd.c. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support_system.h"

bool test_on_windows(void)
{
    return false;
}

/* ---- around each test --------------------------------------------------------- */

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
    test_threads_settle();
}

/* What has been closed has gone; a thread that was joined may be listed for a moment. */
void test_system_settle(int descriptors, int threads)
{
    brood_time deadline = brood_in(10);
    (void)descriptors;
    while (test_count_threads() > threads && brood_now() < deadline)
        test_nap(0.001);
}

bool test_has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/* ---- the system ---------------------------------------------------------------- */

bool test_process_exists(int64_t pid)
{
    return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

size_t test_raise_descriptor_limit(size_t wanted)
{
    struct rlimit limit;
    rlim_t goal = (rlim_t)wanted;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (limit.rlim_cur >= goal)
        return (size_t)limit.rlim_cur;
    struct rlimit raised = {.rlim_cur = goal, .rlim_max = limit.rlim_max};
    if (raised.rlim_max < goal)
        raised.rlim_max = goal; /* allowed to those with CAP_SYS_RESOURCE */
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
