/* Closing a loop that has tasks: they are cancelled and run to their ends, nothing
 * can be started meanwhile, and what does not end is dropped and named. */
#include "fake_host.h"
#include "support.h"

SUITE(task_close);

static brood_loop *loop;
static struct trace trace;

/* ---- the program's log ------------------------------------------------------------ */

static char lines[8][200];
static size_t line_count;

static void keep_line(void *arg, const char *message)
{
    (void)arg;
    cr_assert_lt(line_count, 8);
    cr_assert_lt(strlen(message), sizeof lines[0]);
    strcpy(lines[line_count++], message);
}

static bool logged(const char *words)
{
    for (size_t i = 0; i < line_count; i++)
        if (strstr(lines[i], words) != NULL)
            return true;
    return false;
}

static brood_loop *debug_loop(void)
{
    brood_loop_options options = {.child_watcher = test_watcher(),
                                  .debug = true,
                                  .slow_callback_seconds = 1e6,
                                  .log = keep_line};
    brood_loop *made;
    cr_assert_eq(brood_loop_open(&made, &options), 0);
    return made;
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

/* ---- each kind of wait -------------------------------------------------------------- */

struct waits {
    brood_future *future;
    brood_task *other;
    brood_group *group, *full;
    int sleep, wait, join, join_group, start_group, again;
};

static int wait_for_ever(void *arg)
{
    (void)arg;
    return brood_sleep(NULL, BROOD_FOREVER);
}

static int wait_in_every_way(void *arg)
{
    struct waits *waits = arg;
    waits->sleep = brood_sleep(loop, BROOD_FOREVER);
    waits->wait = brood_future_wait(waits->future, NULL, test_deadline());
    waits->join = brood_task_join(waits->other, NULL, BROOD_NOWAIT);
    waits->join_group = brood_group_join(waits->group, NULL, BROOD_FOREVER);
    waits->start_group = brood_group_start(waits->full, wait_for_ever, NULL);
    waits->again = brood_sleep(loop, BROOD_NOWAIT);
    trace_word(&trace, "end");
    return 0;
}

static void open_waits(struct waits *waits)
{
    cr_assert_eq(brood_future_open(loop, &waits->future), 0);
    cr_assert_eq(brood_group_open(loop, 0, &waits->group), 0);
    cr_assert_eq(brood_group_open(loop, 1, &waits->full), 0);
    cr_assert_eq(brood_group_start(waits->group, wait_for_ever, NULL), 0);
    cr_assert_eq(brood_group_start(waits->full, wait_for_ever, NULL), 0);
}

static void expect_all_cancelled(const struct waits *waits)
{
    cr_expect_str_eq(trace.text, "end", "it was run to its end");
    cr_expect_eq(waits->sleep, BROOD_ECANCELED);
    cr_expect_eq(waits->wait, BROOD_ECANCELED);
    cr_expect_eq(waits->join, BROOD_ECANCELED);
    cr_expect_eq(waits->join_group, BROOD_ECANCELED);
    cr_expect_eq(waits->start_group, BROOD_ECANCELED);
    cr_expect_eq(waits->again, BROOD_ECANCELED);
}

Test(task_close, every_wait_is_cancelled_until_the_end)
{
    loop = test_loop();
    struct waits waits = {0};
    start(wait_in_every_way, &waits);
    waits.other = start(wait_for_ever, NULL);
    open_waits(&waits);
    step();
    cr_assert_str_empty(trace.text);
    test_loop_close(loop);
    expect_all_cancelled(&waits);
    brood_future_close(waits.future);
}

Test(task_close, a_task_that_has_not_begun_runs_all_the_same)
{
    loop = test_loop();
    struct waits waits = {0};
    start(wait_in_every_way, &waits);
    waits.other = start(wait_for_ever, NULL);
    open_waits(&waits);
    test_loop_close(loop);
    expect_all_cancelled(&waits);
    brood_future_close(waits.future);
}

static int write_its_word(void *note)
{
    int error = brood_sleep(NULL, BROOD_FOREVER);
    host_note(note);
    return error;
}

Test(task_close, tasks_end_in_the_order_of_their_starts)
{
    loop = test_loop();
    struct note notes[] = {{&trace, "a"}, {&trace, "b"}, {&trace, "c"}};
    brood_task_start(loop, write_its_word, &notes[0], NULL);
    start(write_its_word, &notes[1]);
    step();
    start(write_its_word, &notes[2]);
    test_loop_close(loop);
    cr_expect_str_eq(trace.text, "a b c");
}

static int wait_then_cancel(void *future)
{
    int first = brood_future_wait(future, NULL, BROOD_FOREVER);
    int second = brood_sleep(NULL, BROOD_FOREVER);
    trace_word(&trace, first == 5 ? "result" : "other");
    trace_word(&trace, second == BROOD_ECANCELED ? "cancelled" : "other");
    return 0;
}

Test(task_close, what_has_come_already_is_given_first)
{
    loop = test_loop();
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    start(wait_then_cancel, future);
    step();
    brood_future_set(future, 5, NULL);
    test_loop_close(loop);
    cr_expect_str_eq(trace.text, "result cancelled");
    brood_future_close(future);
}

static int join_twice(void *arg)
{
    brood_task **other = arg;
    int error = brood_task_join(*other, NULL, BROOD_FOREVER);
    if (error == BROOD_ECANCELED)
        error = brood_task_join(*other, NULL, BROOD_FOREVER);
    trace_word(&trace, error == 0 ? "joined" : brood_errname(error));
    return 0;
}

Test(task_close, tasks_that_join_each_other_end_too)
{
    loop = test_loop();
    brood_task *first, *second;
    first = start(join_twice, &second);
    second = start(join_twice, &first);
    step();
    test_loop_close(loop);
    cr_expect_str_eq(trace.text, "ECANCELED joined", "the first has ended when the second goes on");
}

/* ---- starting --------------------------------------------------------------------- */

struct late {
    brood_group *group;
    brood_task *task;
    int sleep, start, detached, in_group;
};

static int start_late(void *arg)
{
    struct late *late = arg;
    late->sleep = brood_sleep(NULL, BROOD_FOREVER);
    late->start = brood_task_start(NULL, wait_for_ever, NULL, &late->task);
    late->detached = brood_task_start(loop, wait_for_ever, NULL, NULL);
    late->in_group = brood_group_start(late->group, wait_for_ever, NULL);
    return 0;
}

Test(task_close, nothing_can_be_started_meanwhile)
{
    loop = test_loop();
    struct late late = {.group = NULL};
    cr_assert_eq(brood_group_open(loop, 2, &late.group), 0);
    start(start_late, &late);
    step();
    test_loop_close(loop);
    cr_expect_eq(late.sleep, BROOD_ECANCELED);
    cr_expect_eq(late.start, BROOD_ECLOSED);
    cr_expect_null(late.task);
    cr_expect_eq(late.detached, BROOD_ECLOSED);
    cr_expect_eq(late.in_group, BROOD_ECLOSED);
}

static int run_inside(void *arg)
{
    int *error = arg;
    brood_sleep(loop, BROOD_FOREVER);
    error[0] = brood_loop_run(loop);
    error[1] = brood_loop_step(loop, BROOD_NOWAIT);
    error[2] = brood_loop_close(loop);
    return 0;
}

Test(task_close, it_is_running_meanwhile)
{
    loop = test_loop();
    int error[3] = {0};
    start(run_inside, error);
    step();
    test_loop_close(loop);
    cr_expect_eq(error[0], BROOD_EBUSY);
    cr_expect_eq(error[1], BROOD_EBUSY);
    cr_expect_eq(error[2], BROOD_EBUSY);
}

static void count_call(void *count)
{
    ++*(int *)count;
}

static int post_late(void *count)
{
    brood_sleep(NULL, BROOD_FOREVER);
    brood_future *future;
    cr_expect_eq(brood_call_soon(NULL, count_call, count, NULL), 0);
    cr_expect_eq(brood_call_at(NULL, BROOD_NOWAIT, count_call, count, NULL), 0);
    cr_expect_eq(brood_future_open(NULL, &future), 0);
    brood_future_close(future);
    trace_word(&trace, "end");
    return 0;
}

Test(task_close, makes_no_callback)
{
    loop = test_loop();
    int count = 0;
    brood_call_soon(loop, count_call, &count, NULL);
    start(post_late, &count);
    test_loop_close(loop);
    cr_expect_str_eq(trace.text, "end");
    cr_expect_eq(count, 0);
}

/* ---- from inside ------------------------------------------------------------------- */

static int close_and_go_on(void *flag)
{
    cr_expect_eq(brood_loop_close(loop), BROOD_EBUSY);
    cr_expect_eq(brood_sleep(loop, BROOD_NOWAIT), 0, "nothing has changed");
    *(bool *)flag = true;
    return 0;
}

Test(task_close, from_a_task_of_its_own_is_refused)
{
    loop = test_loop();
    bool went_on = false;
    brood_task *task = start(close_and_go_on, &went_on);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect(went_on);
    test_loop_close(loop);
}

static int close_the_other(void *other)
{
    int error = brood_loop_close(other);
    return error < 0 ? error : brood_sleep(NULL, BROOD_NOWAIT);
}

Test(task_close, a_task_closes_another_loop)
{
    brood_loop *other = loop = test_loop();
    struct waits waits = {0};
    start(wait_in_every_way, &waits);
    waits.other = start(wait_for_ever, NULL);
    open_waits(&waits);
    step();
    brood_loop *outer = test_loop();
    brood_task *task;
    int result = 99;
    cr_assert_eq(brood_task_start(outer, close_the_other, other, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    expect_all_cancelled(&waits);
    brood_future_close(waits.future);
    test_loop_close(outer);
}

/* ---- what does not end -------------------------------------------------------------- */

enum { PATIENCE = 1000 }; /* a task that were asked more often ends after all */

struct stubborn {
    brood_future *future;
    brood_time deadline;
    int cancelled, other;
};

static int never_end(void *arg)
{
    struct stubborn *stubborn = arg;
    for (int i = 0; i < PATIENCE; i++) {
        int error = brood_future_wait(stubborn->future, NULL, stubborn->deadline);
        if (error == BROOD_ECANCELED)
            stubborn->cancelled++;
        else
            stubborn->other++;
    }
    return 0;
}

static void expect_dropped(bool begun, brood_time deadline)
{
    loop = debug_loop();
    struct stubborn stubborn = {.deadline = deadline};
    cr_assert_eq(brood_future_open(loop, &stubborn.future), 0);
    start(never_end, &stubborn);
    if (begun)
        step();
    test_loop_close(loop);
    cr_expect_eq(stubborn.cancelled, 100, "so often it is asked");
    cr_expect_eq(stubborn.other, 0);
    cr_expect_eq(line_count, 1);
    cr_expect(logged("does not end") && logged("brood_future_wait"), "%s", lines[0]);
    brood_future_close(stubborn.future);
}

Test(task_close, one_that_goes_on_waiting_is_dropped_and_named)
{
    expect_dropped(true, BROOD_FOREVER);
}

Test(task_close, one_that_waits_with_a_deadline_is_dropped_too)
{
    expect_dropped(true, test_deadline());
}

Test(task_close, one_that_never_began_is_dropped_in_the_same_way)
{
    expect_dropped(false, BROOD_NOWAIT);
}

static int never_end_in(void *group)
{
    int error = BROOD_ECANCELED;
    for (int i = 0; i < PATIENCE && error == BROOD_ECANCELED; i++)
        error = group == NULL ? brood_sleep(NULL, BROOD_FOREVER)
                              : brood_group_start(group, never_end_in, NULL);
    return 0;
}

Test(task_close, what_the_dropped_waited_for_goes_after_them)
{
    loop = debug_loop();
    brood_group *group;
    cr_assert_eq(brood_group_open(loop, 1, &group), 0);
    cr_assert_eq(brood_group_start(group, never_end_in, NULL), 0);
    start(never_end_in, group);
    step();
    test_loop_close(loop);
    cr_expect_eq(line_count, 3);
    cr_expect(logged("brood_sleep"));
    cr_expect(logged("brood_group_start"));
    cr_expect(logged("a group"));
}

Test(task_close, without_a_log_nothing_is_reported)
{
    loop = test_loop();
    brood_group *group;
    cr_assert_eq(brood_group_open(loop, 0, &group), 0);
    start(never_end_in, NULL);
    test_loop_close(loop);
    cr_expect_eq(line_count, 0);
}

static int give_two(void *arg)
{
    return arg == NULL ? 2 : 0;
}

Test(task_close, tasks_that_ended_and_were_not_joined_are_freed)
{
    loop = debug_loop();
    start(give_two, NULL);
    step();
    start(wait_for_ever, NULL);
    test_loop_close(loop);
    cr_expect_eq(line_count, 0, "they are no leftovers that went on: %s", lines[0]);
}
