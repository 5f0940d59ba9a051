/* What the tests of readers share: a reader with its loop, fed by hand or from a
 * pipe, and every way of reading as something that can be done here or in a task. */
#ifndef BROOD_TEST_READERS_H
#define BROOD_TEST_READERS_H

#include <stdint.h>
#include <unistd.h>

#include "pipe_recorder.h"

/* ---- a reader ------------------------------------------------------------------ */

struct source {
    brood_loop *loop;
    brood_reader *reader; /* NULL once the test has closed it */
    int peer;             /* writes into the pipe; -1: fed by hand, or closed */
};

static inline struct source fed_source(size_t limit)
{
    struct source source = {.loop = test_loop(), .peer = -1};
    cr_assert_eq(brood_reader_open(source.loop, limit, &source.reader), 0);
    return source;
}

static inline struct source piped_source(size_t limit)
{
    struct source source = {.loop = test_loop()};
    intptr_t end = make_read_end(&source.peer);
    cr_assert_eq(brood_reader_connect(source.loop, end, limit, &source.reader), 0);
    return source;
}

static inline struct source any_source(bool piped, size_t limit)
{
    return piped ? piped_source(limit) : fed_source(limit);
}

static inline void source_close(struct source *source)
{
    if (source->peer >= 0)
        close(source->peer);
    brood_reader_close(source->reader);
    test_loop_close(source->loop);
}

static inline void supply(const struct source *source, const char *text)
{
    if (source->peer >= 0)
        put(source->peer, text);
    else
        cr_assert_geq(brood_reader_feed(source->reader, text, strlen(text)), 0);
}

static inline void supply_end(struct source *source)
{
    if (source->peer >= 0)
        cr_assert_eq(close(source->peer), 0);
    else
        brood_reader_feed_eof(source->reader);
    source->peer = -1;
}

/* The call gives these bytes, in this slice. */
#define GIVES(call, slice, text)                                \
    do {                                                        \
        cr_assert_eq((call), (ptrdiff_t)strlen(text));          \
        cr_assert_eq((slice).len, strlen(text));                \
        cr_assert_arr_eq((slice).data, text, sizeof(text) - 1); \
    } while (0)

/* ---- a read ---------------------------------------------------------------------- */

enum reading {
    READ,
    READ_SLICE,
    READ_ALL,
    READ_EXACTLY,
    READ_LINE,
    READ_UNTIL,
    READ_UNTIL_ANY,
    READINGS,
    WAIT_EOF = READINGS, /* reads nothing, but waits */
    WAITS,
};

struct read_job {
    brood_reader *reader;
    enum reading kind;
    size_t n; /* READ, READ_EXACTLY: how many; READ_ALL: the most */
    brood_time deadline;

    ptrdiff_t result;
    bool ended;
    char bytes[1024];
    size_t len; /* of the bytes that came */
    brood_task *task;
};

static inline ptrdiff_t read_text(struct read_job *job, brood_slice *slice)
{
    static const brood_slice separators[] = {{"#", 1}, {"--", 2}};
    if (job->kind == READ_SLICE)
        return brood_reader_read_slice(job->reader, slice, job->deadline);
    if (job->kind == READ_LINE)
        return brood_reader_readline(job->reader, slice, job->deadline);
    if (job->kind == READ_UNTIL)
        return brood_reader_readuntil(job->reader, "#", 1, slice, job->deadline);
    return brood_reader_readuntil_any(job->reader, separators, 2, slice, NULL, job->deadline);
}

static inline ptrdiff_t read_whole(struct read_job *job)
{
    brood_buffer out = {0};
    ptrdiff_t n = brood_reader_read_all(job->reader, &out, job->n, job->deadline);
    cr_assert_leq(out.len, sizeof job->bytes);
    if (out.len > 0)
        memcpy(job->bytes, out.data, out.len);
    job->len = out.len;
    brood_buffer_free(&out);
    return n;
}

static inline ptrdiff_t do_read(struct read_job *job)
{
    brood_slice slice = {0};
    job->len = 0;
    switch (job->kind) {
    case READ:
        job->result = brood_reader_read(job->reader, job->bytes, job->n, job->deadline);
        job->len = job->result > 0 ? (size_t)job->result : 0;
        break;
    case READ_EXACTLY:
        job->result =
            brood_reader_readexactly(job->reader, job->bytes, job->n, &job->len, job->deadline);
        break;
    case READ_ALL:
        job->result = read_whole(job);
        break;
    case WAIT_EOF:
        job->result = brood_reader_wait_eof(job->reader, job->deadline);
        break;
    default:
        job->result = read_text(job, &slice);
        cr_assert_leq(slice.len, sizeof job->bytes);
        if (slice.len > 0)
            memcpy(job->bytes, slice.data, slice.len);
        job->len = slice.len;
    }
    job->ended = true;
    return job->result;
}

/* A read of this kind that would take what `text` is, and waits for more than that
 * until the end of the stream. */
static inline struct read_job hungry(const struct source *source, enum reading kind)
{
    size_t n = kind == READ_ALL ? SIZE_MAX : 1024;
    return (struct read_job){
        .reader = source->reader, .kind = kind, .n = n, .deadline = test_deadline()};
}

static inline int run_job(void *arg)
{
    do_read(arg);
    return 0;
}

/* In a task, which waits when this returns. */
static inline void start_read(const struct source *source, struct read_job *job)
{
    cr_assert_eq(brood_task_start(source->loop, run_job, job, &job->task), 0);
    test_settle(source->loop);
}

static inline ptrdiff_t end_read(struct read_job *job)
{
    cr_assert_eq(brood_task_join(job->task, NULL, test_deadline()), 0);
    cr_assert(job->ended);
    return job->result;
}

#define GOT(job, text)                                  \
    do {                                                \
        cr_assert_eq((job).len, strlen(text));          \
        cr_assert_arr_eq((job).bytes, text, (job).len); \
    } while (0)

#endif
