/* The loop over a scripted backend: rounds, their order, time-outs, and ways of
 * running. */
#include "bench.h"

SUITE(loop);

enum { MS = 1000000 };

/* ---- one round -------------------------------------------------------------- */

static void note_wait(void *arg)
{
    (void)arg;
    trace_word(&bench.trace, "wait");
}

Test(loop, a_round_has_its_order)
{
    struct traced_op one, two;
    open_bench(NULL);
    brood__post_init(&closing, run_closing);
    brood__loop_post_closing(bench.loop, &closing);
    submit_traced(&one, "op1");
    submit_traced(&two, "op2");
    brood_call_soon(bench.loop, host_note, NOTE("call"), NULL);
    brood_call_soon_threadsafe(bench.loop, host_note, NOTE("remote"));
    brood_call_at(bench.loop, bench.fake.clock / 2, host_note, NOTE("timer"), NULL);
    bench.fake.script[0] = (struct fake_wait){.ripen = {&two.op, &one.op}, .meanwhile = note_wait};
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_str_eq(bench.trace.text, "timer call remote wait op2 op1 closing");
    cr_assert_eq(bench.fake.timeouts[0], 0, "the closing is to be run");
    close_bench();
}

static void note_word(void *word)
{
    trace_word(&bench.trace, word);
}

static char first[] = "first", second[] = "second", timer[] = "timer", remote[] = "remote";

static void post_more(void *arg)
{
    note_word(arg);
    brood_call_soon(bench.loop, note_word, second, NULL);
    brood_call_soon_threadsafe(bench.loop, note_word, remote);
    brood_call_at(bench.loop, BROOD_NOWAIT, note_word, timer, NULL);
}

Test(loop, what_a_call_posts_waits_for_the_next_round)
{
    open_bench(NULL);
    brood_call_soon(bench.loop, post_more, first, NULL);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_str_eq(bench.trace.text, "first");
    cr_assert_eq(bench.fake.timeouts[0], 0, "it does not wait for an event");
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_str_eq(bench.trace.text, "first timer second remote");
    close_bench();
}

Test(loop, an_operation_that_is_not_done_after_all_stays_in_flight)
{
    struct traced_op op;
    open_bench(NULL);
    submit_traced(&op, "op");
    bench.fake.refusals = 1;
    bench.fake.script[0].ripen[0] = bench.fake.script[1].ripen[0] = &op.op;
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_str_eq(bench.trace.text, "");
    cr_assert_eq(op.op.state, BROOD__SUBMITTED);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_str_eq(bench.trace.text, "op");
    cr_assert_eq(bench.fake.finishes, 2);
    close_bench();
}

/* ---- time-outs ------------------------------------------------------------------ */

Test(loop, a_step_waits_until_its_deadline)
{
    open_bench(NULL);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_eq(brood_loop_step(bench.loop, bench.fake.clock + 5 * MS), 0);
    cr_assert_eq(brood_loop_step(bench.loop, bench.fake.clock - 1), 0);
    cr_assert_eq(brood_loop_step(bench.loop, INT64_MIN), 0);
    bench.fake.woken = true;
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_eq(bench.fake.timeouts[0], 0);
    cr_assert_eq(bench.fake.timeouts[1], 5 * MS);
    cr_assert_eq(bench.fake.timeouts[2], 0);
    cr_assert_eq(bench.fake.timeouts[3], 0);
    cr_assert_eq(bench.fake.timeouts[4], BROOD_FOREVER);
    close_bench();
}

Test(loop, a_wait_ends_when_the_first_timer_is_due)
{
    const brood_time tick = 1 << BROOD__TICK_BITS;
    open_bench(NULL);
    brood_time when = bench.fake.clock + 20 * MS;
    brood_call_at(bench.loop, when, host_note, NOTE("timer"), NULL);
    brood_call_at(bench.loop, when + 90 * MS, host_note, NOTE("late"), NULL);
    for (int i = 0; i < 8 && bench.trace.text[0] == '\0'; i++)
        cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_str_eq(bench.trace.text, "timer");
    cr_assert_geq(bench.fake.clock, when);
    cr_assert_lt(bench.fake.clock, when + tick);
    close_bench();
}

static void post_remote(void *word)
{
    brood_call_soon_threadsafe(bench.loop, note_word, word);
}

Test(loop, a_call_from_a_thread_ends_the_wait)
{
    open_bench(NULL);
    bench.fake.script[0] = (struct fake_wait){.meanwhile = post_remote, .arg = remote};
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_eq(bench.fake.wakes, 1);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_str_eq(bench.trace.text, "remote");
    close_bench();
}

Test(loop, next_says_when_a_step_has_something_to_do)
{
    open_bench(NULL);
    brood_handle *handle;
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_FOREVER);

    brood_call_at(bench.loop, bench.fake.clock + 10 * MS, host_note, NOTE("timer"), &handle);
    brood_time next = brood_loop_next(bench.loop);
    cr_assert(next > bench.fake.clock && next <= bench.fake.clock + 11 * MS);
    brood_handle_cancel(handle);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_FOREVER);

    brood_call_soon(bench.loop, host_note, NOTE("call"), &handle);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    brood_handle_cancel(handle);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_FOREVER);

    bench.fake.pending = true;
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    bench.fake.pending = false;
    brood_call_soon_threadsafe(bench.loop, host_note, NOTE("remote"));
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_FOREVER);
    close_bench();
}

Test(loop, the_descriptor_is_the_backends)
{
    open_bench(NULL);
    cr_assert_eq(brood_loop_fd(bench.loop), 4711);
    close_bench();
}

/* ---- opening and closing ----------------------------------------------------------- */

Test(loop, wrong_options_are_refused)
{
    static const brood_loop_options wrong[] = {
        {.child_watcher = 2}, {.child_watcher = -1}, {.slow_callback_seconds = -0.5}};
    brood_loop *loop = NULL;
    fake_backend_init(&bench.fake);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(brood__loop_open_with(&loop, &wrong[i], &bench.fake.base), BROOD_EINVAL);
        cr_assert_eq(brood_loop_open(&loop, &wrong[i]), BROOD_EINVAL);
    }
    double zero = 0;
    brood_loop_options nan = {.slow_callback_seconds = zero / zero};
    cr_assert_eq(brood_loop_open(&loop, &nan), BROOD_EINVAL);
    cr_assert_eq(brood_loop_open(NULL, NULL), BROOD_EINVAL);
    cr_assert_null(loop);
    cr_assert_eq(bench.fake.closes, 0, "the backend is still the caller's");
}

struct leftover {
    struct brood__owned owned;
    bool destroyed;
};

static void destroy_leftover(struct brood__owned *owned)
{
    BROOD__CONTAINER(owned, struct leftover, owned)->destroyed = true;
}

static void log_line(void *arg, const char *message)
{
    cr_assert_eq(arg, &bench);
    trace_word(&bench.trace, message);
}

static const brood_loop_options logging = {.debug = true, .log = log_line, .log_arg = &bench};

Test(loop, leftovers_are_reported_and_freed)
{
    struct leftover pipe = {.owned = {.kind = "pipe", .destroy = destroy_leftover}};
    struct leftover silent = {.owned = {.destroy = destroy_leftover}};
    struct leftover gone = {.owned = {.kind = "subprocess", .destroy = destroy_leftover}};
    open_bench(&logging);
    brood__loop_own(bench.loop, &pipe.owned);
    brood__loop_own(bench.loop, &silent.owned);
    brood__loop_own(bench.loop, &gone.owned);
    brood__loop_disown(&gone.owned);
    brood_call_soon(bench.loop, host_note, NOTE("never"), NULL);
    brood_call_at(bench.loop, BROOD_FOREVER, host_note, NOTE("never"), NULL);
    close_bench();
    cr_assert(pipe.destroyed && silent.destroyed && !gone.destroyed);
    cr_assert_str_eq(bench.trace.text,
                     "closed with the loop: a pipe closed with the loop: 2 calls not made");
}

/* ---- debug ------------------------------------------------------------------------- */

static void take_a_moment(void *arg)
{
    (void)arg;
    brood_time began = brood_now();
    while (brood_now() - began < MS)
        ;
}

static void op_takes_a_moment(struct brood__op *op, void *data)
{
    (void)data;
    take_a_moment(op);
}

static size_t count_slow(const char *text, const char *what)
{
    size_t count = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        count++;
    return count;
}

Test(loop, slow_callbacks_are_reported_when_asked_for)
{
    brood_loop_options options = logging;
    options.slow_callback_seconds = 0.001;
    struct traced_op op;
    open_bench(&options);
    submit_traced(&op, "");
    op.op.type = &(struct brood__op_type){.done = op_takes_a_moment};
    bench.fake.script[0].ripen[0] = &op.op;
    brood_call_soon(bench.loop, take_a_moment, NULL, NULL);
    brood_call_at(bench.loop, 0, take_a_moment, NULL, NULL);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
    cr_assert_eq(count_slow(bench.trace.text, "slow callback: "), 3, "%s", bench.trace.text);
    cr_assert_eq(count_slow(bench.trace.text, "a timer took 0."), 1);
    cr_assert_eq(count_slow(bench.trace.text, "a posted call took 0."), 1);
    cr_assert_eq(count_slow(bench.trace.text, "an event of a pipe or child took 0."), 1);
    close_bench();
}

Test(loop, nothing_is_reported_without_debug_or_without_a_log)
{
    brood_loop_options quiet = logging, nowhere = {.debug = true, .slow_callback_seconds = 1e-9};
    quiet.debug = false;
    quiet.slow_callback_seconds = 1e-9;
    const brood_loop_options *const both[] = {&quiet, &nowhere};
    for (size_t i = 0; i < 2; i++) {
        open_bench(both[i]);
        brood_call_soon(bench.loop, take_a_moment, NULL, NULL);
        cr_assert_eq(brood_loop_step(bench.loop, BROOD_NOWAIT), 0);
        brood_call_soon(bench.loop, take_a_moment, NULL, NULL);
        close_bench();
    }
    cr_assert_str_eq(bench.trace.text, "");
}
