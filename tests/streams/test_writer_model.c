/* Writers against a model: random schedules of writes, waits, time-outs, cancellations,
 * water marks and reads at the other end.  What arrives is what was accepted, in order;
 * what is buffered, over the mark, and woken, is what the model says, after every step.
 * BROOD_TEST_SEED repeats a schedule; each that fails names its seed. */
#include <stdio.h>
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer_model);

enum { SCHEDULES = 200, STEPS = 60, WAITINGS = 8, STREAM = 2 << 20, LARGEST = 200 * 1024 };

struct model {
    struct sender sender; /* accepted, taken */
    uint32_t seed, state;
    int step;
    size_t high, low;
    bool over; /* pause_writing is due or was called, and resume_writing has not been */
    struct waiting waiting[WAITINGS]; /* task NULL: free */
};

#define HOLDS(model, condition) \
    cr_assert(condition, "BROOD_TEST_SEED=%u, step %d", (model)->seed, (model)->step)

static uint32_t below(struct model *model, uint32_t bound)
{
    model->state = model->state * 1664525u + 1013904223u;
    return (model->state >> 8) % bound;
}

/* Mostly small, at times as large as they come; at least 1. */
static size_t random_size(struct model *model)
{
    static const uint32_t bounds[] = {16, 600, 5000, 5000, 20000, 70000, LARGEST};
    return 1 + below(model, bounds[below(model, sizeof bounds / sizeof *bounds)]);
}

/* ---- the model -------------------------------------------------------------------------- */

static bool is_late(const struct waiting *waiting, int result)
{
    return result == BROOD_ETIMEDOUT && waiting->deadline <= brood_now();
}

static void check_waiting(struct model *model, struct waiting *waiting)
{
    bool met = waiting->wait == brood_writer_drain   ? !model->over
               : waiting->wait == brood_writer_flush ? sender_must_hold(&model->sender, true) == 0
                                                     : false;
    if (!waiting->done) {
        HOLDS(model, !met && waiting->deadline != 1);
        return;
    }
    if (waiting->result == BROOD_ETIMEDOUT)
        HOLDS(model, is_late(waiting, waiting->result) && !(met && waiting->deadline == 1));
    else
        HOLDS(model, waiting->result == 0 && met);
    waiting_end(waiting);
    waiting->task = NULL;
}

/* After everything that a step brings about has happened. */
static void check(struct model *model)
{
    sender_settle(&model->sender);
    size_t buffered = sender_must_hold(&model->sender, true);
    HOLDS(model, brood_writer_buffered(model->sender.writer) == buffered);
    if (buffered <= model->low)
        model->over = false;
    for (int i = 0; i < WAITINGS; i++)
        if (model->waiting[i].task != NULL)
            check_waiting(model, &model->waiting[i]);
    HOLDS(model, brood_writer_drain(model->sender.writer, BROOD_NOWAIT) ==
                     (model->over ? BROOD_ETIMEDOUT : 0));
}

/* ---- steps -------------------------------------------------------------------------------- */

static void check_written(struct model *model, size_t before, size_t len, int result)
{
    model->sender.accepted += len;
    size_t buffered = sender_must_hold(&model->sender, false);
    HOLDS(model, brood_writer_buffered(model->sender.writer) == buffered);
    HOLDS(model, before == 0 || buffered == before + len);
    model->over = model->over || buffered > model->high;
    HOLDS(model, result == model->over);
}

static bool has_bytes_left(const struct model *model)
{
    return model->sender.accepted + LARGEST <= STREAM;
}

static void write_once(struct model *model)
{
    struct sender *sender = &model->sender;
    size_t before = brood_writer_buffered(sender->writer), len = random_size(model);
    if (!has_bytes_left(model))
        return;
    int result = brood_writer_write(sender->writer, sender->bytes + sender->accepted, len);
    check_written(model, before, len, result);
}

static void write_parts(struct model *model)
{
    struct sender *sender = &model->sender;
    brood_slice parts[20];
    size_t count = 1 + below(model, 20), len = 0, before = brood_writer_buffered(sender->writer);
    if (!has_bytes_left(model))
        return;
    for (size_t i = 0; i < count; i++) {
        parts[i] = (brood_slice){.data = sender->bytes + sender->accepted + len,
                                 .len = below(model, LARGEST / 20)};
        len += parts[i].len;
    }
    int result = brood_writer_writelines(sender->writer, parts, count);
    if (len > 0)
        check_written(model, before, len, result);
}

/* false: nothing was there, or the end. */
static bool take_some(struct model *model, size_t len)
{
    static char block[LARGEST];
    struct sender *sender = &model->sender;
    size_t n = is_readable(sender->peer) ? take_bytes(sender->peer, block, len) : 0;
    HOLDS(model, sender->taken + n <= sender->accepted);
    HOLDS(model, memcmp(block, sender->bytes + sender->taken, n) == 0);
    sender->taken += n;
    return n > 0;
}

static void read_some(struct model *model)
{
    take_some(model, random_size(model));
}

static void change_limits(struct model *model)
{
    model->high = below(model, 4) == 0 ? 0 : random_size(model);
    model->low = below(model, (uint32_t)model->high + 1);
    cr_assert_eq(brood_writer_set_limits(model->sender.writer, model->high, model->low), 0);
    if (brood_writer_buffered(model->sender.writer) > model->high)
        model->over = true;
}

static void start_waiting(struct model *model, writer_wait *wait)
{
    brood_time deadlines[] = {0, 0, 1, brood_in(1e-5)};
    for (int i = 0; i < WAITINGS; i++) {
        struct waiting *waiting = &model->waiting[i];
        if (waiting->task != NULL)
            continue;
        *waiting = (struct waiting){.deadline = deadlines[below(model, 4)]};
        waiting_start(&model->sender, waiting, wait);
        return;
    }
}

static void start_draining(struct model *model)
{
    start_waiting(model, brood_writer_drain);
}

static void start_flushing(struct model *model)
{
    start_waiting(model, brood_writer_flush);
}

static void start_waiting_for_the_end(struct model *model)
{
    start_waiting(model, brood_writer_wait_closed);
}

static void cancel_one(struct model *model)
{
    struct waiting *waiting = &model->waiting[below(model, WAITINGS)];
    if (waiting->task == NULL)
        return;
    brood_task_cancel(waiting->task);
    int got = waiting_end(waiting);
    HOLDS(model, got == BROOD_ECANCELED || is_late(waiting, got));
    waiting->task = NULL;
}

/* ---- ends --------------------------------------------------------------------------------- */

static void check_all_waiting(struct model *model, int result)
{
    for (int i = 0; i < WAITINGS; i++) {
        struct waiting *waiting = &model->waiting[i];
        if (waiting->task == NULL)
            continue;
        int got = waiting_end(waiting);
        HOLDS(model, got == result || is_late(waiting, got));
    }
}

/* To the end, with those who wait looked after once it has come. */
static void take_all(struct model *model)
{
    brood_time deadline = test_deadline();
    do {
        while (take_some(model, random_size(model)))
            ;
        cr_assert_eq(brood_loop_step(model->sender.loop, BROOD_NOWAIT), 0);
        HOLDS(model, brood_now() < deadline);
    } while (!is_readable(model->sender.peer) || available(model->sender.peer) > 0);
    HOLDS(model, model->sender.taken == model->sender.accepted);
}

static void end_by_close(struct model *model)
{
    brood_writer_close(model->sender.writer);
    HOLDS(model, brood_writer_write(model->sender.writer, "late", 4) == BROOD_ECLOSED);
    take_all(model);
    check_all_waiting(model, 0);
    HOLDS(model, brood_writer_wait_closed(model->sender.writer, test_deadline()) == 0);
}

static void end_by_free(struct model *model)
{
    brood_writer_free(model->sender.writer);
    model->sender.writer = NULL;
    check_all_waiting(model, BROOD_ECLOSED);
    take_all(model);
}

static void end_by_the_reader(struct model *model)
{
    int error = brood_writer_buffered(model->sender.writer) > 0 ? BROOD_EPIPE : 0;
    sender_close_peer(&model->sender);
    check_all_waiting(model, error);
    brood_writer *writer = model->sender.writer;
    HOLDS(model, brood_writer_wait_closed(writer, test_deadline()) == error);
    HOLDS(model, brood_writer_flush(writer, BROOD_FOREVER) == error);
    HOLDS(model, brood_writer_drain(writer, BROOD_FOREVER) == BROOD_ECONNRESET);
}

/* ---- schedules ---------------------------------------------------------------------------- */

typedef void model_step(struct model *model);

static uint32_t first_seed(void)
{
    const char *wanted = getenv("BROOD_TEST_SEED");
    uint32_t seed = wanted != NULL ? (uint32_t)strtoul(wanted, NULL, 10) : 20240817;
    fprintf(stderr, "seed %u\n", seed);
    return seed;
}

static void begin(struct model *model, brood_loop *loop, char *bytes, uint32_t seed)
{
    *model = (struct model){.seed = seed, .state = seed, .high = 65536, .low = 16384};
    model->sender = (struct sender){.loop = loop, .bytes = bytes};
    intptr_t end = make_write_end(&model->sender.peer);
    model->sender.capacity = capacity_of(model->sender.peer);
    cr_assert_eq(brood_writer_connect(loop, end, &model->sender.writer), 0);
    if (below(model, 2))
        sender_settle(&model->sender);
}

static void end(struct model *model)
{
    brood_writer_free(model->sender.writer);
    sender_close_peer(&model->sender);
    sender_settle(&model->sender);
}

static void run_schedules(model_step *const *steps, uint32_t count)
{
    static model_step *const ends[] = {end_by_close, end_by_free, end_by_the_reader};
    static struct model model;
    bool slow = getenv("BROOD_TEST_VALGRIND") != NULL;
    uint32_t seed = first_seed();
    brood_loop *loop = test_loop();
    char *bytes = pattern_of(STREAM);
    for (uint32_t i = 0; i < (slow ? SCHEDULES / 10 : SCHEDULES); i++) {
        begin(&model, loop, bytes, seed + i);
        for (model.step = 0; model.step < STEPS; model.step++) {
            steps[below(&model, count)](&model);
            check(&model);
        }
        ends[below(&model, 3)](&model);
        end(&model);
    }
    test_loop_close(loop);
    free(bytes);
}

#define RUN(...)                                        \
    run_schedules(((model_step *const[]){__VA_ARGS__}), \
                  sizeof((model_step *const[]){__VA_ARGS__}) / sizeof(model_step *))

Test(writer_model, writes_reads_and_drains)
{
    RUN(write_once, write_parts, read_some, read_some, start_draining);
}

Test(writer_model, water_marks_that_change)
{
    RUN(write_once, read_some, change_limits, start_draining);
}

Test(writer_model, flushes)
{
    RUN(write_once, write_parts, read_some, read_some, read_some, start_flushing, start_draining);
}

Test(writer_model, cancellations_and_everything_else)
{
    RUN(write_once, write_parts, read_some, read_some, change_limits, start_draining,
        start_draining, start_flushing, start_waiting_for_the_end, cancel_one, cancel_one);
}
