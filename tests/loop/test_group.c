/* Groups: how many of their tasks run at a time, how the first failure ends them
 * all, and what their join gives. */
#include "fake_host.h"
#include "support.h"

SUITE(group);

static brood_loop *loop;
static brood_group *group;

static void open_group(size_t width)
{
    loop = test_loop();
    cr_assert_eq(brood_group_open(loop, width, &group), 0);
}

static int join_group(void)
{
    int result = 99;
    cr_assert_eq(brood_group_join(group, &result, test_deadline()), 0);
    return result;
}

/* ---- width ------------------------------------------------------------------------ */

static int running, most, ended;

/* A few rounds, another number for each. */
static int take_rounds(void *rounds)
{
    if (++running > most)
        most = running;
    for (int left = *(int *)rounds; left > 0; left--)
        if (brood_sleep(loop, BROOD_NOWAIT) != 0)
            return -1;
    running--;
    ended++;
    return 0;
}

static void run_many(size_t width, int count)
{
    static int rounds[] = {3, 1, 4, 7, 2};
    open_group(width);
    running = most = ended = 0;
    for (int i = 0; i < count; i++)
        cr_assert_eq(brood_group_start(group, take_rounds, &rounds[i % 5]), 0);
    cr_expect_eq(join_group(), 0);
    cr_expect_eq(ended, count);
    test_loop_close(loop);
}

Test(group, no_more_than_its_width_run_at_a_time)
{
    for (int width = 1; width <= 4; width++) {
        run_many((size_t)width, 40);
        cr_expect_eq(most, width);
    }
}

Test(group, width_zero_is_no_bound)
{
    run_many(0, 40);
    cr_expect_eq(most, 40);
}

struct starter {
    int count, started, error;
};

static int start_many(void *arg)
{
    static int rounds[] = {2, 5, 0};
    struct starter *starter = arg;
    while (starter->started < starter->count && starter->error == 0) {
        starter->error = brood_group_start(group, take_rounds, &rounds[starter->started % 3]);
        starter->started += starter->error == 0;
    }
    return 0;
}

Test(group, several_tasks_wait_for_room)
{
    open_group(2);
    struct starter starters[3] = {{.count = 10}, {.count = 10}, {.count = 10}};
    brood_task *tasks[3];
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_task_start(loop, start_many, &starters[i], &tasks[i]), 0);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(brood_task_join(tasks[i], NULL, test_deadline()), 0);
        cr_expect_eq(starters[i].error, 0);
        cr_expect_eq(starters[i].started, 10);
    }
    cr_expect_eq(join_group(), 0);
    cr_expect_eq(most, 2);
    cr_expect_eq(ended, 30);
    test_loop_close(loop);
}

static int start_another(void *arg)
{
    ended++;
    return arg == NULL ? 0 : brood_group_start(group, start_another, NULL);
}

Test(group, a_task_of_it_starts_another_one)
{
    open_group(0);
    cr_assert_eq(brood_group_start(group, start_another, group), 0);
    cr_expect_eq(join_group(), 0);
    cr_expect_eq(ended, 2, "join waits for what is started meanwhile");
    test_loop_close(loop);
}

/* ---- failing ---------------------------------------------------------------------- */

struct member {
    int after; /* rounds before it gives */
    int gives;
    int seen; /* by its wait */
};

static int give_after(void *arg)
{
    struct member *member = arg;
    for (int left = member->after; left > 0 && member->seen == 0; left--)
        member->seen = brood_sleep(loop, BROOD_NOWAIT);
    return member->gives;
}

static int sleep_until_cancelled(void *arg)
{
    struct member *member = arg;
    member->seen = brood_sleep(loop, test_deadline());
    return member->gives;
}

Test(group, the_first_negative_result_wins_and_cancels_the_others)
{
    open_group(0);
    struct member fails = {.after = 2, .gives = -7};
    struct member others[] = {{.gives = -8}, {.gives = 0}, {.gives = 5}};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_group_start(group, sleep_until_cancelled, &others[i]), 0);
    cr_assert_eq(brood_group_start(group, give_after, &fails), 0);
    cr_expect_eq(join_group(), -7);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(others[i].seen, BROOD_ECANCELED);
    test_loop_close(loop);
}

Test(group, results_that_are_not_negative_are_no_failures)
{
    open_group(0);
    struct member members[] = {{.gives = 7}, {.after = 3, .gives = INT32_MAX}, {.after = 1}};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_group_start(group, give_after, &members[i]), 0);
    cr_expect_eq(join_group(), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(members[i].seen, 0);
    test_loop_close(loop);
}

Test(group, once_it_has_failed_nothing_is_started)
{
    open_group(0);
    struct member fails = {.gives = BROOD_EPIPE}, late = {.seen = 99};
    cr_assert_eq(brood_group_start(group, give_after, &fails), 0);
    test_settle(loop);
    cr_expect_eq(brood_group_start(group, sleep_until_cancelled, &late), BROOD_EPIPE);
    cr_expect_eq(brood_group_start(group, sleep_until_cancelled, &late), BROOD_EPIPE);
    test_settle(loop);
    cr_expect_eq(late.seen, 99);
    cr_expect_eq(join_group(), BROOD_EPIPE);
    test_loop_close(loop);
}

Test(group, who_waits_for_room_learns_of_the_failure)
{
    open_group(1);
    struct member fails = {.after = 2, .gives = -5}, late = {.seen = 99};
    cr_assert_eq(brood_group_start(group, give_after, &fails), 0);
    cr_expect_eq(brood_group_start(group, sleep_until_cancelled, &late), -5);
    cr_expect_eq(late.seen, 99);
    cr_expect_eq(join_group(), -5);
    test_loop_close(loop);
}

/* The others are cancelled in their first waits, also those that have not begun. */
Test(group, members_that_have_not_begun_are_cancelled_too)
{
    open_group(0);
    struct member fails = {.gives = -3}, others[2] = {{.gives = 0}, {.gives = 0}};
    cr_assert_eq(brood_group_start(group, give_after, &fails), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_group_start(group, sleep_until_cancelled, &others[i]), 0);
    cr_expect_eq(join_group(), -3);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(others[i].seen, BROOD_ECANCELED);
    test_loop_close(loop);
}

/* ---- cancelling -------------------------------------------------------------------- */

Test(group, cancelling_reaches_every_task)
{
    open_group(0);
    struct member members[3] = {{.gives = 0}, {.gives = 4}, {.gives = -9}};
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_group_start(group, sleep_until_cancelled, &members[i]), 0);
    test_settle(loop);
    brood_group_cancel(group);
    brood_group_cancel(NULL);
    cr_expect_eq(brood_group_start(group, sleep_until_cancelled, &members[0]), BROOD_ECANCELED);
    cr_expect_eq(join_group(), BROOD_ECANCELED, "it came before the -9");
    for (int i = 0; i < 3; i++)
        cr_expect_eq(members[i].seen, BROOD_ECANCELED);
    test_loop_close(loop);
}

Test(group, a_failure_before_the_cancellation_stands)
{
    open_group(0);
    struct member fails = {.gives = -6}, other = {.gives = 0};
    cr_assert_eq(brood_group_start(group, give_after, &fails), 0);
    test_settle(loop);
    brood_group_cancel(group);
    cr_expect_eq(brood_group_start(group, give_after, &other), -6);
    cr_expect_eq(join_group(), -6);
    test_loop_close(loop);
}

static void cancel_group(void *arg)
{
    brood_group_cancel(*(brood_group **)arg);
}

Test(group, who_waits_for_room_learns_of_the_cancellation)
{
    open_group(1);
    struct member first = {.gives = 0}, late = {.seen = 99};
    cr_assert_eq(brood_group_start(group, sleep_until_cancelled, &first), 0);
    brood_call_soon(loop, cancel_group, &group, NULL);
    cr_expect_eq(brood_group_start(group, sleep_until_cancelled, &late), BROOD_ECANCELED);
    cr_expect_eq(join_group(), BROOD_ECANCELED);
    cr_expect_eq(first.seen, BROOD_ECANCELED);
    cr_expect_eq(late.seen, 99);
    test_loop_close(loop);
}

Test(group, one_without_tasks_can_be_cancelled)
{
    open_group(1);
    brood_group_cancel(group);
    cr_expect_eq(join_group(), BROOD_ECANCELED);
    test_loop_close(loop);
}

static int cancel_own_group(void *arg)
{
    struct member *member = arg;
    brood_group_cancel(group);
    member->seen = brood_sleep(loop, BROOD_FOREVER);
    return member->gives;
}

Test(group, a_task_of_it_cancels_it_and_itself)
{
    open_group(0);
    struct member first = {.gives = 0}, other = {.gives = 0};
    cr_assert_eq(brood_group_start(group, sleep_until_cancelled, &other), 0);
    cr_assert_eq(brood_group_start(group, cancel_own_group, &first), 0);
    cr_expect_eq(join_group(), BROOD_ECANCELED);
    cr_expect_eq(first.seen, BROOD_ECANCELED);
    cr_expect_eq(other.seen, BROOD_ECANCELED);
    test_loop_close(loop);
}
