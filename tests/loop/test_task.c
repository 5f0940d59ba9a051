/* Tasks: when they begin, in which order, what they give back, and to whom they
 * belong. */
#include "fake_host.h"
#include "support.h"

SUITE(task);

static brood_loop *loop;
static struct trace trace;

static brood_task *start(brood_task_main *main, void *arg)
{
    brood_task *task = NULL;
    cr_assert_eq(brood_task_start(loop, main, arg, &task), 0);
    cr_assert_not_null(task);
    return task;
}

static void step(void)
{
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
}

static int give(void *number)
{
    return *(int *)number;
}

static int write_word(void *note)
{
    host_note(note);
    return 0;
}

/* The loop keeps a stack for the next task, which on Windows has a record of its own. */
static void open_with_stack(void)
{
    loop = test_loop();
    cr_assert_eq(brood_task_join(start(give, &(int){0}), NULL, test_deadline()), 0);
}

/* ---- beginning ------------------------------------------------------------------ */

static int raise_flag(void *flag)
{
    *(bool *)flag = true;
    return 0;
}

Test(task, begins_in_the_next_round_and_not_before)
{
    loop = test_loop();
    bool begun = false;
    brood_task *task = start(raise_flag, &begun);
    cr_expect_not(begun);
    cr_expect_eq(brood_loop_next(loop), BROOD_NOWAIT);
    step();
    cr_expect(begun);
    cr_assert_eq(brood_task_join(task, NULL, BROOD_NOWAIT), 0);
    test_loop_close(loop);
}

static void start_one(void *flag)
{
    cr_expect_eq(brood_task_start(loop, raise_flag, flag, NULL), 0);
    cr_expect_not(*(bool *)flag);
}

Test(task, one_that_a_callback_starts_waits_for_the_next_round)
{
    loop = test_loop();
    bool begun = false;
    brood_call_soon(loop, start_one, &begun, NULL);
    step();
    cr_expect_not(begun);
    step();
    cr_expect(begun);
    test_loop_close(loop);
}

static int start_one_and_end(void *flag)
{
    start_one(flag);
    return 0;
}

Test(task, one_that_a_task_starts_waits_for_the_next_round)
{
    loop = test_loop();
    bool begun = false;
    brood_task *task = start(start_one_and_end, &begun);
    step();
    cr_expect_not(begun);
    step();
    cr_expect(begun);
    cr_assert_eq(brood_task_join(task, NULL, BROOD_NOWAIT), 0);
    test_loop_close(loop);
}

static int write_and_start_two(void *arg)
{
    struct note *notes = arg;
    host_note(&notes[1]);
    brood_task_start(loop, write_word, &notes[4], NULL);
    brood_task_start(loop, write_word, &notes[5], NULL);
    return 0;
}

Test(task, begin_in_the_order_of_their_starts)
{
    loop = test_loop();
    struct note notes[] = {{&trace, "a"}, {&trace, "b"}, {&trace, "c"},
                           {&trace, "d"}, {&trace, "e"}, {&trace, "f"}};
    brood_task_start(loop, write_word, &notes[0], NULL);
    brood_task_start(loop, write_and_start_two, notes, NULL);
    brood_task_start(loop, write_word, &notes[2], NULL);
    brood_call_soon(loop, host_note, &notes[3], NULL);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a b c d e f");
    test_loop_close(loop);
}

/* ---- joining --------------------------------------------------------------------- */

Test(task, its_result_is_what_main_returns)
{
    static int numbers[] = {0, 7, -1, INT32_MAX, INT32_MIN, BROOD_ETIMEDOUT};
    loop = test_loop();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int result = 99;
        brood_task *task = start(give, &numbers[i]);
        cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
        cr_expect_eq(result, numbers[i]);
    }
    test_loop_close(loop);
}

Test(task, the_result_need_not_be_asked_for)
{
    open_with_stack();
    size_t before = test_live_allocations();
    brood_task *task = start(give, &(int){5});
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(test_live_allocations(), before, "joining has freed it");
    test_loop_close(loop);
}

static int sleep_until(void *deadline)
{
    return brood_sleep(loop, *(brood_time *)deadline);
}

static int await(void *future)
{
    return brood_future_wait(future, NULL, BROOD_FOREVER);
}

Test(task, joining_may_be_repeated_after_a_deadline)
{
    loop = test_loop();
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    brood_task *task = start(await, future);
    int result = 99;
    cr_expect_eq(brood_task_join(task, &result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_task_join(task, &result, brood_now() - 1), BROOD_ETIMEDOUT);
    cr_expect_eq(result, 99, "untouched");
    cr_assert_eq(brood_future_set(future, 7, NULL), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 7);
    brood_future_close(future);
    test_loop_close(loop);
}

struct join {
    brood_task *task;
    brood_time deadline;
    int result, error;
};

static int join(void *arg)
{
    struct join *joined = arg;
    joined->error = brood_task_join(joined->task, &joined->result, joined->deadline);
    return joined->error;
}

static void join_in_callback(void *arg)
{
    join(arg);
}

Test(task, a_task_joins_another)
{
    loop = test_loop();
    brood_time wake_up = brood_in(0.005);
    struct join joined = {.deadline = test_deadline(), .result = 99};
    joined.task = start(sleep_until, &wake_up);
    brood_task *joiner = start(join, &joined);
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, 0);
    test_loop_close(loop);
}

Test(task, a_callback_joins_only_what_has_ended)
{
    loop = test_loop();
    struct join joined = {.deadline = BROOD_NOWAIT, .result = 99};
    brood_call_soon(loop, join_in_callback, &joined, NULL);
    joined.task = start(give, &(int){3});
    step();
    cr_expect_eq(joined.error, BROOD_EWAIT);
    cr_expect_eq(joined.result, 99);
    brood_call_soon(loop, join_in_callback, &joined, NULL);
    step();
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, 3);
    test_loop_close(loop);
}

Test(task, only_one_may_wait_for_it)
{
    loop = test_loop();
    brood_time never = BROOD_FOREVER;
    struct join first = {.task = start(sleep_until, &never), .deadline = test_deadline()};
    brood_task *joiner = start(join, &first);
    step();
    step();
    cr_expect_eq(brood_task_join(first.task, NULL, BROOD_NOWAIT), BROOD_EBUSY);
    brood_task_cancel(first.task);
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(first.error, 0, "the first one's wait was not disturbed");
    cr_expect_eq(first.result, BROOD_ECANCELED);
    test_loop_close(loop);
}

Test(task, a_join_that_has_timed_out_leaves_room_for_another)
{
    loop = test_loop();
    brood_time never = BROOD_FOREVER;
    struct join first = {.task = start(sleep_until, &never), .deadline = BROOD_NOWAIT};
    brood_task *joiner = start(join, &first);
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(first.error, BROOD_ETIMEDOUT);
    cr_expect_eq(brood_task_join(first.task, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT, "not EBUSY");
    brood_task_cancel(first.task);
    cr_assert_eq(brood_task_join(first.task, NULL, test_deadline()), 0);
    test_loop_close(loop);
}

Test(task, nobody_joins_himself)
{
    loop = test_loop();
    struct join joined = {.deadline = BROOD_FOREVER, .result = 99};
    brood_task *task = start(join, &joined);
    joined.task = task;
    int result = 0;
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, BROOD_EINVAL);
    cr_expect_eq(joined.result, 99);
    test_loop_close(loop);
}

Test(task, wrong_arguments_are_refused)
{
    loop = test_loop();
    brood_task *task = NULL;
    int result = 99;
    cr_expect_eq(brood_task_start(loop, NULL, NULL, &task), BROOD_EINVAL);
    cr_expect_null(task);
    cr_expect_eq(brood_task_start(loop, NULL, NULL, NULL), BROOD_EINVAL);
    cr_expect_eq(brood_task_join(NULL, &result, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(result, 99);
    brood_task_cancel(NULL);
    brood_task_detach(NULL);
    test_loop_close(loop);
}

/* ---- detaching -------------------------------------------------------------------- */

Test(task, without_an_owner_it_frees_itself)
{
    open_with_stack();
    size_t before = test_live_allocations();
    struct note note = {&trace, "ran"};
    cr_assert_eq(brood_task_start(loop, write_word, &note, NULL), 0);
    cr_expect_gt(test_live_allocations(), before);
    step();
    cr_expect_str_eq(trace.text, "ran");
    cr_expect_eq(test_live_allocations(), before);
    test_loop_close(loop);
}

Test(task, detached_while_it_waits_it_frees_itself_at_its_end)
{
    open_with_stack();
    size_t before = test_live_allocations();
    brood_time never = BROOD_FOREVER;
    brood_task *task = start(sleep_until, &never);
    step();
    brood_task_detach(task);
    cr_expect_eq(brood_task_join(task, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    brood_task_detach(task);
    step();
    cr_expect_gt(test_live_allocations(), before);
    brood_task_cancel(task);
    step();
    cr_expect_eq(test_live_allocations(), before);
    test_loop_close(loop);
}

Test(task, detached_after_its_end_it_is_gone_at_once)
{
    open_with_stack();
    size_t before = test_live_allocations();
    brood_task *task = start(give, &(int){1});
    step();
    cr_expect_gt(test_live_allocations(), before);
    brood_task_detach(task);
    cr_expect_eq(test_live_allocations(), before);
    test_loop_close(loop);
}

static int detach_itself(void *arg)
{
    brood_task_detach(*(brood_task **)arg);
    return 4;
}

Test(task, one_may_detach_itself)
{
    open_with_stack();
    size_t before = test_live_allocations();
    brood_task *task = start(detach_itself, &task);
    step();
    cr_expect_eq(test_live_allocations(), before);
    test_loop_close(loop);
}

Test(task, detaching_does_nothing_while_somebody_waits_for_it)
{
    loop = test_loop();
    brood_time never = BROOD_FOREVER;
    struct join joined = {.task = start(sleep_until, &never), .deadline = test_deadline()};
    brood_task *joiner = start(join, &joined);
    step();
    brood_task_detach(joined.task);
    brood_task_cancel(joined.task);
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, BROOD_ECANCELED);
    test_loop_close(loop);
}
