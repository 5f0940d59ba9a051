/* Where one may wait: in a task for what belongs to its loop, outside of tasks for a
 * loop at rest, and nowhere else. */
#include "fake_host.h"
#include "support.h"

SUITE(wait);

/* A loop, and something to wait for with each function that waits. */
struct objects {
    brood_loop *loop;
    brood_future *future;
    brood_task *task;
    brood_group *group, *full;
};

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return brood_sleep(NULL, BROOD_FOREVER);
}

static void open_objects(struct objects *objects)
{
    brood_loop *loop = objects->loop = test_loop();
    cr_assert_eq(brood_future_open(loop, &objects->future), 0);
    cr_assert_eq(brood_task_start(loop, sleep_for_ever, NULL, &objects->task), 0);
    cr_assert_eq(brood_group_open(loop, 0, &objects->group), 0);
    cr_assert_eq(brood_group_open(loop, 1, &objects->full), 0);
    cr_assert_eq(brood_group_start(objects->group, sleep_for_ever, NULL), 0);
    cr_assert_eq(brood_group_start(objects->full, sleep_for_ever, NULL), 0);
    test_settle(loop);
}

static void close_objects(struct objects *objects)
{
    brood_future_close(objects->future);
    test_loop_close(objects->loop);
}

/* What each of them answers, with outputs that are untouched. */
enum { WAITS = 5 };

struct answers {
    struct objects *objects;
    brood_time deadline;
    int codes[WAITS], given;
};

static void wait_for_each(struct answers *answers)
{
    struct objects *objects = answers->objects;
    int result = 99;
    void *value = &result;
    answers->codes[0] = brood_sleep(objects->loop, answers->deadline);
    answers->codes[1] = brood_future_wait(objects->future, &value, answers->deadline);
    answers->codes[2] = brood_task_join(objects->task, &result, answers->deadline);
    answers->codes[3] = brood_group_join(objects->group, &result, answers->deadline);
    answers->codes[4] = brood_group_start(objects->full, sleep_for_ever, NULL);
    cr_expect_eq(result, 99);
    cr_expect_eq(value, (void *)&result);
    answers->given++;
}

static void wait_in_callback(void *answers)
{
    wait_for_each(answers);
}

static int wait_in_task(void *answers)
{
    wait_for_each(answers);
    return 0;
}

static void expect_codes(const struct answers *answers, int code)
{
    cr_expect_eq(answers->given, 1);
    for (int i = 0; i < WAITS; i++)
        cr_expect_eq(answers->codes[i], code, "wait %d: %s", i, brood_errname(answers->codes[i]));
}

/* ---- in a callback ------------------------------------------------------------------ */

static void expect_refused(struct answers *answers)
{
    expect_codes(answers, BROOD_EWAIT);
    answers->given = 0;
}

Test(wait, is_refused_in_calls_and_timers)
{
    struct objects objects;
    open_objects(&objects);
    brood_time deadlines[] = {BROOD_FOREVER, BROOD_NOWAIT, test_deadline()};
    for (int i = 0; i < 3; i++) {
        struct answers answers = {.objects = &objects, .deadline = deadlines[i]};
        brood_call_soon(objects.loop, wait_in_callback, &answers, NULL);
        test_settle(objects.loop);
        expect_refused(&answers);
        brood_call_at(objects.loop, BROOD_NOWAIT, wait_in_callback, &answers, NULL);
        test_settle(objects.loop);
        expect_refused(&answers);
        brood_call_soon_threadsafe(objects.loop, wait_in_callback, &answers);
        test_settle(objects.loop);
        expect_refused(&answers);
    }
    close_objects(&objects);
}

Test(wait, is_refused_in_events_and_signals)
{
    struct objects objects;
    open_objects(&objects);
    struct answers answers = {.objects = &objects, .deadline = BROOD_FOREVER};
    for (int kind = 0; kind < host_event_kinds; kind++) {
        struct host_event event;
        host_event_open(&event, objects.loop, kind, wait_in_callback, &answers);
        cr_assert_eq(brood_loop_step(objects.loop, test_deadline()), 0);
        host_event_close(&event);
        expect_refused(&answers);
    }
    close_objects(&objects);
}

Test(wait, is_refused_in_a_callback_that_an_outside_wait_has_run)
{
    struct objects objects;
    open_objects(&objects);
    struct answers answers = {.objects = &objects, .deadline = BROOD_FOREVER};
    brood_call_soon(objects.loop, wait_in_callback, &answers, NULL);
    cr_expect_eq(brood_future_wait(objects.future, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    expect_refused(&answers);
    close_objects(&objects);
}

/* ---- two loops ----------------------------------------------------------------------- */

Test(wait, a_task_may_not_wait_for_what_another_loop_has)
{
    struct objects own, other;
    open_objects(&own);
    open_objects(&other);
    struct answers answers = {.objects = &other, .deadline = BROOD_FOREVER};
    brood_task *task;
    cr_assert_eq(brood_task_start(own.loop, wait_in_task, &answers, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    expect_refused(&answers);
    close_objects(&own);
    close_objects(&other);
}

Test(wait, a_callback_may_drive_another_loop_at_rest)
{
    struct objects own, other;
    open_objects(&own);
    open_objects(&other);
    struct answers answers = {.objects = &other, .deadline = BROOD_NOWAIT};
    brood_group_cancel(other.full); /* else its start would wait for ever */
    test_settle(other.loop);
    brood_call_soon(own.loop, wait_in_callback, &answers, NULL);
    test_settle(own.loop);
    cr_expect_eq(answers.given, 1);
    cr_expect_eq(answers.codes[0], 0);
    for (int i = 1; i < 4; i++)
        cr_expect_eq(answers.codes[i], BROOD_ETIMEDOUT, "wait %d", i);
    cr_expect_eq(answers.codes[4], BROOD_ECANCELED);
    close_objects(&own);
    close_objects(&other);
}

static int give_nine(void *arg)
{
    return arg == NULL ? 9 : brood_sleep(NULL, BROOD_NOWAIT);
}

struct driver {
    brood_loop *other;
    int result, error;
};

static void drive_other(void *arg)
{
    struct driver *driver = arg;
    brood_task *task;
    driver->error = brood_task_start(driver->other, give_nine, NULL, &task);
    if (driver->error == 0)
        driver->error = brood_task_join(task, &driver->result, test_deadline());
}

Test(wait, tasks_of_the_driven_loop_run_in_the_callback)
{
    brood_loop *loop = test_loop();
    struct driver driver = {.other = test_loop(), .error = 99};
    brood_call_soon(loop, drive_other, &driver, NULL);
    test_settle(loop);
    cr_expect_eq(driver.error, 0);
    cr_expect_eq(driver.result, 9);
    test_loop_close(loop);
    test_loop_close(driver.other);
}

/* The inner loop's callback and task stand inside a callback of the outer loop. */
struct nested {
    struct answers answers;
    brood_loop *inner;
    bool from_task;
    int error;
};

static void drive_inner(void *arg)
{
    struct nested *nested = arg;
    if (nested->from_task)
        brood_task_start(nested->inner, wait_in_task, &nested->answers, NULL);
    else
        brood_call_soon(nested->inner, wait_in_callback, &nested->answers, NULL);
    nested->error = brood_sleep(nested->inner, BROOD_NOWAIT);
}

Test(wait, the_driven_loop_may_not_wait_for_the_outer_one)
{
    for (int from_task = 0; from_task < 2; from_task++) {
        struct objects outer;
        open_objects(&outer);
        struct nested nested = {.answers = {.objects = &outer, .deadline = BROOD_FOREVER},
                                .inner = test_loop(),
                                .from_task = from_task != 0,
                                .error = 99};
        brood_call_soon(outer.loop, drive_inner, &nested, NULL);
        test_settle(outer.loop);
        cr_expect_eq(nested.error, 0);
        expect_refused(&nested.answers);
        test_loop_close(nested.inner);
        close_objects(&outer);
    }
}

/* ---- meanwhile ------------------------------------------------------------------------ */

struct ticker {
    brood_loop *loop;
    brood_future *future;
    int ticks, wanted;
};

static void tick(void *arg)
{
    struct ticker *ticker = arg;
    if (++ticker->ticks == ticker->wanted)
        brood_future_set(ticker->future, ticker->ticks, NULL);
    else
        brood_call_soon(ticker->loop, tick, ticker, NULL);
}

static int wait_for_ticks(void *arg)
{
    struct ticker *ticker = arg;
    return brood_future_wait(ticker->future, NULL, test_deadline());
}

Test(wait, the_loop_goes_on_with_everything_else)
{
    struct ticker ticker = {.loop = test_loop(), .wanted = 50};
    int results[3] = {0};
    brood_task *tasks[3];
    cr_assert_eq(brood_future_open(ticker.loop, &ticker.future), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_task_start(ticker.loop, wait_for_ticks, &ticker, &tasks[i]), 0);
    brood_call_soon(ticker.loop, tick, &ticker, NULL);
    cr_expect_eq(wait_for_ticks(&ticker), 50, "outside, too");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(brood_task_join(tasks[i], &results[i], test_deadline()), 0);
        cr_expect_eq(results[i], 50);
    }
    brood_future_close(ticker.future);
    test_loop_close(ticker.loop);
}

/* ---- stop ----------------------------------------------------------------------------- */

Test(wait, stopping_the_loop_cancels_a_wait_outside)
{
    struct objects objects;
    open_objects(&objects);
    for (int i = 0; i < WAITS; i++) {
        int code = 99;
        brood_call_soon(objects.loop, host_stop, objects.loop, NULL);
        switch (i) {
        case 0:
            code = brood_sleep(objects.loop, BROOD_FOREVER);
            break;
        case 1:
            code = brood_future_wait(objects.future, NULL, test_deadline());
            break;
        case 2:
            code = brood_task_join(objects.task, NULL, BROOD_FOREVER);
            break;
        case 3:
            code = brood_group_join(objects.group, NULL, test_deadline());
            break;
        case 4:
            code = brood_group_start(objects.full, sleep_for_ever, NULL);
            break;
        }
        cr_expect_eq(code, BROOD_ECANCELED, "wait %d", i);
    }
    cr_expect_eq(brood_future_wait(objects.future, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT,
                 "the next one is not stopped");
    close_objects(&objects);
}

Test(wait, a_stop_before_it_lets_it_make_one_round)
{
    struct objects objects;
    open_objects(&objects);
    int calls = 0;
    brood_call_soon(objects.loop, host_count, &calls, NULL);
    brood_loop_stop(objects.loop);
    cr_expect_eq(brood_future_wait(objects.future, NULL, BROOD_FOREVER), BROOD_ECANCELED);
    cr_expect_eq(calls, 1);
    close_objects(&objects);
}

static void set_and_stop(void *arg)
{
    struct objects *objects = arg;
    brood_loop_stop(objects->loop);
    brood_future_set(objects->future, 4, NULL);
}

Test(wait, what_comes_in_the_round_of_the_stop_counts)
{
    struct objects objects;
    open_objects(&objects);
    brood_call_soon(objects.loop, set_and_stop, &objects, NULL);
    cr_expect_eq(brood_future_wait(objects.future, NULL, BROOD_FOREVER), 4);
    close_objects(&objects);
}

static void stop_if_waiting(void *arg)
{
    struct ticker *ticker = arg;
    brood_loop_stop(ticker->loop);
}

Test(wait, stopping_does_not_disturb_the_waits_of_tasks)
{
    struct ticker ticker = {.loop = test_loop(), .wanted = 3};
    int result = 99;
    brood_task *task;
    cr_assert_eq(brood_future_open(ticker.loop, &ticker.future), 0);
    cr_assert_eq(brood_task_start(ticker.loop, wait_for_ticks, &ticker, &task), 0);
    brood_call_soon(ticker.loop, stop_if_waiting, &ticker, NULL);
    cr_expect_eq(brood_loop_run(ticker.loop), 0);
    brood_call_soon(ticker.loop, tick, &ticker, NULL);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 3);
    brood_future_close(ticker.future);
    test_loop_close(ticker.loop);
}
