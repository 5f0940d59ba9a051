/* The reactor over a poller that the test moves: events
 * of the past, and what fails. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "fake_poller.h"
#include "reactor.h"
#include "support.h"

SUITE(reactor_failures);

static struct reactor_bench bench;

/* ---- registrations that are history ------------------------------------------------ */

Test(reactor_failures, an_event_of_an_earlier_registration_falls_dead)
{
    struct brood__op op = op_of(BROOD__POLL_IN);
    bench_open(&bench);
    bench_submit(&bench, &op);
    struct brood__event stale = {.cookie = bench.fake.sets[0].cookie, .events = BROOD__IN};
    bench_cancel(&bench, &op);
    bench_round(&bench);
    bench_detach(&bench);
    cr_assert_eq(bench.table->attach(bench.backend, &bench.channel, bench.ends[0]), 0);
    bench_submit(&bench, &op);
    cr_assert_neq(bench.fake.sets[bench.fake.set_count - 1].cookie, stale.cookie);
    bench.fake.events[bench.fake.event_count++] = stale;
    bench.fake.events[bench.fake.event_count++] =
        (struct brood__event){.cookie = 0x7fff, .events = BROOD__IN};
    cr_assert_eq(bench_round(&bench), 0);
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 1);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_failures, an_event_that_nobody_wants_falls_dead)
{
    struct brood__op op = op_of(BROOD__POLL_IN);
    bench_open(&bench);
    bench_submit(&bench, &op);
    bench_announce(&bench, BROOD__OUT | BROOD__GONE);
    cr_assert_eq(bench_round(&bench), 0);
    bench_announce(&bench, BROOD__IN);
    bench_announce(&bench, BROOD__IN); /* twice in one batch */
    cr_assert_eq(bench_round(&bench), 1);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_failures, many_channels_keep_their_own)
{
    enum { MANY = 50 };
    struct brood__channel channels[MANY];
    struct brood__op ops[MANY];
    bench_open(&bench);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(bench.table->attach(bench.backend, &channels[i], 1000 + i), 0);
        ops[i] = op_of(BROOD__POLL_GONE);
        bench.table->submit(bench.backend, &channels[i], &ops[i]);
        bench_expect_set(&bench, (size_t)i, 1000 + i, 0, BROOD__GONE);
    }
    bench.fake.events[0] =
        (struct brood__event){.cookie = bench.fake.sets[33].cookie, .events = BROOD__GONE};
    bench.fake.event_count = 1;
    cr_assert_eq(bench_round(&bench), 1);
    for (int i = 0; i < MANY; i++)
        cr_expect_eq(ops[i].state, i == 33 ? BROOD__IDLE : BROOD__SUBMITTED, "number %d", i);
    for (int i = 0; i < MANY; i++)
        bench.table->abandon(bench.backend, &channels[i]);
    bench_close(&bench);
}

/* ---- failures ---------------------------------------------------------------------- */

Test(reactor_failures, what_cannot_be_polled_is_always_ready)
{
    struct brood__op op = op_of(BROOD__READ);
    bench_open(&bench);
    bench.fake.set_error = BROOD_EPERM;
    host_put(bench.ends[1], "abc");
    bench_submit(&bench, &op);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(op.result, 3);
    cr_assert_eq(bench.fake.timeout, 0);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_failures, another_failure_of_set_is_the_result)
{
    struct brood__op op = op_of(BROOD__READ), out = op_of(BROOD__WRITE);
    bench_open(&bench);
    bench.fake.set_error = BROOD_ENOMEM;
    bench_submit(&bench, &op);
    bench_submit(&bench, &out);
    cr_assert_eq(bench_round(&bench), 2);
    cr_assert_eq(op.result, BROOD_ENOMEM);
    cr_assert_eq(out.result, BROOD_ENOMEM);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_failures, abandon_forgets_what_is_in_flight_and_settled)
{
    struct brood__op op = op_of(BROOD__POLL_IN), out = op_of(BROOD__POLL_OUT);
    bench_open(&bench);
    bench_submit(&bench, &op);
    bench_submit(&bench, &out);
    bench_cancel(&bench, &out);
    size_t sets = bench.fake.set_count;
    bench.table->abandon(bench.backend, &bench.channel);
    cr_assert_eq(bench.fake.set_count, sets, "the poller is left alone");
    cr_assert_not(bench.table->pending(bench.backend));
    bench_announce(&bench, BROOD__IN);
    cr_assert_eq(bench_round(&bench), 0);
    bench_close(&bench);
}

Test(reactor_failures, abandon_leaves_what_others_have_settled)
{
    struct brood__channel other;
    struct brood__op op = op_of(BROOD__POLL_IN), lost = op_of(BROOD__NOTHING);
    bench_open(&bench);
    cr_assert_eq(bench.table->attach(bench.backend, &other, 1000), 0);
    bench.table->submit(bench.backend, &other, &lost);
    bench_submit(&bench, &op);
    bench_cancel(&bench, &op);
    bench.table->abandon(bench.backend, &bench.channel);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(lost.state, BROOD__IDLE);
    bench.table->abandon(bench.backend, &other);
    bench_close(&bench);
}

Test(reactor_failures, cancelling_what_is_cancelled_is_harmless)
{
    struct brood__op op = op_of(BROOD__READ);
    bench_open(&bench);
    bench_submit(&bench, &op);
    bench_cancel(&bench, &op);
    bench_cancel(&bench, &op);
    cr_assert_eq(bench_round(&bench), 1);
    cr_assert_eq(bench_round(&bench), 0);
    bench_detach(&bench);
    bench_close(&bench);
}

Test(reactor_failures, no_memory_at_open_leaves_the_poller_to_the_caller)
{
    fake_poller_init(&bench.fake);
    for (size_t nth = 1; nth <= 2; nth++) {
        test_fail_allocation(nth, false);
        cr_assert_eq(brood__reactor_open(&bench.backend, &bench.fake.base), BROOD_ENOMEM);
        cr_assert(test_allocation_failed());
        cr_assert_eq(bench.fake.closes, 0);
        cr_assert_null(bench.backend);
    }
}
