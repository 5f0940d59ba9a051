/* Waiting for futures: many waiters, what they get, and futures that are closed or
 * outlive their loop while somebody waits. */
#include "fake_host.h"
#include "support.h"

SUITE(future_wait);

static brood_loop *loop;
static brood_future *future;

static void open_all(void)
{
    loop = test_loop();
    cr_assert_eq(brood_future_open(loop, &future), 0);
}

struct waiter {
    brood_task *task;
    int status;
    void *value;
    bool over;
    int place; /* in the order of going on */
};

static int places;

static int wait_for_it(void *arg)
{
    struct waiter *waiter = arg;
    waiter->status = brood_future_wait(future, &waiter->value, test_deadline());
    waiter->over = true;
    waiter->place = places++;
    return waiter->status;
}

static void start_waiters(struct waiter *waiters, int count)
{
    for (int i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.value = &waiters[i]};
        cr_assert_eq(brood_task_start(loop, wait_for_it, &waiters[i], &waiters[i].task), 0);
    }
    test_settle(loop);
    for (int i = 0; i < count; i++)
        cr_assert_not(waiters[i].over);
}

static void expect_all(struct waiter *waiters, int count, int status, void *value)
{
    for (int i = 0; i < count; i++) {
        int result = 99;
        cr_assert_eq(brood_task_join(waiters[i].task, &result, test_deadline()), 0);
        cr_expect_eq(result, status);
        cr_expect_eq(waiters[i].status, status);
        cr_expect_eq(waiters[i].value, value == NULL ? (void *)&waiters[i] : value);
    }
}

enum { COUNT = 100 };

static struct waiter waiters[COUNT];

Test(future_wait, everybody_gets_the_status_and_the_value)
{
    int value;
    open_all();
    start_waiters(waiters, COUNT);
    cr_assert_eq(brood_future_set(future, 12, &value), 0);
    for (int i = 0; i < COUNT; i++)
        cr_assert_not(waiters[i].over, "nobody goes on inside the call");
    expect_all(waiters, COUNT, 12, &value);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(future_wait, a_failure_is_a_status_like_any_other)
{
    static const int failures[] = {BROOD_EPIPE, BROOD_ETIMEDOUT, BROOD_ECANCELED, BROOD_EWAIT};
    for (int i = 0; i < 4; i++) {
        int value;
        open_all();
        start_waiters(waiters, 3);
        cr_assert_eq(brood_future_set(future, failures[i], &value), 0);
        expect_all(waiters, 3, failures[i], &value);
        void *got = NULL;
        cr_expect_eq(brood_future_wait(future, &got, BROOD_NOWAIT), failures[i]);
        cr_expect_eq(got, &value);
        brood_future_close(future);
        test_loop_close(loop);
    }
}

static void wait_in_callback(void *waiter)
{
    wait_for_it(waiter);
}

Test(future_wait, one_that_is_done_answers_at_once_everywhere)
{
    int value;
    struct waiter inside = {.status = 99}, task = {.status = 99};
    void *got = NULL;
    open_all();
    cr_assert_eq(brood_future_set(future, 3, &value), 0);
    int calls = 0;
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_expect_eq(brood_future_wait(future, &got, BROOD_FOREVER), 3);
    cr_expect_eq(got, &value);
    cr_expect_eq(brood_future_wait(future, NULL, BROOD_FOREVER), 3);
    cr_expect_eq(calls, 0, "no round was made");
    brood_call_soon(loop, wait_in_callback, &inside, NULL);
    brood_task_start(loop, wait_for_it, &task, NULL);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_expect_eq(inside.status, 3);
    cr_expect_eq(task.status, 3);
    cr_expect(inside.value == &value && task.value == &value);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(future_wait, waiters_go_on_in_the_next_round_in_the_order_in_which_they_came)
{
    int value;
    open_all();
    start_waiters(waiters, COUNT);
    brood_future_set(future, 0, &value);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_expect_eq(places, COUNT);
    for (int i = 0; i < COUNT; i++)
        cr_expect_eq(waiters[i].place, i);
    expect_all(waiters, COUNT, 0, &value);
    brood_future_close(future);
    test_loop_close(loop);
}

static int set_by_task(void *value)
{
    return brood_future_set(future, 21, value);
}

Test(future_wait, a_task_sets_it_for_others_and_for_those_outside)
{
    int value;
    void *got = NULL;
    open_all();
    start_waiters(waiters, 5);
    cr_assert_eq(brood_task_start(loop, set_by_task, &value, NULL), 0);
    cr_expect_eq(brood_future_wait(future, &got, test_deadline()), 21);
    cr_expect_eq(got, &value);
    expect_all(waiters, 5, 21, &value);
    brood_future_close(future);
    test_loop_close(loop);
}

/* ---- the value of one that was set to NULL, or is not asked for ------------------- */

Test(future_wait, its_value_may_be_null)
{
    int something;
    void *value = &something;
    open_all();
    brood_future_set(future, 0, NULL);
    cr_expect_eq(brood_future_wait(future, &value, BROOD_NOWAIT), 0);
    cr_expect_null(value);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(future_wait, wrong_arguments_are_refused)
{
    int something;
    void *value = &something;
    cr_expect_eq(brood_future_wait(NULL, &value, BROOD_FOREVER), BROOD_EINVAL);
    cr_expect_eq(value, &something);
}

/* ---- the end of the future --------------------------------------------------------- */

Test(future_wait, closed_meanwhile_everybody_gets_to_know)
{
    open_all();
    start_waiters(waiters, COUNT);
    brood_future_close(future);
    expect_all(waiters, COUNT, BROOD_ECLOSED, NULL);
    test_loop_close(loop);
}

/* They had been woken with a result, which has gone with the future. */
Test(future_wait, closed_right_after_it_was_set_it_is_closed)
{
    open_all();
    start_waiters(waiters, 5);
    brood_future_set(future, 4, NULL);
    brood_future_close(future);
    expect_all(waiters, 5, BROOD_ECLOSED, NULL);
    test_loop_close(loop);
}

static void close_it(void *arg)
{
    (void)arg;
    brood_future_close(future);
}

Test(future_wait, closed_under_a_wait_outside)
{
    int something;
    void *value = &something;
    open_all();
    brood_call_soon(loop, close_it, NULL, NULL);
    cr_expect_eq(brood_future_wait(future, &value, test_deadline()), BROOD_ECLOSED);
    cr_expect_eq(value, &something);
    test_loop_close(loop);
}

static int close_after_wait(void *arg)
{
    wait_for_it(arg);
    brood_future_close(future);
    return 0;
}

/* The first to go on closes it under the others. */
Test(future_wait, a_waiter_that_closes_it_takes_it_from_the_others)
{
    struct waiter first = {.status = 99}, second = {.status = 99}, before = {.status = 99};
    open_all();
    cr_assert_eq(brood_task_start(loop, wait_for_it, &before, NULL), 0);
    cr_assert_eq(brood_task_start(loop, close_after_wait, &first, NULL), 0);
    cr_assert_eq(brood_task_start(loop, wait_for_it, &second, NULL), 0);
    test_settle(loop);
    brood_future_set(future, 6, NULL);
    test_settle(loop);
    cr_expect_eq(before.status, 6);
    cr_expect_eq(first.status, 6);
    cr_expect_eq(second.status, BROOD_ECLOSED);
    test_loop_close(loop);
}

static int wait_and_time_out(void *arg)
{
    struct waiter *waiter = arg;
    waiter->status = brood_future_wait(future, &waiter->value, BROOD_NOWAIT);
    return waiter->status;
}

Test(future_wait, one_whose_waiters_have_given_up_can_be_closed)
{
    int result = 99;
    open_all();
    start_waiters(waiters, 3);
    for (int i = 0; i < 3; i++)
        brood_task_cancel(waiters[i].task);
    struct waiter late = {.value = NULL};
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, wait_and_time_out, &late, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, BROOD_ETIMEDOUT);
    expect_all(waiters, 3, BROOD_ECANCELED, NULL);
    brood_future_close(future);
    test_loop_close(loop);
}

/* ---- the end of the loop ------------------------------------------------------------ */

Test(future_wait, after_the_end_of_its_loop_nobody_can_wait)
{
    int value;
    void *got = &value;
    open_all();
    test_loop_close(loop);
    cr_expect_eq(brood_future_wait(future, &got, BROOD_FOREVER), BROOD_ECLOSED);
    cr_expect_eq(brood_future_wait(future, &got, BROOD_NOWAIT), BROOD_ECLOSED);
    cr_expect_eq(got, &value);
    cr_assert_eq(brood_future_set(future, 9, NULL), 0);
    cr_expect_eq(brood_future_wait(future, &got, BROOD_FOREVER), 9);
    cr_expect_null(got);
    brood_future_close(future);
}

Test(future_wait, those_who_wait_at_the_end_of_the_loop_are_cancelled)
{
    open_all();
    start_waiters(waiters, 3);
    test_loop_close(loop);
    for (int i = 0; i < 3; i++) {
        cr_expect(waiters[i].over);
        cr_expect_eq(waiters[i].status, BROOD_ECANCELED);
    }
    cr_assert_eq(brood_future_set(future, 1, NULL), 0, "it lives on");
    cr_expect_eq(brood_future_result(future, NULL), 1);
    brood_future_close(future);
}
