/* The loop on a scripted backend, for the tests of its rounds. */
#ifndef BROOD_TEST_BENCH_H
#define BROOD_TEST_BENCH_H

#include "fake_backend.h"
#include "fake_host.h"
#include "loop.h"
#include "support.h"

/* A fake backend, a loop on it, and what the callbacks write down. */
struct bench {
    struct fake_backend fake;
    brood_loop *loop;
    struct trace trace;
};

static struct bench bench;

static void open_bench(const brood_loop_options *options)
{
    fake_backend_init(&bench.fake);
    cr_assert_eq(brood__loop_open_with(&bench.loop, options, &bench.fake.base), 0);
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

static void op_done(struct brood__op *op, void *data)
{
    (void)data;
    trace_word(&bench.trace, ((struct traced_op *)(void *)op)->word);
}

static void submit_traced(struct traced_op *traced, const char *word)
{
    static const struct brood__op_type type = {.done = op_done};
    traced->word = word;
    traced->op = (struct brood__op){.kind = BROOD__READ, .type = &type};
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

#endif
