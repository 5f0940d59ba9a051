/* Reads of a busy pipe: one that was filled is followed by another without a question, and
 * not for ever. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "fake_poller.h"
#include "flow.h"
#include "support.h"

SUITE(reactor_again);

enum { FULL = 65536 };

static struct reactor_bench bench;
static char own[2];
static bool shared;

/* The first read of much makes the pipe a busy one. */
static struct brood__op read_of_a_busy_pipe(void)
{
    static char much[FULL];
    struct brood__op read = op_of(BROOD__READ);
    bench_open(&bench);
    bench.channel.steady = !shared;
    cr_assert_eq(write(bench.ends[1], much, FULL), FULL);
    bench_submit(&bench, &read);
    bench_round(&bench);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, FULL);
    return read;
}

static void submit_two_bytes(struct brood__op *read)
{
    *span_of(read) = (struct brood__span){.data = own, .len = sizeof own};
    bench_submit(&bench, read);
}

/* What made the pipe a busy one came before it was: the first filled read is this one. */
static struct brood__op filled_read(const char *text)
{
    struct brood__op read = read_of_a_busy_pipe();
    host_put(bench.ends[1], text);
    submit_two_bytes(&read);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, 2);
    return read;
}

static void close_all(void)
{
    bench.table->abandon(bench.backend, &bench.channel);
    bench_close(&bench);
}

Test(reactor_again, what_a_busy_pipe_still_has_is_read_without_a_question_three_times)
{
    struct brood__op read = filled_read("aabbccddeeffgghhiijj");
    for (int i = 0; i < 9; i++) {
        size_t waits = bench.fake.waits;
        submit_two_bytes(&read);
        cr_assert(bench.table->pending(bench.backend), "a host has to make a round");
        cr_assert_eq(bench_round(&bench), 1);
        cr_assert_eq(read.result, 2);
        cr_assert_eq(own[0], 'b' + i);
        cr_assert_eq(bench.fake.waits - waits, i % 4 == 3, "%d", i);
        cr_assert(i % 4 != 3 || bench.fake.timeout == 0, "others have their turn");
    }
    cr_expect_eq(bench.fake.set_count, 1, "its registration stays");
    close_all();
}

Test(reactor_again, a_round_that_is_not_to_wait_always_asks)
{
    struct brood__op read = filled_read("aabbccdd");
    for (int i = 0; i < 3; i++) {
        size_t waits = bench.fake.waits;
        submit_two_bytes(&read);
        cr_assert_eq(bench_look(&bench), 1);
        cr_assert_eq(bench.fake.waits, waits + 1);
    }
    close_all();
}

Test(reactor_again, a_read_that_is_not_filled_is_the_last)
{
    struct brood__op read = filled_read("aab");
    submit_two_bytes(&read);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, 1);
    submit_two_bytes(&read);
    cr_assert_not(bench.table->pending(bench.backend));
    cr_assert_eq(bench_round(&bench), 0);
    cr_assert_eq(bench.fake.timeout, BROOD_FOREVER);
    cr_expect_eq(bench.fake.set_count, 1);
    close_all();
}

Test(reactor_again, one_that_finds_nothing_waits_as_any_other)
{
    struct brood__op read = filled_read("aa");
    submit_two_bytes(&read);
    cr_assert_eq(bench_round(&bench), 0);
    cr_assert_eq(read.state, BROOD__SUBMITTED);
    cr_assert_not(bench.table->pending(bench.backend));
    host_put(bench.ends[1], "b");
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, 1);
    cr_expect_eq(bench.fake.set_count, 1);
    close_all();
}

Test(reactor_again, one_that_is_cancelled_takes_no_byte)
{
    struct brood__op again = filled_read("aabb");
    char bytes[4];
    submit_two_bytes(&again);
    bench_cancel(&bench, &again);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(again.result, BROOD_ECANCELED);
    cr_assert_eq(read(bench.ends[0], bytes, sizeof bytes), 2);
    bench_detach(&bench);
    bench_close(&bench);
}

/* Without memory for larger reads they stay as they are, and it is asked for again. */
Test(reactor_again, without_memory_for_larger_reads_they_stay_small)
{
    struct brood__flow flow;
    struct brood__channel busy = {.widened = true, .filled = UINT8_MAX};
    cr_assert_eq(brood__flow_open(&flow), 0);
    test_fail_allocation(1, false);
    struct brood__span span = brood__flow_scratch(&flow, &busy);
    test_fail_allocation(0, false);
    cr_expect_eq(span.len, FULL);
    memset(span.data, 0, span.len);
    span = brood__flow_scratch(&flow, &busy);
    cr_expect_eq(span.len, BROOD__FLOW_LARGE);
    memset(span.data, 0, span.len);
    brood__flow_close(&flow);
}

Test(reactor_again, a_loop_is_closed_with_one_outstanding)
{
    struct brood__op read = filled_read("aabb");
    submit_two_bytes(&read);
    close_all();
}

/* Somebody else may have made it block meanwhile. */
Test(reactor_again, a_descriptor_that_others_have_is_always_asked_about)
{
    shared = true;
    struct brood__op read = filled_read("aabb");
    size_t waits = bench.fake.waits;
    submit_two_bytes(&read);
    cr_assert_eq(bench_look(&bench), 0);
    cr_assert_eq(bench.fake.waits, waits + 1);
    close_all();
}
