/* The reactor over a poller that the test moves: what it asks, and when. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "fake_poller.h"
#include "support.h"

SUITE(reactor);

static struct reactor_bench bench;

/* ---- interest ---------------------------------------------------------------------- */

Test(reactor, interest_is_told_once_and_before_waiting)
{
    struct brood__op read = op_of(BROOD__READ);
    bench_open(&bench);
    bench_submit(&bench, &read);
    bench_cancel(&bench, &read);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(bench.fake.set_count, 0, "nothing was wanted in the end");

    bench_submit(&bench, &read);
    cr_assert_eq(bench.fake.set_count, 0);
    cr_assert(bench.table->pending(bench.backend));
    cr_assert_eq(bench_round(&bench), 0);
    cr_assert_not(bench.table->pending(bench.backend));
    cr_assert_eq(bench.fake.set_count, 1);
    bench_expect_set(&bench, 0, bench.ends[0], 0, BROOD__IN);
    cr_assert_eq(bench.fake.timeout, BROOD_FOREVER);

    bench_cancel(&bench, &read);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, BROOD_ECANCELED);
    cr_assert_eq(bench.fake.timeout, 0, "a result that stands is not waited for");
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__IN, 0);
    bench_detach(&bench);
    cr_assert_eq(bench.fake.set_count, 2);
    bench_close(&bench);
}

Test(reactor, reading_again_tells_the_poller_nothing)
{
    struct brood__op read = op_of(BROOD__READ);
    bench_open(&bench);
    for (int i = 0; i < 10; i++) {
        *span_of(&read) = (struct brood__span){0};
        bench_submit(&bench, &read);
        cr_assert_eq(bench_round(&bench), 0);
        host_put(bench.ends[1], "abc");
        bench_announce(&bench, BROOD__IN);
        cr_assert_eq(bench_round(&bench), 1);
        cr_assert_eq(read.result, 3);
        cr_assert_arr_eq(span_of(&read)->data, "abc", 3);
    }
    cr_assert_eq(bench.fake.set_count, 1);
    bench_detach(&bench);
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__IN, 0);
    bench_close(&bench);
}

Test(reactor, both_ways_are_one_interest)
{
    struct brood__op read = op_of(BROOD__READ), out = op_of(BROOD__POLL_OUT);
    bench_open(&bench);
    bench_submit(&bench, &out);
    bench_expect_set(&bench, 0, bench.ends[0], 0, BROOD__OUT);
    bench_submit(&bench, &read);
    cr_assert_eq(bench_round(&bench), 0);
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__OUT, BROOD__IN | BROOD__OUT);
    bench_announce(&bench, BROOD__OUT);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(out.state, BROOD__IDLE);
    cr_assert_eq(out.result, 0);
    cr_assert_eq(bench_round(&bench), 0);
    bench_expect_set(&bench, 2, bench.ends[0], BROOD__IN | BROOD__OUT, BROOD__IN);
    bench.table->abandon(bench.backend, &bench.channel);
    bench_close(&bench);
}

/* ---- polls ------------------------------------------------------------------------- */

Test(reactor, a_poll_is_armed_and_disarmed_at_once)
{
    struct brood__op in = op_of(BROOD__POLL_IN);
    bench_open(&bench);
    bench_submit(&bench, &in);
    bench_expect_set(&bench, 0, bench.ends[0], 0, BROOD__IN);
    bench_cancel(&bench, &in);
    cr_assert_eq(bench.fake.set_count, 2);
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__IN, 0);
    cr_assert_eq(in.state, BROOD__SETTLED);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(in.result, BROOD_ECANCELED);
    bench_detach(&bench);
    cr_assert_eq(bench.fake.set_count, 2);
    bench_close(&bench);
}

/* Its descriptor may be closed right after the cancel (backend.h). */
Test(reactor, a_ripe_poll_is_disarmed_by_cancel_too)
{
    struct brood__op in = op_of(BROOD__POLL_IN);
    struct brood__op_list ripe;
    bench_open(&bench);
    bench_submit(&bench, &in);
    bench_announce(&bench, BROOD__IN);
    brood__op_list_init(&ripe);
    cr_assert_eq(bench.table->wait(bench.backend, BROOD_FOREVER, &ripe), 0);
    cr_assert_eq(in.state, BROOD__RIPE);
    bench_cancel(&bench, &in);
    cr_expect_eq(bench.fake.set_count, 2);
    cr_assert(finish_spanned(bench.backend, brood__op_list_take(&ripe)));
    cr_assert_eq(in.result, BROOD_ECANCELED);
    bench_detach(&bench);
    bench_expect_set(&bench, 1, bench.ends[0], BROOD__IN, 0);
    bench_close(&bench);
}

Test(reactor, polling_again_leaves_nothing_to_do)
{
    struct brood__op in = op_of(BROOD__POLL_IN);
    bench_open(&bench);
    bench_submit(&bench, &in);
    for (int i = 0; i < 3; i++) {
        bench_announce(&bench, BROOD__IN);
        cr_assert_eq(bench_round(&bench), 1);
        bench_submit(&bench, &in);
        cr_expect_not(bench.table->pending(bench.backend), "a host would make a round in vain");
    }
    cr_assert_eq(bench.fake.set_count, 1);
    bench.table->abandon(bench.backend, &bench.channel);
    bench_close(&bench);
}

Test(reactor, a_poll_that_cannot_be_armed_is_settled_at_once)
{
    struct brood__op in = op_of(BROOD__POLL_IN);
    bench_open(&bench);
    bench.fake.set_error = BROOD_EPERM;
    bench_submit(&bench, &in);
    cr_assert_eq(in.state, BROOD__SETTLED);
    cr_assert_eq(in.result, BROOD_EPERM);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(in.state, BROOD__IDLE);
    bench_detach(&bench);
    cr_assert_eq(bench.fake.set_count, 1, "what was not registered is not taken back");
    bench_close(&bench);
}

/* A device that cannot be polled is taken for always ready; one that is not, as a terminal
 * of macOS, must not be asked for ever. */
Test(reactor, what_cannot_be_polled_and_has_nothing_to_give_fails)
{
    struct brood__op read = op_of(BROOD__READ);
    bench_open(&bench);
    bench.fake.set_error = BROOD_EPERM;
    bench_submit(&bench, &read);
    cr_assert_eq(bench_round(&bench), 1);
    cr_expect_eq(read.result, BROOD_EPERM);
    cr_expect_eq(read.state, BROOD__IDLE);
    cr_expect_not(bench.table->pending(bench.backend));
    bench_detach(&bench);
    bench_close(&bench);
}

/* What nobody reads is told by set (kqueue): the write is made, and fails by itself. */
Test(reactor, a_reader_that_has_gone_makes_ripe_what_waited_for_room)
{
    struct brood__op gone = op_of(BROOD__POLL_GONE), out = op_of(BROOD__POLL_OUT);
    bench_open(&bench);
    bench.fake.set_error = BROOD_EPIPE;
    bench_submit(&bench, &gone);
    bench_submit(&bench, &out);
    cr_expect_eq(gone.state, BROOD__RIPE);
    cr_expect_eq(out.state, BROOD__RIPE);
    cr_assert_eq(bench_round(&bench), 2);
    cr_expect_eq(gone.result, 0);
    cr_expect_eq(out.result, 0);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor, what_the_system_has_forgotten_with_an_event_is_asked_anew)
{
    struct brood__op out = op_of(BROOD__POLL_OUT);
    bench_open(&bench);
    bench_submit(&bench, &out);
    bench_expect_set(&bench, 0, bench.ends[0], 0, BROOD__OUT);
    bench_announce(&bench, BROOD__OUT | BROOD__GONE);
    bench.fake.events[0].spent = BROOD__OUT | BROOD__GONE;
    cr_assert_eq(bench_round(&bench), 1);
    bench_submit(&bench, &out);
    bench_expect_set(&bench, 1, bench.ends[0], 0, BROOD__OUT);
    bench_cancel(&bench, &out);
    bench_round(&bench);
    bench_detach(&bench);
    bench_close(&bench);
}

/* ---- ripe operations --------------------------------------------------------------- */

Test(reactor, a_read_that_finds_nothing_stays_in_flight)
{
    struct brood__op read = op_of(BROOD__READ);
    bench_open(&bench);
    bench_submit(&bench, &read);
    bench_round(&bench);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 0);
    cr_assert_eq(read.state, BROOD__SUBMITTED);
    cr_assert_null(span_of(&read)->data);
    host_put(bench.ends[1], "x");
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(read.result, 1);
    cr_assert_eq(bench.fake.set_count, 1);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor, a_ripe_read_that_is_cancelled_takes_no_byte)
{
    struct brood__op op = op_of(BROOD__READ);
    struct brood__op_list ripe;
    char bytes[8];
    bench_open(&bench);
    bench_submit(&bench, &op);
    bench_round(&bench);
    host_put(bench.ends[1], "abc");
    bench_announce(&bench, BROOD__IN);
    brood__op_list_init(&ripe);
    cr_assert_eq(bench.table->wait(bench.backend, BROOD_FOREVER, &ripe), 0);
    bench_cancel(&bench, &op);
    cr_assert(finish_spanned(bench.backend, brood__op_list_take(&ripe)));
    cr_assert_null(ripe.first);
    cr_assert_eq(op.result, BROOD_ECANCELED);
    cr_assert_eq(bench_round(&bench), 0, "it completes once");
    cr_assert_eq(read(bench.ends[0], bytes, sizeof bytes), 3);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor, a_read_into_memory_of_ones_own)
{
    char bytes[4] = "";
    struct brood__op op = spanned_op(BROOD__READ, bytes, 2);
    bench_open(&bench);
    host_put(bench.ends[1], "abc");
    bench_submit(&bench, &op);
    bench_round(&bench);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(op.result, 2);
    cr_assert_str_eq(bytes, "ab");
    bench.table->abandon(bench.backend, &bench.channel);
    bench_close(&bench);
}
