/* Starting tasks and opening groups and futures while each allocation fails in
 * turn: nothing is changed by it, and the next try works. */
#include "fake_host.h"
#include "support.h"

SUITE(task_faults);

enum { BOUND = 20 };

static int calls;

static int count(void *arg)
{
    calls++;
    return arg == NULL ? 0 : 1;
}

struct bench {
    brood_loop *loop;
    brood_group *group;
    brood_task *task; /* these three are outputs */
    brood_group *opened;
    brood_future *future;
};

static int start_task(struct bench *bench)
{
    return brood_task_start(bench->loop, count, NULL, &bench->task);
}

static int start_detached(struct bench *bench)
{
    return brood_task_start(bench->loop, count, NULL, NULL);
}

static int open_group(struct bench *bench)
{
    return brood_group_open(bench->loop, 3, &bench->opened);
}

static int start_in_group(struct bench *bench)
{
    return brood_group_start(bench->group, count, NULL);
}

static int open_future(struct bench *bench)
{
    return brood_future_open(bench->loop, &bench->future);
}

/* How many of its allocations were made to fail until it worked. */
static size_t fail_each(struct bench *bench, int (*call)(struct bench *))
{
    for (size_t nth = 1; nth < BOUND; nth++) {
        size_t before = test_live_allocations();
        test_fail_allocation(nth, false);
        int error = call(bench);
        bool failed = test_allocation_failed();
        test_fail_allocation(0, false);
        if (!failed) {
            cr_assert_eq(error, 0);
            return nth - 1;
        }
        cr_assert_eq(error, BROOD_ENOMEM);
        cr_assert(bench->task == NULL && bench->opened == NULL && bench->future == NULL);
        cr_assert_eq(test_live_allocations(), before);
        cr_expect_eq(brood_loop_next(bench->loop), BROOD_FOREVER, "nothing has been posted");
    }
    cr_assert_fail("it fails for ever");
    return 0;
}

Test(task_faults, a_task)
{
    struct bench bench = {.loop = test_loop()};
    cr_expect_geq(fail_each(&bench, start_task), 1);
    cr_assert_not_null(bench.task);
    cr_assert_eq(brood_task_join(bench.task, NULL, test_deadline()), 0);
    cr_expect_eq(calls, 1);
    test_loop_close(bench.loop);
}

Test(task_faults, a_detached_task)
{
    struct bench bench = {.loop = test_loop()};
    cr_expect_geq(fail_each(&bench, start_detached), 1);
    test_settle(bench.loop);
    cr_expect_eq(calls, 1);
    test_loop_close(bench.loop);
}

Test(task_faults, a_group)
{
    struct bench bench = {.loop = test_loop()};
    cr_expect_geq(fail_each(&bench, open_group), 1);
    cr_assert_not_null(bench.opened);
    cr_assert_eq(brood_group_join(bench.opened, NULL, BROOD_NOWAIT), 0);
    test_loop_close(bench.loop);
}

Test(task_faults, a_task_of_a_group)
{
    struct bench bench = {.loop = test_loop()};
    int result = 99;
    cr_assert_eq(brood_group_open(bench.loop, 1, &bench.group), 0);
    cr_expect_geq(fail_each(&bench, start_in_group), 1);
    cr_assert_eq(brood_group_join(bench.group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0, "a start that failed is no failure of the group");
    cr_expect_eq(calls, 1);
    test_loop_close(bench.loop);
}

Test(task_faults, a_future)
{
    struct bench bench = {.loop = test_loop()};
    cr_expect_geq(fail_each(&bench, open_future), 1);
    cr_assert_not_null(bench.future);
    cr_expect_not(brood_future_done(bench.future));
    brood_future_close(bench.future);
    test_loop_close(bench.loop);
}

static int wait_without_memory(void *future)
{
    test_fail_allocation(1, true);
    int first = brood_sleep(NULL, BROOD_NOWAIT);
    int second = brood_future_wait(future, NULL, BROOD_NOWAIT);
    return first == 0 && second == BROOD_ETIMEDOUT && !test_allocation_failed() ? 0 : -1;
}

Test(task_faults, waiting_needs_no_memory)
{
    struct bench bench = {.loop = test_loop()};
    brood_future *future;
    brood_task *task;
    int result = 99;
    cr_assert_eq(brood_future_open(bench.loop, &future), 0);
    cr_assert_eq(brood_task_start(bench.loop, wait_without_memory, future, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    test_fail_allocation(1, true);
    cr_expect_eq(brood_future_wait(future, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_not(test_allocation_failed());
    test_fail_allocation(0, false);
    brood_future_close(future);
    test_loop_close(bench.loop);
}
