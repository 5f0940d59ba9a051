/* The loop over a scripted backend: where signals have their place in a round. */
#include "fake_backend.h"
#include "fake_host_posix.h"
#include "loop.h"
#include "support.h"

SUITE(loop_posix);

/* A fake backend, a loop on it, and what the callbacks write down. */
struct bench {
    struct fake_backend fake;
    brood_loop *loop;
    struct trace trace;
};

static struct bench bench;

static void open_bench(void)
{
    fake_backend_init(&bench.fake);
    cr_assert_eq(brood__loop_open_with(&bench.loop, NULL, &bench.fake.base), 0);
}

static void close_bench(void)
{
    cr_assert_eq(brood_loop_close(bench.loop), 0);
    cr_assert_eq(bench.fake.closes, 1);
}

/* An operation that writes its word down when it is done. */
struct traced_op {
    struct brood__op op;
    struct brood__channel channel;
    const char *word;
};

static void op_done(struct brood__op *op)
{
    trace_word(&bench.trace, ((struct traced_op *)(void *)op)->word);
}

static void submit_traced(struct traced_op *traced, const char *word)
{
    traced->word = word;
    traced->op = (struct brood__op){.kind = BROOD__READ, .done = op_done};
    cr_assert_eq(brood__attach(bench.loop, &traced->channel, 7), 0);
    brood__submit(bench.loop, &traced->channel, &traced->op);
}

#define NOTE(word) (&(struct note){&bench.trace, word})

static struct brood__post closing;

static void run_closing(struct brood__post *post)
{
    (void)post;
    trace_word(&bench.trace, "closing");
}

static void wait_with_signal(void *arg)
{
    (void)arg;
    trace_word(&bench.trace, "wait");
    raise(SIGUSR1);
}

Test(loop_posix, a_round_has_its_order)
{
    struct traced_op one, two;
    open_bench();
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
    open_bench();
    brood_add_signal_handler(bench.loop, SIGUSR1, host_note, NOTE("signal"));
    raise(SIGUSR1);
    cr_assert_eq(bench.fake.wakes, 1);
    cr_assert_eq(brood_loop_next(bench.loop), BROOD_NOWAIT);
    cr_assert_eq(brood_loop_step(bench.loop, BROOD_FOREVER), 0);
    cr_assert_eq(bench.fake.timeouts[0], 0);
    cr_assert_str_eq(bench.trace.text, "signal");
    close_bench();
}
