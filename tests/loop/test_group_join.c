/* Joining a group: from a task and from outside, with deadlines, and what becomes
 * of those who still wait for room; groups of a loop that is closed. */
#include "fake_host.h"
#include "support.h"

SUITE(group_join);

static brood_loop *loop;
static brood_group *group;

static void open_group(size_t width)
{
    loop = test_loop();
    cr_assert_eq(brood_group_open(loop, width, &group), 0);
}

static int wait_for(void *future)
{
    return brood_future_wait(future, NULL, test_deadline());
}

static brood_future *open_future(void)
{
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    return future;
}

Test(group_join, an_empty_group_is_over_at_once)
{
    size_t before;
    int result = 99;
    open_group(3);
    cr_expect_eq(brood_group_join(group, &result, BROOD_NOWAIT), 0);
    cr_expect_eq(result, 0);
    before = test_live_allocations();
    cr_assert_eq(brood_group_open(loop, 0, &group), 0);
    cr_expect_eq(brood_group_join(group, NULL, BROOD_FOREVER), 0);
    cr_expect_eq(test_live_allocations(), before, "joining has freed it");
    test_loop_close(loop);
}

Test(group_join, may_be_repeated_after_a_deadline)
{
    open_group(0);
    brood_future *future = open_future();
    int result = 99;
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_expect_eq(brood_group_join(group, &result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_group_join(group, &result, brood_in(0.002)), BROOD_ETIMEDOUT);
    cr_expect_eq(result, 99, "untouched");
    brood_future_set(future, 1, NULL);
    cr_expect_eq(brood_group_join(group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(group_join, after_a_deadline_more_can_be_started)
{
    open_group(2);
    brood_future *future = open_future();
    int result = 99;
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_expect_eq(brood_group_join(group, &result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    brood_future_set(future, -4, NULL);
    cr_expect_eq(brood_group_join(group, &result, test_deadline()), 0);
    cr_expect_eq(result, -4);
    brood_future_close(future);
    test_loop_close(loop);
}

/* Each end is a waking, and none of them prolongs the wait. */
static int sleep_rounds(void *rounds)
{
    for (int left = *(int *)rounds; left > 0; left--)
        brood_sleep(loop, BROOD_NOWAIT);
    return 0;
}

struct join {
    brood_time deadline;
    int error, result;
};

static int join(void *arg)
{
    struct join *joined = arg;
    joined->error = brood_group_join(group, &joined->result, joined->deadline);
    return 0;
}

static void join_in_callback(void *arg)
{
    join(arg);
}

Test(group_join, ends_at_its_deadline_while_tasks_go_on_ending)
{
    static int rounds[20];
    open_group(0);
    for (int i = 0; i < 20; i++) {
        rounds[i] = i;
        cr_assert_eq(brood_group_start(group, sleep_rounds, &rounds[i]), 0);
    }
    struct join joined = {.deadline = BROOD_NOWAIT, .result = 99};
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, join, &joined, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(joined.error, BROOD_ETIMEDOUT);
    cr_expect_eq(brood_group_join(group, &joined.result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(joined.result, 99);
    cr_assert_eq(brood_group_join(group, &joined.result, test_deadline()), 0);
    cr_expect_eq(joined.result, 0);
    test_loop_close(loop);
}

Test(group_join, only_one_may_wait)
{
    open_group(0);
    brood_future *future = open_future();
    struct join joined = {.deadline = test_deadline(), .result = 99};
    brood_task *task;
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_assert_eq(brood_task_start(loop, join, &joined, &task), 0);
    test_settle(loop);
    cr_expect_eq(brood_group_join(group, NULL, BROOD_NOWAIT), BROOD_EBUSY);
    brood_future_set(future, 0, NULL);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, 0);
    brood_future_close(future);
    test_loop_close(loop);
}

static void start_in_callback(void *arg)
{
    struct join *started = arg;
    started->error = brood_group_start(group, wait_for, NULL);
}

Test(group_join, callbacks_may_do_what_needs_no_waiting)
{
    open_group(1);
    struct join started = {.error = 99}, full = {.error = 99}, joined = {.result = 99};
    brood_call_soon(loop, start_in_callback, &started, NULL);
    brood_call_soon(loop, start_in_callback, &full, NULL);
    brood_call_soon(loop, join_in_callback, &joined, NULL);
    test_settle(loop);
    cr_expect_eq(started.error, 0);
    cr_expect_eq(full.error, BROOD_EWAIT);
    cr_expect_eq(joined.error, BROOD_EWAIT);
    cr_expect_eq(joined.result, 99);
    brood_call_soon(loop, join_in_callback, &joined, NULL);
    test_settle(loop);
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, BROOD_EINVAL, "waiting for the future NULL");
    test_loop_close(loop);
}

static int start_one_more(void *future)
{
    return brood_group_start(group, wait_for, future);
}

/* The group is over when the last of its tasks has ended: the joiner is the first to
 * hear of it. */
Test(group_join, who_waits_for_room_when_it_is_joined_finds_it_closed)
{
    open_group(1);
    brood_future *future = open_future();
    struct join joined = {.deadline = test_deadline(), .result = 99};
    brood_task *joiner, *starter;
    int result = 99;
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_assert_eq(brood_task_start(loop, join, &joined, &joiner), 0);
    cr_assert_eq(brood_task_start(loop, start_one_more, future, &starter), 0);
    test_settle(loop);
    brood_future_set(future, 0, NULL);
    cr_assert_eq(brood_task_join(starter, &result, test_deadline()), 0);
    cr_expect_eq(result, BROOD_ECLOSED);
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(joined.error, 0);
    cr_expect_eq(joined.result, 0);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(group_join, who_waited_for_room_first_still_gets_it)
{
    open_group(1);
    brood_future *future = open_future();
    struct join joined = {.deadline = test_deadline(), .result = 99};
    brood_task *joiner, *starter;
    int result = 99;
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_assert_eq(brood_task_start(loop, start_one_more, future, &starter), 0);
    cr_assert_eq(brood_task_start(loop, join, &joined, &joiner), 0);
    test_settle(loop);
    brood_future_set(future, -2, NULL);
    cr_assert_eq(brood_task_join(starter, &result, test_deadline()), 0);
    cr_expect_eq(result, -2, "the group had failed");
    cr_assert_eq(brood_task_join(joiner, NULL, test_deadline()), 0);
    cr_expect_eq(joined.result, -2);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(group_join, wrong_arguments_are_refused)
{
    open_group(1);
    int result = 99;
    cr_expect_eq(brood_group_open(loop, 1, NULL), BROOD_EINVAL);
    cr_expect_eq(brood_group_start(NULL, wait_for, NULL), BROOD_EINVAL);
    cr_expect_eq(brood_group_start(group, NULL, NULL), BROOD_EINVAL);
    cr_expect_eq(brood_group_join(NULL, &result, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(result, 99);
    cr_expect_eq(brood_group_join(group, &result, BROOD_NOWAIT), 0);
    test_loop_close(loop);
}

/* ---- the end of the loop ------------------------------------------------------------ */

static int member_result;

static int note_result(void *future)
{
    member_result = wait_for(future);
    return member_result;
}

Test(group_join, a_loop_that_is_closed_takes_its_groups_along)
{
    open_group(2);
    brood_future *future = open_future();
    brood_group *empty;
    cr_assert_eq(brood_group_open(loop, 0, &empty), 0);
    cr_assert_eq(brood_group_start(group, note_result, future), 0);
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    test_settle(loop);
    test_loop_close(loop);
    cr_expect_eq(member_result, BROOD_ECANCELED);
    brood_future_close(future);
}

static int start_again_and_again(void *arg)
{
    int *errors = arg;
    for (int i = 0; i < 3; i++)
        errors[i] = brood_group_start(group, wait_for, NULL);
    return 0;
}

/* The member's own failure becomes the group's, before the starter goes on. */
Test(group_join, starters_hear_of_the_closing)
{
    open_group(1);
    brood_future *future = open_future();
    int errors[3] = {0};
    cr_assert_eq(brood_group_start(group, wait_for, future), 0);
    cr_assert_eq(brood_task_start(loop, start_again_and_again, errors, NULL), 0);
    test_settle(loop);
    test_loop_close(loop);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(errors[i], BROOD_ECANCELED);
    brood_future_close(future);
}
