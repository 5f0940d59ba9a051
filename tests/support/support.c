/* Suites, the library's memory, loops and waiting; what has to be asked of the system is
 * in support_posix.c and support_windows.c. */
#include "support.h"

#include <stdatomic.h>

#include "support_system.h"

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

void test_begin(void)
{
    brood_set_allocator(reallocate, release);
    test_child();
    test_system_prepare();
    descriptors_before = test_count_descriptors();
    threads_before = test_count_threads();
}

void test_end(void)
{
    test_fail_allocation(0, false);
    test_system_settle(descriptors_before, threads_before);
    cr_expect_eq(test_count_descriptors(), descriptors_before,
                 "descriptors: %d, before the test %d", test_count_descriptors(),
                 descriptors_before);
    cr_expect_eq(test_count_threads(), threads_before, "threads: %d, before the test %d",
                 test_count_threads(), threads_before);
    cr_expect_not(test_has_children(), "a child process is left");
    cr_expect_eq(test_live_allocations(), 0, "%zu allocations of the library are left",
                 test_live_allocations());
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

void test_wait_gone(int64_t pid)
{
    brood_time deadline = test_deadline();
    while (test_process_exists(pid)) {
        cr_assert_lt(brood_now(), deadline, "process %lld is still there", (long long)pid);
        test_nap(0.001);
    }
}
