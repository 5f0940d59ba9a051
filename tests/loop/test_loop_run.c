/* The ways of running a loop: run, run_until, step, stop, and their results. */
#include "fake_backend.h"
#include "fake_host.h"
#include "loop.h"
#include "support.h"

SUITE(loop_run);

enum { MS = 1000000 };

static struct fake_backend fake;
static brood_loop *loop;
static int calls;

static void open_loop(void)
{
    fake_backend_init(&fake);
    cr_assert_eq(brood__loop_open_with(&loop, NULL, &fake.base), 0);
}

static void close_loop(void)
{
    cr_assert_eq(brood_loop_close(loop), 0);
}

static brood_future *open_future(void)
{
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    return future;
}

/* ---- no loop inside itself ------------------------------------------------------ */

static void run_inside(void *future)
{
    cr_expect_eq(brood_loop_run(loop), BROOD_EBUSY);
    cr_expect_eq(brood_loop_run_until(loop, future, BROOD_NOWAIT), BROOD_EBUSY);
    cr_expect_eq(brood_loop_step(loop, BROOD_NOWAIT), BROOD_EBUSY);
    cr_expect_eq(brood_loop_close(loop), BROOD_EBUSY);
    calls++;
    brood_loop_stop(loop);
}

Test(loop_run, a_running_loop_is_busy)
{
    open_loop();
    brood_future *future = open_future();
    brood_call_soon(loop, run_inside, future, NULL);
    cr_assert_eq(brood_loop_run(loop), 0);
    brood_call_soon(loop, run_inside, future, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_FOREVER), BROOD_ECANCELED);
    brood_call_at(loop, 0, run_inside, future, NULL);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_assert_eq(calls, 3);
    cr_assert_eq(fake.waits, 3, "a round each");
    brood_future_close(future);
    close_loop();
}

Test(loop_run, missing_arguments)
{
    open_loop();
    cr_assert_eq(brood_loop_run_until(loop, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_loop_close(NULL), 0);
    brood_loop_stop(NULL);
    close_loop();
}

/* ---- stop -------------------------------------------------------------------------- */

Test(loop_run, stop_before_run_lets_it_make_one_round)
{
    open_loop();
    brood_loop_stop(loop);
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_assert_eq(brood_loop_run(loop), 0);
    cr_assert_eq(calls, 1);
    cr_assert_eq(fake.waits, 1);
    cr_assert_eq(fake.timeouts[0], 0);

    brood_loop_stop(loop);
    cr_assert_eq(brood_loop_run(loop), 0, "without anything to do, too");
    cr_assert_eq(fake.waits, 2);
    cr_assert_eq(fake.timeouts[1], 0);
    close_loop();
}

static void stop_and_post(void *arg)
{
    (void)arg;
    brood_loop_stop(loop);
    brood_call_soon(loop, host_count, &calls, NULL);
}

Test(loop_run, stop_ends_the_run_after_its_round)
{
    open_loop();
    brood_call_soon(loop, stop_and_post, NULL, NULL);
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_assert_eq(brood_loop_run(loop), 0);
    cr_assert_eq(calls, 1, "the rest of the round, and no more");
    cr_assert_eq(fake.timeouts[0], 0);

    brood_call_at(loop, fake.clock + MS, host_stop, loop, NULL);
    cr_assert_eq(brood_loop_run(loop), 0, "the next run begins afresh");
    cr_assert_eq(calls, 2);
    close_loop();
}

Test(loop_run, a_step_uses_up_a_stop)
{
    open_loop();
    brood_loop_stop(loop);
    cr_assert_eq(brood_loop_step(loop, BROOD_FOREVER), 0);
    cr_assert_eq(fake.timeouts[0], 0);
    cr_assert_eq(brood_loop_step(loop, fake.clock + MS), 0);
    cr_assert_eq(fake.timeouts[1], MS);
    close_loop();
}

/* A timer or a posted call is an event like any other: who steps until something
 * has happened is not kept waiting after it has. */
Test(loop_run, a_step_that_has_run_a_call_does_not_wait_for_more)
{
    open_loop();
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_expect_eq(brood_loop_step(loop, fake.clock + MS), 0);
    brood_call_at(loop, fake.clock / 2, host_count, &calls, NULL);
    cr_expect_eq(brood_loop_step(loop, fake.clock + MS), 0);
    cr_assert_eq(calls, 2);
    cr_expect_eq(fake.timeouts[0], 0, "after a posted call");
    cr_expect_eq(fake.timeouts[1], 0, "after a timer");
    close_loop();
}

/* ---- run_until --------------------------------------------------------------------- */

static void set_future(void *future)
{
    cr_assert_eq(brood_future_set(future, 42, &calls), 0);
}

Test(loop_run, run_until_returns_the_status)
{
    open_loop();
    brood_future *future = open_future();
    brood_call_at(loop, fake.clock + 3 * MS, set_future, future, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_FOREVER), 42);
    size_t waits = fake.waits;
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_NOWAIT), 42);
    cr_assert_eq(fake.waits, waits, "no round for one that is done");
    brood_future_close(future);
    close_loop();
}

Test(loop_run, run_until_ends_at_the_deadline)
{
    open_loop();
    brood_future *future = open_future();
    brood_time deadline = fake.clock + 10 * MS;
    cr_assert_eq(brood_loop_run_until(loop, future, deadline), BROOD_ETIMEDOUT);
    cr_assert_geq(fake.clock, deadline, "not early");
    cr_assert_eq(fake.clock, deadline, "nor late");
    cr_assert_eq(brood_loop_run_until(loop, future, deadline), BROOD_ETIMEDOUT);
    brood_future_close(future);
    close_loop();
}

/* What is due at the deadline itself counts. */
Test(loop_run, run_until_looks_once_more_after_the_deadline)
{
    open_loop();
    brood_future *future = open_future();
    brood_time deadline = fake.clock + (10 << BROOD__TICK_BITS);
    brood_call_at(loop, deadline - (1 << BROOD__TICK_BITS), set_future, future, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, deadline), 42);
    brood_future_close(future);
    close_loop();
}

Test(loop_run, run_until_with_nowait_looks_once)
{
    open_loop();
    brood_future *future = open_future();
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(fake.waits, 1);
    cr_assert_eq(fake.timeouts[0], 0);
    brood_call_soon(loop, set_future, future, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_NOWAIT), 42);
    cr_assert_eq(fake.waits, 1, "what it was waiting for is there: nothing more is looked for");
    brood_future_close(future);
    close_loop();
}

Test(loop_run, run_until_tells_that_it_was_stopped)
{
    open_loop();
    brood_future *future = open_future();
    brood_call_at(loop, fake.clock + MS, host_stop, loop, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_FOREVER), BROOD_ECANCELED);
    brood_call_soon(loop, host_stop, loop, NULL);
    brood_call_soon(loop, set_future, future, NULL);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_FOREVER), 42, "done all the same");
    brood_future_close(future);

    future = open_future();
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_NOWAIT), BROOD_ETIMEDOUT,
                 "the stop has been used up");
    brood_future_close(future);
    close_loop();
}

/* ---- errors ------------------------------------------------------------------------ */

Test(loop_run, an_error_of_the_wait_is_returned)
{
    open_loop();
    brood_future *future = open_future();
    for (size_t i = 0; i < 3; i++)
        fake.script[i].error = BROOD_EBADF;
    brood_call_soon(loop, host_count, &calls, NULL);
    cr_assert_eq(brood_loop_run(loop), BROOD_EBADF);
    cr_assert_eq(brood_loop_run_until(loop, future, BROOD_FOREVER), BROOD_EBADF);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), BROOD_EBADF);
    cr_assert_eq(calls, 1);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0, "the loop is not busy for ever");
    brood_future_close(future);
    close_loop();
}
