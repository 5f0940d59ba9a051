/* The poller that the test moves. */
#include "fake_poller.h"

#include "fake_host_posix.h"
#include "reactor.h"
#include "support.h"

static struct fake_poller *fake_of(struct brood__poller *poller)
{
    return BROOD__CONTAINER(poller, struct fake_poller, base);
}

static void close_fake(struct brood__poller *poller, bool forked)
{
    fake_of(poller)->closes += !forked;
}

static int set(struct brood__poller *poller, int fd, unsigned from, unsigned to, uint64_t cookie)
{
    struct fake_poller *fake = fake_of(poller);
    cr_assert_lt(fake->set_count, FAKE_LIMIT);
    fake->sets[fake->set_count++] = (struct fake_set){fd, from, to, cookie};
    return fake->set_error;
}

static int wait_for_events(struct brood__poller *poller, brood_time timeout,
                           struct brood__event *events, int max)
{
    struct fake_poller *fake = fake_of(poller);
    int count = fake->event_count;
    cr_assert_leq(count, max);
    fake->waits++;
    fake->timeout = timeout;
    fake->event_count = 0;
    for (int i = 0; i < count; i++)
        events[i] = fake->events[i];
    return count;
}

static void wake(struct brood__poller *poller)
{
    (void)poller;
}

static int descriptor(const struct brood__poller *poller)
{
    (void)poller;
    return 4712;
}

static const struct brood__poller_table table = {
    .close = close_fake,
    .set = set,
    .wait = wait_for_events,
    .wake = wake,
    .descriptor = descriptor,
};

void fake_poller_init(struct fake_poller *fake)
{
    *fake = (struct fake_poller){.base.table = &table};
}

/* ---- the reactor on it ------------------------------------------------------- */

void bench_open(struct reactor_bench *bench)
{
    fake_poller_init(&bench->fake);
    cr_assert_eq(brood__reactor_open(&bench->backend, &bench->fake.base), 0);
    bench->table = bench->backend->table;
    host_pipe(bench->ends);
    cr_assert_eq(bench->table->attach(bench->backend, &bench->channel, bench->ends[0]), 0);
}

void bench_close(struct reactor_bench *bench)
{
    bench->table->close(bench->backend);
    cr_assert_eq(bench->fake.closes, 1);
    host_pipe_close(bench->ends);
}

void bench_submit(struct reactor_bench *bench, struct brood__op *op)
{
    bench->table->submit(bench->backend, &bench->channel, op);
}

void bench_cancel(struct reactor_bench *bench, struct brood__op *op)
{
    bench->table->cancel(bench->backend, op);
}

void bench_detach(struct reactor_bench *bench)
{
    bench->table->detach(bench->backend, &bench->channel);
}

static int round_of(struct reactor_bench *bench, brood_time timeout)
{
    struct brood__op_list ripe;
    struct brood__op *op;
    int done = 0;
    brood__op_list_init(&ripe);
    cr_assert_eq(bench->table->wait(bench->backend, timeout, &ripe), 0);
    while ((op = brood__op_list_take(&ripe)) != NULL)
        done += finish_spanned(bench->backend, op);
    return done;
}

int bench_round(struct reactor_bench *bench)
{
    return round_of(bench, BROOD_FOREVER);
}

int bench_look(struct reactor_bench *bench)
{
    return round_of(bench, 0);
}

void bench_announce(struct reactor_bench *bench, unsigned events)
{
    struct fake_poller *fake = &bench->fake;
    cr_assert_gt(fake->set_count, 0);
    fake->events[fake->event_count++] =
        (struct brood__event){.cookie = fake->sets[fake->set_count - 1].cookie, .events = events};
}

void bench_expect_set(const struct reactor_bench *bench, size_t number, int fd, unsigned from,
                      unsigned to)
{
    cr_assert_gt(bench->fake.set_count, number);
    const struct fake_set *seen = &bench->fake.sets[number];
    cr_expect_eq(seen->fd, fd);
    cr_expect_eq(seen->from, from);
    cr_expect_eq(seen->to, to);
}
