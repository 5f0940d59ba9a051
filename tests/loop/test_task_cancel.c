/* Cancelling a task: one wait of it fails with BROOD_ECANCELED, the present one or
 * else the next, and what it waited for is as before. */
#include "fake_host.h"
#include "support.h"

SUITE(task_cancel);

static brood_loop *loop;
static brood_future *gate;

/* Three waits in a row, and what each gave. */
struct walker {
    int results[3];
    int waits;
    brood_task *cancels_itself;
};

static int walk(void *arg)
{
    struct walker *walker = arg;
    if (walker->cancels_itself != NULL)
        brood_task_cancel(walker->cancels_itself);
    for (int i = 0; i < 3; i++) {
        walker->results[i] = brood_future_wait(gate, NULL, test_deadline());
        walker->waits++;
    }
    return 8;
}

static void open_all(void)
{
    loop = test_loop();
    cr_assert_eq(brood_future_open(loop, &gate), 0);
}

static void close_all(void)
{
    brood_future_close(gate);
    test_loop_close(loop);
}

static brood_task *start(brood_task_main *main, void *arg)
{
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, main, arg, &task), 0);
    return task;
}

static void step(void)
{
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
}

static void join_walker(brood_task *task, int waits_cancelled, const struct walker *walker)
{
    int result = 99, cancelled = 0;
    brood_future_set(gate, 6, NULL);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 8);
    cr_expect_eq(walker->waits, 3);
    for (int i = 0; i < 3; i++) {
        cr_expect(walker->results[i] == 6 || walker->results[i] == BROOD_ECANCELED);
        cancelled += walker->results[i] == BROOD_ECANCELED;
    }
    cr_expect_eq(cancelled, waits_cancelled);
}

/* ---- when ------------------------------------------------------------------------- */

Test(task_cancel, before_its_beginning_the_first_wait_fails)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    brood_task_cancel(task);
    step();
    cr_expect_eq(walker.waits, 1, "it runs all the same, and waits again");
    cr_expect_eq(walker.results[0], BROOD_ECANCELED);
    join_walker(task, 1, &walker);
    close_all();
}

Test(task_cancel, the_present_wait_fails_and_only_that_one)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    step();
    cr_assert_eq(walker.waits, 0);
    brood_task_cancel(task);
    cr_expect_eq(walker.waits, 0, "it goes on only from the loop");
    step();
    cr_expect_eq(walker.waits, 1);
    cr_expect_eq(walker.results[0], BROOD_ECANCELED);
    join_walker(task, 1, &walker);
    close_all();
}

Test(task_cancel, several_before_its_beginning_are_one)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    brood_task_cancel(task);
    brood_task_cancel(task);
    step();
    cr_expect_eq(walker.waits, 1);
    join_walker(task, 1, &walker);
    close_all();
}

Test(task_cancel, one_after_the_other_each_counts)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    for (int i = 1; i <= 2; i++) {
        step();
        brood_task_cancel(task);
        step();
        cr_expect_eq(walker.waits, i);
    }
    join_walker(task, 2, &walker);
    close_all();
}

Test(task_cancel, of_oneself_the_next_wait_fails)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    walker.cancels_itself = task;
    step();
    cr_expect_eq(walker.waits, 1);
    cr_expect_eq(walker.results[0], BROOD_ECANCELED);
    join_walker(task, 1, &walker);
    close_all();
}

struct pair {
    brood_future *first;
    int one, two, three;
};

static int wait_three_times(void *arg)
{
    struct pair *pair = arg;
    pair->one = brood_future_wait(pair->first, NULL, test_deadline());
    pair->two = brood_future_wait(gate, NULL, test_deadline());
    pair->three = brood_future_wait(gate, NULL, BROOD_NOWAIT);
    return 0;
}

/* Set and cancelled before the task could go on. */
Test(task_cancel, between_waking_and_going_on_the_result_stands_and_the_next_wait_fails)
{
    open_all();
    struct pair pair = {.one = 99};
    cr_assert_eq(brood_future_open(loop, &pair.first), 0);
    brood_task *task = start(wait_three_times, &pair);
    step();
    brood_future_set(pair.first, 5, NULL);
    brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(pair.one, 5);
    cr_expect_eq(pair.two, BROOD_ECANCELED);
    cr_expect_eq(pair.three, BROOD_ETIMEDOUT, "once");
    brood_future_close(pair.first);
    close_all();
}

Test(task_cancel, what_comes_after_the_cancellation_is_not_lost)
{
    open_all();
    struct walker walker = {.waits = 0};
    brood_task *task = start(walk, &walker);
    step();
    brood_task_cancel(task);
    brood_future_set(gate, 6, NULL);
    step();
    cr_expect_eq(walker.results[0], BROOD_ECANCELED);
    cr_expect_eq(walker.results[1], 6);
    join_walker(task, 1, &walker);
    close_all();
}

static int wait_for_done_first(void *arg)
{
    struct pair *pair = arg;
    pair->one = brood_future_wait(pair->first, NULL, BROOD_FOREVER);
    pair->two = brood_sleep(loop, BROOD_NOWAIT);
    pair->three = brood_sleep(loop, BROOD_NOWAIT);
    return 0;
}

Test(task_cancel, a_call_that_need_not_wait_is_none)
{
    open_all();
    struct pair pair = {.one = 99};
    cr_assert_eq(brood_future_open(loop, &pair.first), 0);
    brood_future_set(pair.first, 4, NULL);
    brood_task *task = start(wait_for_done_first, &pair);
    brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(pair.one, 4);
    cr_expect_eq(pair.two, BROOD_ECANCELED);
    cr_expect_eq(pair.three, 0);
    brood_future_close(pair.first);
    close_all();
}

static int give_three(void *arg)
{
    return arg == NULL ? 3 : 0;
}

Test(task_cancel, after_its_end_it_does_nothing)
{
    open_all();
    int result = 99;
    brood_task *task = start(give_three, NULL);
    step();
    brood_task_cancel(task);
    brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, &result, BROOD_NOWAIT), 0);
    cr_expect_eq(result, 3);
    close_all();
}

Test(task_cancel, one_that_ends_without_another_wait_ends_as_always)
{
    open_all();
    int result = 99;
    brood_task *task = start(give_three, NULL);
    brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 3);
    close_all();
}

/* ---- who waits for whom -------------------------------------------------------------- */

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return brood_sleep(loop, BROOD_FOREVER);
}

struct joiner {
    brood_task *other;
    int error, result;
};

static int join_other(void *arg)
{
    struct joiner *joiner = arg;
    joiner->error = brood_task_join(joiner->other, &joiner->result, test_deadline());
    return 0;
}

Test(task_cancel, of_a_task_that_is_joined_gives_the_joiner_its_result)
{
    open_all();
    struct joiner joiner = {.other = start(sleep_for_ever, NULL)};
    brood_task *task = start(join_other, &joiner);
    step();
    brood_task_cancel(joiner.other);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(joiner.error, 0);
    cr_expect_eq(joiner.result, BROOD_ECANCELED);
    close_all();
}

Test(task_cancel, of_the_joiner_leaves_the_other_alone)
{
    open_all();
    struct walker walker = {.waits = 0};
    struct joiner joiner = {.other = start(walk, &walker), .result = 99};
    brood_task *task = start(join_other, &joiner);
    step();
    brood_task_cancel(task);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(joiner.error, BROOD_ECANCELED);
    cr_expect_eq(joiner.result, 99);
    cr_expect_eq(walker.waits, 0);
    join_walker(joiner.other, 0, &walker);
    close_all();
}

/* ---- in every kind of wait ------------------------------------------------------------- */

struct every {
    brood_task *self, *other;
    brood_group *group, *full;
    int sleep, soon, future, join, join_group, start_group;
};

static void cancel_task(void *task)
{
    brood_task_cancel(*(brood_task **)task);
}

static void cancel_later(struct every *every)
{
    cr_expect_eq(brood_call_soon(loop, cancel_task, &every->self, NULL), 0);
}

static int wait_in_every_way(void *arg)
{
    struct every *every = arg;
    cancel_later(every);
    every->sleep = brood_sleep(loop, BROOD_FOREVER);
    cancel_later(every);
    every->soon = brood_sleep(loop, BROOD_NOWAIT);
    cancel_later(every);
    every->future = brood_future_wait(gate, NULL, BROOD_FOREVER);
    cancel_later(every);
    every->join = brood_task_join(every->other, NULL, test_deadline());
    cancel_later(every);
    every->join_group = brood_group_join(every->group, NULL, BROOD_FOREVER);
    cancel_later(every);
    every->start_group = brood_group_start(every->full, sleep_for_ever, NULL);
    return 0;
}

Test(task_cancel, ends_every_kind_of_wait)
{
    open_all();
    struct every every = {.self = NULL};
    every.other = start(sleep_for_ever, NULL);
    cr_assert_eq(brood_group_open(loop, 0, &every.group), 0);
    cr_assert_eq(brood_group_open(loop, 1, &every.full), 0);
    cr_assert_eq(brood_group_start(every.group, sleep_for_ever, NULL), 0);
    cr_assert_eq(brood_group_start(every.full, sleep_for_ever, NULL), 0);
    every.self = start(wait_in_every_way, &every);
    cr_assert_eq(brood_task_join(every.self, NULL, test_deadline()), 0);
    cr_expect_eq(every.sleep, BROOD_ECANCELED);
    cr_expect_eq(every.soon, BROOD_ECANCELED);
    cr_expect_eq(every.future, BROOD_ECANCELED);
    cr_expect_eq(every.join, BROOD_ECANCELED);
    cr_expect_eq(every.join_group, BROOD_ECANCELED);
    cr_expect_eq(every.start_group, BROOD_ECANCELED);

    int result = 99; /* what was waited for has not been touched */
    cr_expect_eq(brood_task_join(every.other, &result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_group_join(every.group, &result, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(result, 99);
    brood_group_cancel(every.full);
    cr_assert_eq(brood_group_join(every.full, &result, test_deadline()), 0);
    cr_expect_eq(result, BROOD_ECANCELED);
    close_all();
}
