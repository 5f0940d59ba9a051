/* The loop over a scripted backend: where signals have their place in a round. */
#include "bench.h"
#include "fake_host_posix.h"

SUITE(loop_posix);

static void wait_with_signal(void *arg)
{
    (void)arg;
    trace_word(&bench.trace, "wait");
    raise(SIGUSR1);
}

Test(loop_posix, a_round_has_its_order)
{
    struct traced_op one, two;
    open_bench(NULL);
    brood__post_init(&closing, run_closing);
    brood__loop_post_closing(bench.loop, &closing);
    brood_add_signal_handler(bench.loop, SIGUSR1, host_note, NOTE("signal"));
    submit_traced(&one, "op1");
    submit_traced(&two, "op2");
    brood_call_soon(bench.loop, host_note, NOTE("call"), NULL);
    brood_call_soon_threadsafe(bench.loop, host_note, NOTE("remote"));
    brood_call_at(bench.loop, bench.fake.clock / 2, host_note, NOTE("timer"), NULL);
    bench.fake.script[0] =
        (struct fake_wait){.ripen = {&two.op, &one.op}, .meanwhile = wait_with_signal};
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_str_eq(bench.trace.text, "timer call remote wait op2 op1 signal closing");
    cr_assert_eq(bench.fake.timeouts[0], 0, "the closing is to be run");
    close_bench();
}

Test(loop_posix, a_signal_that_came_is_something_to_do)
{
    open_bench(NULL);
    brood_add_signal_handler(bench.loop, SIGUSR1, host_note, NOTE("signal"));
    raise(SIGUSR1);
    cr_assert_eq(bench.fake.wakes, 1);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_eq(bench.fake.timeouts[0], 0);
    cr_assert_str_eq(bench.trace.text, "signal");
    close_bench();
}
