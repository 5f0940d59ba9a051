/* Random schedules of reads, deadlines, cancellations and arrivals against a model: a
 * plain array and a naive search.  No byte may be lost, doubled or out of order, and
 * every answer must be the model's.  BROOD_TEST_SEED runs from that seed on; a schedule
 * that fails names its own. */
#include <criterion/logging.h>
#include <stdio.h>

#include "readers.h"

SUITE(reader_model);

enum { MOST = 6000, SEPARATORS = 3 };

struct schedule {
    uint64_t seed, random;
    struct source source;
    bool piped;
    size_t limit;

    char stream[MOST]; /* all that is ever sent */
    size_t total, sent, taken;
    bool closed, end_seen;

    brood_slice lent; /* stays until the next call on the reader */
    size_t lent_at;
    char problem[160];
};

struct operation {
    struct schedule *schedule;
    enum reading kind;
    size_t n;
    brood_slice separators[SEPARATORS];
    size_t count;
    brood_time deadline;
    bool in_task, cancelled;
    unsigned arrivals; /* while it waits */
    brood_task *task;
};

struct answer {
    ptrdiff_t result; /* or not_yet */
    size_t len, which;
};

static const ptrdiff_t not_yet = 1 - PTRDIFF_MAX;

static size_t below(struct schedule *schedule, size_t bound)
{
    uint64_t *state = &schedule->random;
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (size_t)((mixed ^ mixed >> 31) % bound);
}

static void complain(struct schedule *schedule, const char *what, size_t a, size_t b)
{
    if (schedule->problem[0] == '\0')
        snprintf(schedule->problem, sizeof schedule->problem, "%s: %zd, %zd; %zu of %zu taken",
                 what, (ssize_t)a, (ssize_t)b, schedule->taken, schedule->total);
}

/* ---- the model --------------------------------------------------------------------------- */

static bool ends_with(const char *data, size_t len, const brood_slice *separator)
{
    return separator->len <= len &&
           memcmp(data + len - separator->len, separator->data, separator->len) == 0;
}

static struct answer expect_separator(const struct operation *op, const char *data, size_t len,
                                      bool end)
{
    size_t limit = op->schedule->limit, longest = 0;
    for (size_t i = 0; i < op->count; i++)
        longest = op->separators[i].len > longest ? op->separators[i].len : longest;
    for (size_t n = 1; n <= len; n++) {
        size_t found = op->count;
        for (size_t i = 0; i < op->count; i++)
            if (ends_with(data, n, &op->separators[i]) &&
                (found == op->count || op->separators[i].len < op->separators[found].len))
                found = i;
        if (found < op->count && n - op->separators[found].len > limit)
            return (struct answer){.result = BROOD_ELIMIT};
        if (found < op->count)
            return (struct answer){(ptrdiff_t)n, n, found};
    }
    if (len + 1 > longest + limit)
        return (struct answer){.result = BROOD_ELIMIT};
    if (!end)
        return (struct answer){.result = not_yet};
    return (struct answer){op->kind == READ_LINE ? (ptrdiff_t)len : BROOD_EINCOMPLETE, len, 0};
}

/* What the read gives when these bytes have come, and the end or not. */
static struct answer expect(const struct operation *op, const char *data, size_t len, bool end)
{
    struct answer wait = {.result = not_yet}, all = {(ptrdiff_t)len, len, 0};
    struct answer some = {(ptrdiff_t)op->n, op->n, 0};
    switch (op->kind) {
    case READ:
        if (op->n <= len)
            return some;
        return len > 0 || end ? all : wait;
    case READ_SLICE:
        return len > 0 || end ? all : wait;
    case READ_EXACTLY:
        if (op->n <= len)
            return some;
        return end ? (struct answer){BROOD_EINCOMPLETE, len, 0} : wait;
    case READ_ALL:
        if (len > op->n)
            return (struct answer){.result = BROOD_ELIMIT};
        return end ? all : wait;
    default:
        return expect_separator(op, data, len, end);
    }
}

/* ---- a read, and whether it was right ------------------------------------------------------- */

static void check_lent(struct schedule *schedule)
{
    if (schedule->lent.len > 0 &&
        memcmp(schedule->lent.data, schedule->stream + schedule->lent_at, schedule->lent.len) != 0)
        complain(schedule, "a lent slice has changed", schedule->lent_at, schedule->lent.len);
    schedule->lent.len = 0;
}

static bool same(struct answer a, struct answer b)
{
    return a.result == b.result && a.len == b.len && a.which == b.which;
}

static void check_answer(struct operation *op, struct answer got)
{
    struct schedule *schedule = op->schedule;
    size_t come = got.len + brood_reader_buffered(schedule->source.reader);
    size_t sent = schedule->sent - schedule->taken;
    if (schedule->piped ? come > sent : come != sent)
        complain(schedule, "lost or doubled", come, sent);
    const char *data = schedule->stream + schedule->taken;
    bool may_end = schedule->closed && come == sent, ended = schedule->end_seen;
    if (!schedule->piped)
        ended = schedule->closed;
    struct answer open = expect(op, data, come, ended), end = expect(op, data, come, may_end);
    if (got.result == BROOD_ETIMEDOUT || got.result == BROOD_ECANCELED) {
        bool allowed =
            got.result == BROOD_ECANCELED ? op->cancelled : op->deadline != BROOD_FOREVER;
        if (!allowed || got.len > 0 || (!op->in_task && open.result != not_yet))
            complain(schedule, "gave up", (size_t)got.result, (size_t)open.result);
    } else if (!same(got, open)) {
        if (!same(got, end))
            complain(schedule, "another answer", (size_t)got.result, (size_t)open.result);
        schedule->end_seen = true;
    }
    schedule->taken += got.len;
}

static void check_bytes(struct schedule *schedule, const char *data, size_t len)
{
    if (len > 0 && (schedule->taken + len > schedule->sent ||
                    memcmp(data, schedule->stream + schedule->taken, len) != 0))
        complain(schedule, "other bytes", schedule->taken, len);
}

static struct answer read_copy(struct operation *op)
{
    static char bytes[2 * MOST];
    struct answer got = {0};
    brood_reader *reader = op->schedule->source.reader;
    brood_buffer out = {0};
    if (op->kind == READ_ALL) {
        got.result = brood_reader_read_all(reader, &out, op->n, op->deadline);
        got.len = out.len;
    } else if (op->kind == READ) {
        got.result = brood_reader_read(reader, bytes, op->n, op->deadline);
        got.len = got.result > 0 ? (size_t)got.result : 0;
    } else {
        got.result = brood_reader_readexactly(reader, bytes, op->n, &got.len, op->deadline);
    }
    check_bytes(op->schedule, out.len > 0 ? out.data : bytes, got.len);
    brood_buffer_free(&out);
    return got;
}

static struct answer read_lent(struct operation *op)
{
    struct answer got = {0};
    brood_reader *reader = op->schedule->source.reader;
    brood_slice slice = {0}, *first = op->separators;
    if (op->kind == READ_SLICE)
        got.result = brood_reader_read_slice(reader, &slice, op->deadline);
    else if (op->kind == READ_LINE)
        got.result = brood_reader_readline(reader, &slice, op->deadline);
    else if (op->kind == READ_UNTIL)
        got.result = brood_reader_readuntil(reader, first->data, first->len, &slice, op->deadline);
    else
        got.result =
            brood_reader_readuntil_any(reader, first, op->count, &slice, &got.which, op->deadline);
    got.len = slice.len;
    check_bytes(op->schedule, slice.data, slice.len);
    op->schedule->lent = slice;
    op->schedule->lent_at = op->schedule->taken;
    return got;
}

static int perform(void *arg)
{
    struct operation *op = arg;
    check_lent(op->schedule);
    bool copies = op->kind == READ || op->kind == READ_EXACTLY || op->kind == READ_ALL;
    check_answer(op, copies ? read_copy(op) : read_lent(op));
    return 0;
}

/* ---- what arrives ------------------------------------------------------------------------------ */

static void arrive(struct schedule *schedule)
{
    size_t left = schedule->total - schedule->sent, most = (size_t)1 << below(schedule, 12);
    size_t len = 1 + below(schedule, most);
    len = len < left ? len : left;
    const char *data = schedule->stream + schedule->sent;
    if (schedule->closed)
        return;
    if (left == 0) {
        supply_end(&schedule->source);
        schedule->closed = true;
    } else if (schedule->piped) {
        schedule->sent += put_some(schedule->source.peer, data, len);
    } else {
        check_lent(schedule);
        int over = brood_reader_feed(schedule->source.reader, data, len);
        size_t buffered = brood_reader_buffered(schedule->source.reader);
        schedule->sent += len;
        if (over != (buffered > 2 * schedule->limit))
            complain(schedule, "feeding", (size_t)over, buffered);
    }
}

static int meddle(void *arg)
{
    struct operation *op = arg;
    for (unsigned i = 0; i < op->arrivals; i++) {
        if (below(op->schedule, 2) == 0)
            brood_sleep(op->schedule->source.loop, BROOD_NOWAIT);
        arrive(op->schedule);
    }
    if (below(op->schedule, 2) == 0)
        brood_sleep(op->schedule->source.loop, BROOD_NOWAIT);
    if (op->cancelled)
        brood_task_cancel(op->task);
    return 0;
}

/* ---- schedules ---------------------------------------------------------------------------------- */

static void choose_separators(struct operation *op)
{
    static const char *const choices[] = {"\n", "a",   "b",   "ab",   "aa",   "ba", "aab",
                                          "bb", "a\n", "aba", "abab", "b\nb", "xx", "bbbb"};
    op->count = op->kind == READ_UNTIL_ANY ? 1 + below(op->schedule, SEPARATORS) : 1;
    for (size_t i = 0; i < op->count; i++) {
        const char *choice = choices[below(op->schedule, sizeof choices / sizeof choices[0])];
        if (op->kind == READ_LINE)
            choice = "\n";
        op->separators[i] = (brood_slice){choice, strlen(choice)};
    }
}

/* Whether what has been sent is enough for an answer. */
static bool is_sure(const struct operation *op)
{
    const struct schedule *schedule = op->schedule;
    return expect(op, schedule->stream + schedule->taken, schedule->sent - schedule->taken,
                  schedule->closed)
               .result != not_yet;
}

static struct operation choose(struct schedule *schedule)
{
    struct operation op = {.schedule = schedule, .kind = (enum reading)below(schedule, READINGS)};
    op.n = below(schedule, (size_t)1 << below(schedule, 13));
    if (op.kind == READ_ALL && below(schedule, 2) == 0)
        op.n = SIZE_MAX;
    choose_separators(&op);
    op.in_task = below(schedule, 3) == 0;
    op.cancelled = op.in_task && below(schedule, 2) == 0;
    op.arrivals = (unsigned)below(schedule, 4);
    size_t patience = below(schedule, 8);
    if ((is_sure(&op) || op.cancelled) && patience > 2)
        op.deadline = BROOD_FOREVER;
    else
        op.deadline = patience == 0 ? brood_in(0.0001) : BROOD_NOWAIT;
    return op;
}

static void step(struct schedule *schedule)
{
    struct operation op = choose(schedule);
    if (!op.in_task) {
        perform(&op);
        return;
    }
    brood_task *meddler;
    cr_assert_eq(brood_task_start(schedule->source.loop, perform, &op, &op.task), 0);
    cr_assert_eq(brood_task_start(schedule->source.loop, meddle, &op, &meddler), 0);
    cr_assert_eq(brood_task_join(meddler, NULL, test_deadline()), 0);
    cr_assert_eq(brood_task_join(op.task, NULL, test_deadline()), 0,
                 "it does not end: BROOD_TEST_SEED=%llu", (unsigned long long)schedule->seed);
}

static void make_stream(struct schedule *schedule)
{
    static const char letters[] = "aaaabbb\nxy";
    size_t kinds = below(schedule, 2) == 0 ? 8 : sizeof letters - 1;
    schedule->total = below(schedule, MOST);
    for (size_t i = 0; i < schedule->total; i++)
        schedule->stream[i] = letters[below(schedule, kinds)];
}

static bool is_over(const struct schedule *schedule)
{
    return schedule->problem[0] != '\0' ||
           (schedule->closed && brood_reader_at_eof(schedule->source.reader));
}

static void run_schedule(uint64_t seed)
{
    static struct schedule empty, schedule;
    schedule = empty;
    schedule.seed = schedule.random = seed;
    schedule.piped = below(&schedule, 2) == 0;
    size_t limit = below(&schedule, (size_t)1 << below(&schedule, 11));
    schedule.limit = limit == 0 ? BROOD_DEFAULT_LIMIT : limit;
    schedule.source = any_source(schedule.piped, limit);
    make_stream(&schedule);
    for (int i = 0; i < 20000 && !is_over(&schedule); i++) {
        if (below(&schedule, 2) == 0)
            arrive(&schedule);
        step(&schedule);
    }
    check_lent(&schedule);
    cr_assert(schedule.problem[0] == '\0', "%s; BROOD_TEST_SEED=%llu", schedule.problem,
              (unsigned long long)seed);
    cr_assert(is_over(&schedule), "no end; BROOD_TEST_SEED=%llu", (unsigned long long)seed);
    cr_assert_eq(schedule.taken, schedule.total, "BROOD_TEST_SEED=%llu", (unsigned long long)seed);
    source_close(&schedule.source);
}

static void run_schedules(unsigned quarter)
{
    const char *given = getenv("BROOD_TEST_SEED");
    uint64_t seed = given == NULL ? 20240601 : strtoull(given, NULL, 10);
    unsigned count = getenv("BROOD_TEST_VALGRIND") == NULL ? 250 : 40;
    for (unsigned i = 0; i < count; i++) {
        cr_log_info("seed %llu", (unsigned long long)(seed + quarter * 250 + i));
        run_schedule(seed + quarter * 250 + i);
    }
}

Test(reader_model, every_answer_is_the_models)
{
    run_schedules(0);
}

Test(reader_model, every_answer_is_the_models_second_quarter)
{
    run_schedules(1);
}

Test(reader_model, every_answer_is_the_models_third_quarter)
{
    run_schedules(2);
}

Test(reader_model, every_answer_is_the_models_last_quarter)
{
    run_schedules(3);
}
