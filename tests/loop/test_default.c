/* The thread's own loop, and what NULL stands for as a loop. */
#include "fake_host.h"
#include "support.h"

SUITE(default);

static brood_loop *default_loop(void)
{
    brood_loop *loop = NULL;
    cr_assert_eq(brood_loop_default(&loop), 0);
    cr_assert_not_null(loop);
    return loop;
}

/* ---- making ---------------------------------------------------------------------- */

Test(default, is_made_at_first_use_and_stays_the_same)
{
    int before = test_count_descriptors();
    brood_loop_stop(NULL); /* not made only to be stopped */
    cr_assert_eq(test_count_descriptors(), before);
    brood_loop *loop = default_loop();
    cr_expect_gt(test_count_descriptors(), before);
    cr_expect_eq(default_loop(), loop);
    cr_expect_eq(brood_loop_default(NULL), BROOD_EINVAL);
    test_loop_close(loop);
}

Test(default, once_closed_the_next_use_makes_a_new_one)
{
    for (int i = 0; i < 3; i++) {
        int calls = 0, before = test_count_descriptors();
        brood_loop *loop = default_loop();
        cr_assert_eq(brood_call_soon(loop, host_count, &calls, NULL), 0);
        cr_assert_eq(brood_loop_step(NULL, BROOD_NOWAIT), 0);
        cr_expect_eq(calls, 1);
        test_loop_close(loop);
        cr_expect_eq(test_count_descriptors(), before);
    }
}

Test(default, an_ordinary_loop_is_none)
{
    brood_loop *loop = test_loop(), *mine = default_loop();
    cr_expect_neq(loop, mine);
    test_loop_close(loop);
    cr_expect_eq(default_loop(), mine, "closing the other has changed nothing");
    test_loop_close(mine);
}

Test(default, that_cannot_be_made_fails_what_asked_for_it)
{
    brood_loop *loop = NULL;
    brood_task *task = NULL;
    test_fail_allocation(1, true);
    cr_expect_eq(brood_loop_default(&loop), BROOD_ENOMEM);
    cr_expect_eq(brood_sleep(NULL, BROOD_NOWAIT), BROOD_ENOMEM);
    cr_expect_eq(brood_task_start(NULL, NULL, NULL, &task), BROOD_ENOMEM);
    cr_expect_eq(brood_loop_run(NULL), BROOD_ENOMEM);
    cr_expect_eq(brood_loop_fd(NULL), -1);
    test_fail_allocation(0, false);
    cr_expect_null(loop);
    cr_expect_null(task);
    cr_expect_eq(brood_sleep(NULL, BROOD_NOWAIT), 0, "the next try works");
    test_loop_close(default_loop());
}

/* ---- what NULL is ------------------------------------------------------------------- */

static int give_two(void *arg)
{
    return arg == NULL ? 2 : 0;
}

Test(default, null_is_the_threads_own_at_rest)
{
    brood_loop *loop = default_loop();
    brood_task *task;
    brood_group *group;
    brood_future *future;
    int calls = 0, result = 99;
    cr_assert_eq(brood_call_soon(NULL, host_count, &calls, NULL), 0);
    cr_assert_eq(brood_call_at(NULL, BROOD_NOWAIT, host_count, &calls, NULL), 0);
    cr_assert_eq(brood_call_soon_threadsafe(NULL, host_count, &calls), 0);
    cr_expect_eq(brood_loop_next(NULL), BROOD_NOWAIT);
    cr_expect_eq(brood_loop_fd(NULL), brood_loop_fd(loop));
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_expect_eq(calls, 3);
    cr_assert_eq(brood_task_start(NULL, give_two, NULL, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 2);
    cr_assert_eq(brood_group_open(NULL, 1, &group), 0);
    cr_assert_eq(brood_group_start(group, give_two, NULL), 0);
    cr_assert_eq(brood_group_join(group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    cr_assert_eq(brood_future_open(NULL, &future), 0);
    cr_expect_eq(brood_future_wait(future, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_loop_run_until(NULL, future, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    brood_future_close(future);
    cr_assert_eq(brood_call_soon(NULL, host_stop, NULL, NULL), 0);
    cr_expect_eq(brood_loop_run(NULL), 0);
    test_loop_close(loop);
}

/* Of a loop that is not the default one; none is made. */
struct inside {
    brood_loop *loop;
    int descriptors, calls, slept;
};

static int use_null(void *arg)
{
    struct inside *inside = arg;
    cr_expect_eq(brood_call_soon(NULL, host_count, &inside->calls, NULL), 0);
    cr_expect_eq(brood_task_start(NULL, give_two, NULL, NULL), 0);
    cr_expect_eq(brood_loop_fd(NULL), brood_loop_fd(inside->loop));
    cr_expect_eq(brood_loop_run(NULL), BROOD_EBUSY);
    inside->slept = brood_sleep(NULL, BROOD_NOWAIT);
    cr_expect_eq(test_count_descriptors(), inside->descriptors);
    brood_loop_stop(NULL);
    return 0;
}

static void use_null_in_callback(void *arg)
{
    use_null(arg);
}

Test(default, null_inside_a_task_is_the_loop_that_runs)
{
    struct inside inside = {.loop = test_loop(), .slept = 99};
    inside.descriptors = test_count_descriptors();
    cr_assert_eq(brood_task_start(inside.loop, use_null, &inside, NULL), 0);
    cr_expect_eq(brood_loop_run(inside.loop), 0);
    cr_expect_eq(inside.slept, 0);
    cr_expect_eq(inside.calls, 1);
    test_loop_close(inside.loop);
}

Test(default, null_inside_a_callback_is_the_loop_that_runs)
{
    struct inside inside = {.loop = test_loop(), .slept = 99};
    inside.descriptors = test_count_descriptors();
    cr_assert_eq(brood_call_soon(inside.loop, use_null_in_callback, &inside, NULL), 0);
    cr_expect_eq(brood_loop_run(inside.loop), 0);
    cr_expect_eq(inside.slept, BROOD_EWAIT);
    test_settle(inside.loop);
    cr_expect_eq(inside.calls, 1);
    test_loop_close(inside.loop);
}

static void step_the_inner(void *arg)
{
    struct inside *inside = arg;
    cr_assert_eq(brood_loop_step(inside->loop, BROOD_NOWAIT), 0);
    cr_expect_eq(brood_call_soon(NULL, host_count, &inside->calls, NULL), 0,
                 "the outer one runs again");
}

Test(default, null_is_the_innermost_of_those_that_run)
{
    brood_loop *outer = test_loop();
    struct inside inside = {.loop = test_loop(), .slept = 99};
    inside.descriptors = test_count_descriptors();
    cr_assert_eq(brood_call_soon(inside.loop, use_null_in_callback, &inside, NULL), 0);
    cr_assert_eq(brood_call_soon(outer, step_the_inner, &inside, NULL), 0);
    cr_assert_eq(brood_loop_step(outer, BROOD_NOWAIT), 0);
    cr_expect_eq(inside.slept, BROOD_EWAIT);
    cr_expect_eq(inside.calls, 0);
    cr_assert_eq(brood_loop_step(outer, BROOD_NOWAIT), 0);
    cr_expect_eq(inside.calls, 1);
    cr_assert_eq(brood_loop_step(inside.loop, BROOD_NOWAIT), 0);
    cr_expect_eq(inside.calls, 2);
    test_loop_close(inside.loop);
    test_loop_close(outer);
}

/* ---- threads ------------------------------------------------------------------------- */

struct thread {
    brood_loop *mains, *own, *again;
    int error, slept;
};

static int sleep_for_ever(void *arg)
{
    struct thread *thread = arg;
    thread->slept = brood_sleep(NULL, BROOD_FOREVER);
    return 0;
}

static void *use_own_loop(void *arg)
{
    struct thread *thread = arg;
    thread->error = brood_loop_default(&thread->own);
    if (thread->error == 0)
        thread->error = brood_task_start(NULL, sleep_for_ever, thread, NULL);
    if (thread->error == 0)
        thread->error = brood_sleep(NULL, BROOD_NOWAIT);
    brood_loop_default(&thread->again);
    return NULL;
}

static void run_thread(void *(*body)(void *), struct thread *thread)
{
    test_thread_join(test_thread_start(body, thread));
}

Test(default, each_thread_has_its_own_which_ends_with_it)
{
    brood_loop *mains = default_loop();
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    struct thread thread = {.error = 99, .slept = 99};
    run_thread(use_own_loop, &thread);
    cr_expect_eq(thread.error, 0);
    cr_expect_not_null(thread.own);
    cr_expect_neq(thread.own, mains);
    cr_expect_eq(thread.own, thread.again);
    cr_expect_eq(thread.slept, BROOD_ECANCELED, "it was closed in order, with its tasks");
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), allocations);
    cr_expect_eq(default_loop(), mains);
    test_loop_close(mains);
}

static void *close_own_loop(void *arg)
{
    struct thread *thread = arg;
    use_own_loop(arg);
    thread->error = brood_loop_close(thread->own);
    return NULL;
}

Test(default, a_thread_may_close_its_own_before)
{
    struct thread thread = {.error = 99, .slept = 99};
    run_thread(close_own_loop, &thread);
    cr_expect_eq(thread.error, 0);
    cr_expect_eq(thread.slept, BROOD_ECANCELED);
}

/* A loop at rest may go over to another thread, which may also end it. */
static void *close_mains_loop(void *arg)
{
    struct thread *thread = arg;
    thread->error = brood_loop_default(&thread->own);
    if (thread->error == 0)
        thread->error = brood_loop_close(thread->mains);
    brood_loop_default(&thread->again);
    brood_loop_close(thread->again);
    return NULL;
}

Test(default, closing_that_of_another_thread_leaves_ones_own)
{
    struct thread thread = {.mains = default_loop(), .error = 99};
    run_thread(close_mains_loop, &thread);
    cr_expect_eq(thread.error, 0);
    cr_expect_eq(thread.again, thread.own);
}
