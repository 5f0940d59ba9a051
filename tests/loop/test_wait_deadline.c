/* Deadlines: one that has passed looks once and does not wait, one spans several
 * calls, one never comes; and sleeping, which is nothing but a deadline. */
#include "fake_backend.h"
#include "fake_host.h"
#include "loop.h"
#include "support.h"

SUITE(wait_deadline);

enum { MS = 1000000 };

static brood_loop *loop;
static brood_future *future;

static void set_future(void *arg)
{
    (void)arg;
    brood_future_set(future, 7, NULL);
}

static void open_all(void)
{
    loop = test_loop();
    cr_assert_eq(brood_future_open(loop, &future), 0);
}

static void close_all(void)
{
    brood_future_close(future);
    test_loop_close(loop);
}

static int run_task(brood_task_main *main, void *arg)
{
    brood_task *task;
    int result = 99;
    cr_assert_eq(brood_task_start(loop, main, arg, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    return result;
}

static int look(void *deadline)
{
    return brood_future_wait(future, NULL, *(brood_time *)deadline);
}

/* ---- one that has passed ---------------------------------------------------------- */

/* Data that is there already, and a callback that makes a result of it. */
static void expect_seen(brood_time deadline, bool in_task)
{
    struct host_event event;
    open_all();
    host_event_open(&event, loop, 0, set_future, NULL);
    cr_expect_eq(in_task ? run_task(look, &deadline) : look(&deadline), 7);
    host_event_close(&event);
    close_all();
}

Test(wait_deadline, without_waiting_outside_one_sees_what_is_there)
{
    expect_seen(BROOD_NOWAIT, false);
    expect_seen(brood_now() - 1, false);
    expect_seen(INT64_MIN, false);
}

Test(wait_deadline, without_waiting_in_a_task_one_sees_what_is_there)
{
    expect_seen(BROOD_NOWAIT, true);
    expect_seen(brood_now() - 1, true);
    expect_seen(INT64_MIN, true);
}

static int post_and_look(void *deadline)
{
    cr_expect_eq(brood_call_soon(loop, set_future, NULL, NULL), 0);
    return look(deadline);
}

Test(wait_deadline, without_waiting_calls_that_were_posted_are_made)
{
    brood_time deadline = BROOD_NOWAIT;
    open_all();
    cr_expect_eq(post_and_look(&deadline), 7);
    close_all();
    open_all();
    cr_expect_eq(run_task(post_and_look, &deadline), 7);
    close_all();
}

Test(wait_deadline, without_waiting_it_times_out_when_nothing_is_there)
{
    brood_time deadlines[] = {BROOD_NOWAIT, 1, INT64_MIN, brood_now()};
    open_all();
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(look(&deadlines[i]), BROOD_ETIMEDOUT);
        cr_expect_eq(run_task(look, &deadlines[i]), BROOD_ETIMEDOUT);
    }
    cr_expect_not(brood_future_done(future));
    cr_expect_eq(brood_loop_next(loop), BROOD_FOREVER, "nothing is left of them");
    close_all();
}

/* ---- what the system is asked ----------------------------------------------------- */

static struct fake_backend fake;

static void open_fake(void)
{
    fake_backend_init(&fake);
    cr_assert_eq(brood__loop_open_with(&loop, NULL, &fake.base), 0);
    cr_assert_eq(brood_future_open(loop, &future), 0);
}

Test(wait_deadline, outside_the_system_is_asked_once_and_does_not_wait)
{
    open_fake();
    brood_time deadline = BROOD_NOWAIT;
    cr_expect_eq(look(&deadline), BROOD_ETIMEDOUT);
    cr_expect_eq(fake.waits, 1);
    cr_expect_eq(fake.timeouts[0], 0);
    cr_expect_eq(brood_sleep(loop, BROOD_NOWAIT), 0);
    cr_expect_eq(fake.waits, 2, "with a moment that has passed it makes one round");
    cr_expect_eq(fake.timeouts[1], 0);
    close_all();
}

struct asked {
    size_t before, after;
    brood_time clock;
    int error;
};

static int look_and_count(void *arg)
{
    struct asked *asked = arg;
    asked->before = fake.waits;
    asked->error = brood_future_wait(future, NULL, BROOD_NOWAIT);
    asked->after = fake.waits;
    asked->clock = fake.clock;
    brood_loop_stop(loop);
    return 0;
}

static int sleep_and_count(void *arg)
{
    struct asked *asked = arg;
    asked->before = fake.waits;
    asked->error = brood_sleep(loop, BROOD_NOWAIT);
    asked->after = fake.waits;
    asked->clock = fake.clock;
    brood_loop_stop(loop);
    return 0;
}

static void expect_asked_once(brood_task_main *main, int error)
{
    open_fake();
    struct asked asked = {.error = 99};
    brood_time clock = fake.clock;
    cr_assert_eq(brood_task_start(loop, main, &asked, NULL), 0);
    cr_assert_eq(brood_loop_run(loop), 0);
    cr_expect_eq(asked.error, error);
    cr_expect_eq(asked.clock, clock, "no time has been spent waiting");
    cr_expect_eq(asked.after - asked.before, 1, "asked %zu times", asked.after - asked.before);
    close_all();
}

Test(wait_deadline, in_a_task_the_system_is_asked_once_and_does_not_wait)
{
    expect_asked_once(look_and_count, BROOD_ETIMEDOUT);
}

Test(wait_deadline, in_a_task_sleeping_until_a_passed_moment_takes_one_round)
{
    expect_asked_once(sleep_and_count, 0);
}

/* ---- for ever ----------------------------------------------------------------------- */

static void set_from_afar(void *arg)
{
    (void)arg;
    brood_call_soon_threadsafe(loop, set_future, NULL);
}

Test(wait_deadline, for_ever_is_no_deadline)
{
    brood_time deadline = BROOD_FOREVER;
    open_fake();
    fake.script[0].meanwhile = set_from_afar;
    cr_expect_eq(look(&deadline), 7);
    cr_expect_eq(fake.waits, 1);
    cr_expect_eq(fake.timeouts[0], BROOD_FOREVER);
    close_all();

    open_fake();
    fake.script[0].meanwhile = set_from_afar;
    cr_expect_eq(run_task(look, &deadline), 7);
    cr_expect_gt(fake.timeouts[0], (brood_time)1000 * MS, "only the joiner has one");
    close_all();
}

/* ---- one deadline, several calls ------------------------------------------------------ */

struct span {
    brood_time deadline, ended;
    brood_future *second;
    int codes[3];
};

static int wait_twice(void *arg)
{
    struct span *span = arg;
    span->codes[0] = brood_future_wait(future, NULL, span->deadline);
    span->codes[1] = brood_future_wait(span->second, NULL, span->deadline);
    span->ended = fake.clock;
    span->codes[2] = brood_future_wait(span->second, NULL, span->deadline);
    return 0;
}

static void expect_span(bool in_task)
{
    open_fake();
    struct span span = {.deadline = fake.clock + 10 * MS};
    cr_assert_eq(brood_future_open(loop, &span.second), 0);
    brood_call_at(loop, fake.clock + 4 * MS, set_future, NULL, NULL);
    if (in_task)
        run_task(wait_twice, &span);
    else
        wait_twice(&span);
    cr_expect_eq(span.codes[0], 7);
    cr_expect_eq(span.codes[1], BROOD_ETIMEDOUT);
    cr_expect_eq(span.codes[2], BROOD_ETIMEDOUT, "it has passed");
    cr_expect_geq(span.ended, span.deadline);
    cr_expect_lt(span.ended, span.deadline + MS);
    brood_future_close(span.second);
    close_all();
}

Test(wait_deadline, spans_several_calls_outside)
{
    expect_span(false);
}

Test(wait_deadline, spans_several_calls_in_a_task)
{
    expect_span(true);
}

/* ---- what has timed out ------------------------------------------------------------ */

Test(wait_deadline, after_it_one_may_wait_again)
{
    open_all();
    brood_time soon = brood_in(0.002), late = test_deadline();
    cr_expect_eq(run_task(look, &soon), BROOD_ETIMEDOUT);
    cr_expect_geq(brood_now(), soon);
    soon = brood_in(0.002);
    cr_expect_eq(look(&soon), BROOD_ETIMEDOUT);
    cr_expect_geq(brood_now(), soon);
    brood_call_soon(loop, set_future, NULL, NULL);
    cr_expect_eq(run_task(look, &late), 7);
    cr_expect_eq(look(&late), 7);
    close_all();
}

Test(wait_deadline, a_wait_that_is_over_leaves_no_timer)
{
    open_all();
    brood_time late = test_deadline();
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, look, &late, &task), 0);
    test_settle(loop);
    cr_expect_neq(brood_loop_next(loop), BROOD_FOREVER);
    brood_future_set(future, 0, NULL);
    test_settle(loop);
    cr_expect_eq(brood_loop_next(loop), BROOD_FOREVER);
    cr_assert_eq(brood_task_join(task, NULL, BROOD_NOWAIT), 0);
    close_all();
}

/* ---- sleeping ----------------------------------------------------------------------- */

struct sleeper {
    brood_time until;
    struct note note;
};

static int sleep_and_note(void *arg)
{
    struct sleeper *sleeper = arg;
    int error = brood_sleep(loop, sleeper->until);
    cr_expect_geq(fake.clock, sleeper->until, "woken early");
    host_note(&sleeper->note);
    return error;
}

Test(wait_deadline, sleepers_wake_in_the_order_of_their_times)
{
    struct trace trace = {.text = ""};
    open_fake();
    brood_time now = fake.clock;
    struct sleeper sleepers[] = {{now + 4 * MS, {&trace, "d"}},
                                 {now + 2 * MS, {&trace, "b"}},
                                 {now + 3 * MS, {&trace, "c"}},
                                 {BROOD_NOWAIT, {&trace, "a"}},
                                 {now + 4 * MS, {&trace, "e"}}};
    brood_task *tasks[5];
    for (int i = 0; i < 5; i++)
        cr_assert_eq(brood_task_start(loop, sleep_and_note, &sleepers[i], &tasks[i]), 0);
    for (int i = 0; i < 5; i++) {
        int result = 99;
        cr_assert_eq(brood_task_join(tasks[i], &result, BROOD_FOREVER), 0);
        cr_expect_eq(result, 0);
    }
    cr_expect_str_eq(trace.text, "a b c d e");
    close_all();
}

Test(wait_deadline, sleeping_outside_runs_the_loop)
{
    loop = test_loop();
    int calls = 0;
    brood_time until = brood_in(0.004);
    brood_call_at(loop, brood_in(0.001), host_count, &calls, NULL);
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_expect_eq(brood_sleep(loop, until), 0);
    cr_expect_geq(brood_now(), until);
    cr_expect_eq(calls, 2);
    test_loop_close(loop);
}
