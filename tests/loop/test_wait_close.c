/* Waits whose object, task or loop goes meanwhile: who is told what, and that a
 * cancellation is never lost on the way. */
#include "fake_host.h"
#include "support.h"

SUITE(wait_close);

enum { PATIENCE = 1000 }; /* a task that were asked more often ends after all */

static brood_task *start(brood_loop *loop, brood_task_main *main, void *arg)
{
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, main, arg, &task), 0);
    return task;
}

/* ---- a task that never ends ----------------------------------------------------------- */

struct pair {
    brood_future *future;
    brood_task *stubborn;
    int joins[2];
    int cancelled;
    bool went_on;
};

static int never_end(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < PATIENCE; i++)
        if (brood_future_wait(pair->future, NULL, test_deadline()) == BROOD_ECANCELED)
            pair->cancelled++;
    return 0;
}

static int join_the_stubborn(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < 2; i++)
        pair->joins[i] = brood_task_join(pair->stubborn, NULL, BROOD_FOREVER);
    pair->went_on = true;
    return 0;
}

static int detach_the_stubborn(void *arg)
{
    struct pair *pair = arg;
    pair->joins[0] = brood_sleep(NULL, BROOD_FOREVER);
    brood_task_detach(pair->stubborn);
    pair->went_on = true;
    return 0;
}

static struct pair close_beside(brood_task_main *main)
{
    brood_loop *loop = test_loop();
    struct pair pair = {.stubborn = NULL};
    cr_assert_eq(brood_future_open(loop, &pair.future), 0);
    pair.stubborn = start(loop, never_end, &pair);
    start(loop, main, &pair);
    test_settle(loop);
    test_loop_close(loop);
    brood_future_close(pair.future);
    cr_expect(pair.went_on);
    cr_expect_eq(pair.cancelled, 100, "so often it is asked");
    return pair;
}

Test(wait_close, who_joins_a_task_that_never_ends_is_cancelled_when_the_loop_closes)
{
    struct pair pair = close_beside(join_the_stubborn);
    cr_expect_eq(pair.joins[0], BROOD_ECANCELED);
    cr_expect_eq(pair.joins[1], BROOD_ECANCELED, "it has not ended since");
}

Test(wait_close, a_task_that_never_ends_may_be_detached_while_the_loop_closes)
{
    struct pair pair = close_beside(detach_the_stubborn);
    cr_expect_eq(pair.joins[0], BROOD_ECANCELED);
}

/* ---- cancelled and closed in one round -------------------------------------------------- */

struct waiter {
    brood_future *future;
    brood_reader *reader;
    int first, second, third;
};

static int wait_thrice(void *arg)
{
    struct waiter *waiter = arg;
    brood_slice line;
    waiter->first = waiter->future != NULL
                        ? brood_future_wait(waiter->future, NULL, test_deadline())
                        : (int)brood_reader_readline(waiter->reader, &line, test_deadline());
    waiter->second = brood_sleep(NULL, BROOD_NOWAIT);
    waiter->third = brood_sleep(NULL, BROOD_NOWAIT);
    return 0;
}

/* `cancels`: how often, before the closing and after it. */
static void cancel_and_close(struct waiter *waiter, brood_loop *loop, const int cancels[2])
{
    brood_task *task = start(loop, wait_thrice, waiter);
    test_settle(loop);
    for (int i = 0; i < cancels[0]; i++)
        brood_task_cancel(task);
    brood_future_close(waiter->future);
    brood_reader_close(waiter->reader);
    for (int i = 0; i < cancels[1]; i++)
        brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    bool cancelled = cancels[0] + cancels[1] > 0;
    cr_expect_eq(waiter->first, BROOD_ECLOSED, "%s", brood_errname(waiter->first));
    cr_expect_eq(waiter->second, cancelled ? BROOD_ECANCELED : 0, "%d %d", cancels[0], cancels[1]);
    cr_expect_eq(waiter->third, 0, "once, however often");
}

Test(wait_close, a_cancellation_is_not_lost_when_its_object_is_closed)
{
    static const int cancels[][2] = {{0, 0}, {1, 0}, {2, 0}, {0, 1}, {1, 1}};
    brood_loop *loop = test_loop();
    for (size_t i = 0; i < sizeof cancels / sizeof cancels[0]; i++) {
        struct waiter on_future = {.reader = NULL}, on_reader = {.future = NULL};
        cr_assert_eq(brood_future_open(loop, &on_future.future), 0);
        cr_assert_eq(brood_reader_open(loop, 0, &on_reader.reader), 0);
        cancel_and_close(&on_future, loop, cancels[i]);
        cancel_and_close(&on_reader, loop, cancels[i]);
    }
    test_loop_close(loop);
}

/* ---- run_until --------------------------------------------------------------------------- */

static void close_future(void *future)
{
    brood_future_close(future);
}

Test(wait_close, run_until_a_future_that_a_callback_closes)
{
    brood_loop *loop = test_loop();
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    cr_assert_eq(brood_call_soon(loop, close_future, future, NULL), 0);
    cr_expect_eq(brood_loop_run_until(loop, future, test_deadline()), BROOD_ECLOSED);
    test_loop_close(loop);
}

Test(wait_close, run_until_a_future_whose_loop_is_gone)
{
    brood_loop *loop = test_loop(), *other = test_loop();
    brood_future *pending, *done;
    cr_assert_eq(brood_future_open(other, &pending), 0);
    cr_assert_eq(brood_future_open(other, &done), 0);
    cr_assert_eq(brood_future_set(done, 3, NULL), 0);
    test_loop_close(other);
    cr_expect_eq(brood_loop_run_until(loop, pending, BROOD_NOWAIT), BROOD_ECLOSED);
    cr_expect_eq(brood_loop_run_until(loop, done, BROOD_NOWAIT), 3, "what it was set to stays");
    brood_future_close(pending);
    brood_future_close(done);
    test_loop_close(loop);
}

/* ---- oneself ------------------------------------------------------------------------------- */

static int join_own_group(void *arg)
{
    brood_group **group = arg;
    return brood_group_join(*group, NULL, BROOD_NOWAIT) == BROOD_EINVAL ? 0 : -1;
}

Test(wait_close, a_member_cannot_join_its_own_group)
{
    brood_loop *loop = test_loop();
    brood_group *group;
    int result = 99;
    cr_assert_eq(brood_group_open(loop, 0, &group), 0);
    cr_assert_eq(brood_group_start(group, join_own_group, &group), 0);
    cr_assert_eq(brood_group_join(group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    test_loop_close(loop);
}

static int join_the_other_group(void *arg)
{
    brood_group **group = arg;
    return brood_group_join(*group, NULL, test_deadline());
}

Test(wait_close, a_member_may_join_another_group)
{
    brood_loop *loop = test_loop();
    brood_group *group, *other;
    int result = 99;
    cr_assert_eq(brood_group_open(loop, 0, &group), 0);
    cr_assert_eq(brood_group_open(loop, 0, &other), 0);
    cr_assert_eq(brood_group_start(group, join_the_other_group, &other), 0);
    cr_assert_eq(brood_group_join(group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    test_loop_close(loop);
}
