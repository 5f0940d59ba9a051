/* Reads that repeat: in flight again as soon as they have given bytes, until there is an end. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "fake_poller.h"
#include "support.h"

SUITE(reactor_repeats);

static struct reactor_bench bench;

static void open_with(struct brood__op *read)
{
    *read = op_of(BROOD__READ);
    read->repeats = true;
    bench_open(&bench);
    bench_submit(&bench, read);
    cr_assert_eq(bench_round(&bench), 0);
}

static void give(struct brood__op *read, const char *text)
{
    *span_of(read) = (struct brood__span){0};
    host_put(bench.ends[1], text);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read->result, (ptrdiff_t)strlen(text));
    cr_assert_arr_eq(span_of(read)->data, text, strlen(text));
}

static void close_all(void)
{
    bench.table->abandon(bench.backend, &bench.channel);
    bench_close(&bench);
}

Test(reactor_repeats, it_is_submitted_once)
{
    struct brood__op read;
    open_with(&read);
    for (int i = 0; i < 10; i++) {
        give(&read, "abc");
        cr_assert_eq(read.state, BROOD__SUBMITTED);
        cr_assert_not(bench.table->pending(bench.backend));
    }
    cr_assert_eq(bench.fake.set_count, 1);
    close_all();
}

Test(reactor_repeats, the_end_is_its_last_result)
{
    struct brood__op read;
    open_with(&read);
    give(&read, "abc");
    close(bench.ends[1]);
    bench.ends[1] = -1;
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, 0);
    cr_assert_eq(read.state, BROOD__IDLE);
    cr_assert_null(bench.channel.in);
    cr_assert_eq(bench_round(&bench), 0);
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__IN, 0);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_repeats, between_two_of_its_results_it_can_be_cancelled)
{
    struct brood__op op;
    char bytes[4];
    open_with(&op);
    give(&op, "abc");
    host_put(bench.ends[1], "d");
    bench_cancel(&bench, &op);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(op.result, BROOD_ECANCELED);
    cr_assert_eq(op.state, BROOD__IDLE);
    cr_assert_eq(read(bench.ends[0], bytes, sizeof bytes), 1, "and has taken no byte");
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_repeats, what_cannot_be_polled_goes_on_all_the_same)
{
    struct brood__op read = op_of(BROOD__READ);
    read.repeats = true;
    bench_open(&bench);
    bench.fake.set_error = BROOD_EPERM;
    bench_submit(&bench, &read);
    for (int i = 0; i < 3; i++) {
        *span_of(&read) = (struct brood__span){0};
        host_put(bench.ends[1], "abc");
        cr_assert_eq(bench_round(&bench), 1);
        cr_assert_eq(read.result, 3);
        cr_assert_eq(bench.fake.timeout, 0);
    }
    close_all();
}

/* A poller that forgets what it has told: it is asked about again. */
Test(reactor_repeats, a_spent_interest_is_told_anew)
{
    struct brood__op read;
    open_with(&read);
    bench_announce(&bench, BROOD__IN);
    bench.fake.events[0].spent = BROOD__IN;
    host_put(bench.ends[1], "abc");
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(bench_round(&bench), 0);
    cr_assert_eq(bench.fake.set_count, 2);
    bench_expect_set(&bench, 1, bench.ends[0], 0, BROOD__IN);
    give(&read, "def");
    close_all();
}

/* A socket gives all that has come, whatever its size: what filled a read has left more. */
Test(reactor_repeats, a_socket_that_filled_a_read_is_read_again_without_a_question)
{
    struct brood__op read;
    char own[2];
    open_with(&read);
    bench.channel.socket = bench.channel.steady = true;
    host_put(bench.ends[1], "aabbc");
    bench_announce(&bench, BROOD__IN);
    for (int i = 0; i < 3; i++) {
        size_t waits = bench.fake.waits;
        *span_of(&read) = (struct brood__span){.data = own, .len = sizeof own};
        cr_assert_eq(bench_round(&bench), 1);
        cr_assert_eq(read.result, i < 2 ? 2 : 1);
        cr_assert_eq(own[0], 'a' + i);
        cr_assert_eq(bench.fake.waits - waits, i == 0);
    }
    cr_assert_not(bench.table->pending(bench.backend), "one that was not filled is the last");
    cr_assert_eq(bench.fake.set_count, 1);
    close_all();
}
