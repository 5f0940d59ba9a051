/* Tasks that write and drain, several to a writer, with time-outs and cancellations at
 * random: what arrives is what was accepted, in order, and never more is buffered than
 * the mark and what was written at once. */
#include <stdio.h>
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer_producers);

enum { SCHEDULES = 200, PRODUCERS = 3, LARGEST = 30000, STREAM = 400000 };

struct schedule {
    struct sender sender;
    uint32_t seed, state;
    size_t high;
    brood_task *tasks[PRODUCERS];
    int running, time_outs, cancellations;
};

#define HOLDS(schedule, condition) cr_assert(condition, "BROOD_TEST_SEED=%u", (schedule)->seed)

static uint32_t below(struct schedule *schedule, uint32_t bound)
{
    schedule->state = schedule->state * 1664525u + 1013904223u;
    return (schedule->state >> 8) % bound;
}

static void check_buffered(struct schedule *schedule)
{
    const struct sender *sender = &schedule->sender;
    size_t buffered = brood_writer_buffered(sender->writer);
    HOLDS(schedule, sender_accounts(sender));
    HOLDS(schedule, buffered <= schedule->high + (size_t)PRODUCERS * LARGEST);
}

/* Until it may write again: impatient, and disturbed by others. */
static void drain(struct schedule *schedule)
{
    int error;
    do {
        brood_time deadline = below(schedule, 2) ? test_deadline() : brood_in(1e-5);
        error = brood_writer_drain(schedule->sender.writer, deadline);
        schedule->time_outs += error == BROOD_ETIMEDOUT;
        schedule->cancellations += error == BROOD_ECANCELED;
        HOLDS(schedule, error == 0 || error == BROOD_ETIMEDOUT || error == BROOD_ECANCELED);
    } while (error < 0);
}

static int produce(void *arg)
{
    struct schedule *schedule = arg;
    struct sender *sender = &schedule->sender;
    while (sender->accepted < STREAM) {
        size_t len = 1 + below(schedule, LARGEST), left = STREAM - sender->accepted;
        const char *next = sender->bytes + sender->accepted;
        int result = brood_writer_write(sender->writer, next, len < left ? len : left);
        HOLDS(schedule, result >= 0);
        sender->accepted += len < left ? len : left;
        HOLDS(schedule, result == 1 || brood_writer_buffered(sender->writer) <= schedule->high);
        check_buffered(schedule);
        drain(schedule);
    }
    schedule->running--;
    return 0;
}

static void take_some(struct schedule *schedule)
{
    static char block[65536];
    struct sender *sender = &schedule->sender;
    size_t len = 1 + below(schedule, sizeof block);
    size_t n = is_readable(sender->peer) ? take_bytes(sender->peer, block, len) : 0;
    HOLDS(schedule, memcmp(block, sender->bytes + sender->taken, n) == 0);
    sender->taken += n;
}

static void begin(struct schedule *schedule, brood_loop *loop, char *bytes)
{
    schedule->sender = (struct sender){.loop = loop, .bytes = bytes};
    intptr_t end = make_write_end(&schedule->sender.peer);
    cr_assert_eq(brood_writer_connect(loop, end, &schedule->sender.writer), 0);
    schedule->high = below(schedule, 100000);
    cr_assert_eq(brood_writer_set_limits(schedule->sender.writer, schedule->high, BROOD_DERIVED),
                 0);
    schedule->running = PRODUCERS;
    for (int i = 0; i < PRODUCERS; i++)
        cr_assert_eq(brood_task_start(loop, produce, schedule, &schedule->tasks[i]), 0);
}

static void run(struct schedule *schedule)
{
    struct sender *sender = &schedule->sender;
    brood_time deadline = test_deadline();
    while (schedule->running > 0 || sender->taken < STREAM) {
        if (below(schedule, 3) == 0)
            take_some(schedule);
        if (below(schedule, 10) == 0)
            brood_task_cancel(schedule->tasks[below(schedule, PRODUCERS)]);
        cr_assert_eq(brood_loop_step(sender->loop, BROOD_NOWAIT), 0);
        check_buffered(schedule);
        HOLDS(schedule, brood_now() < deadline);
    }
    for (int i = 0; i < PRODUCERS; i++)
        HOLDS(schedule, brood_task_join(schedule->tasks[i], NULL, deadline) == 0);
    HOLDS(schedule, brood_writer_flush(sender->writer, BROOD_NOWAIT) == 0);
    sender_close_peer(sender);
    HOLDS(schedule, brood_writer_wait_closed(sender->writer, deadline) == 0);
    brood_writer_free(sender->writer);
    test_settle(sender->loop);
}

Test(writer_producers, several_tasks_that_write_and_drain_lose_nothing)
{
    static struct schedule schedule;
    const char *wanted = getenv("BROOD_TEST_SEED");
    uint32_t seed = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : 20240817;
    uint32_t count = getenv("BROOD_TEST_VALGRIND") != NULL ? SCHEDULES / 10 : SCHEDULES;
    int time_outs = 0, cancellations = 0;
    fprintf(stderr, "seed %u\n", seed);
    brood_loop *loop = test_loop();
    char *bytes = pattern_of(STREAM);
    for (uint32_t i = 0; i < count; i++) {
        schedule = (struct schedule){.seed = seed + i, .state = seed + i};
        begin(&schedule, loop, bytes);
        run(&schedule);
        time_outs += schedule.time_outs;
        cancellations += schedule.cancellations;
    }
    cr_expect_gt(time_outs, 0);
    cr_expect_gt(cancellations, 0);
    test_loop_close(loop);
    free(bytes);
}
