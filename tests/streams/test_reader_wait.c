/* Where a read waits: one at a time, in a task, outside of tasks, never in a callback,
 * and what BROOD_NOWAIT finds. */
#include "readers.h"

SUITE(reader_wait);

/* ---- one at a time --------------------------------------------------------------------- */

Test(reader_wait, sem_54_a_second_reader_is_refused_and_the_first_goes_on)
{
    for (int first = 0; first < READINGS; first++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)first);
        job.n = job.kind == READ_EXACTLY ? 8 : SIZE_MAX;
        start_read(&source, &job);
        for (int second = 0; second < READINGS; second++) {
            struct read_job other = hungry(&source, (enum reading)second);
            other.deadline = BROOD_NOWAIT;
            cr_expect_eq(do_read(&other), BROOD_EBUSY, "%d beside %d", second, first);
            start_read(&source, &other);
            cr_expect_eq(end_read(&other), BROOD_EBUSY, "%d beside %d", second, first);
        }
        cr_assert_eq(brood_reader_wait_eof(source.reader, BROOD_NOWAIT), BROOD_ETIMEDOUT);
        cr_assert_not(job.ended);
        supply(&source, "answer#\n");
        brood_reader_feed_eof(source.reader);
        ptrdiff_t expected = first == READ_UNTIL || first == READ_UNTIL_ANY ? 7 : 8;
        cr_assert_eq(end_read(&job), expected, "%d", first);
        cr_assert_arr_eq(job.bytes, "answer#\n", (size_t)expected);
        source_close(&source);
    }
}

Test(reader_wait, sem_54_what_woke_the_first_is_not_taken_by_a_second)
{
    struct source source = fed_source(0);
    struct read_job first = hungry(&source, READ), second = hungry(&source, READ);
    start_read(&source, &first);
    supply(&source, "for the first");
    cr_assert_not(first.ended);
    cr_assert_eq(do_read(&second), BROOD_EBUSY);
    cr_assert_eq(end_read(&first), 13);
    GOT(first, "for the first");
    source_close(&source);
}

Test(reader_wait, sem_54_after_cancelling_the_waiter_the_next_read_works)
{
    for (int kind = 0; kind < READINGS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind), next = hungry(&source, READ);
        start_read(&source, &job);
        brood_task_cancel(job.task);
        cr_assert_eq(end_read(&job), BROOD_ECANCELED, "%d", kind);
        start_read(&source, &next);
        supply(&source, "x");
        cr_assert_eq(end_read(&next), 1, "%d", kind);
        source_close(&source);
    }
}

/* ---- deadlines --------------------------------------------------------------------------- */

Test(reader_wait, a_deadline_ends_a_wait_in_a_task_and_outside)
{
    for (int piped = 0; piped < 2; piped++) {
        for (int kind = 0; kind < WAITS; kind++) {
            struct source source = any_source(piped != 0, 0);
            struct read_job job = hungry(&source, (enum reading)kind);
            job.deadline = brood_in(0.001);
            cr_expect_eq(do_read(&job), BROOD_ETIMEDOUT, "%d", kind);
            cr_expect_geq(brood_now(), job.deadline, "not early: %d", kind);
            job.deadline = brood_in(0.001);
            cr_assert_eq(brood_task_start(source.loop, run_job, &job, &job.task), 0);
            cr_expect_eq(end_read(&job), BROOD_ETIMEDOUT, "%d", kind);
            cr_expect_geq(brood_now(), job.deadline, "not early: %d", kind);
            source_close(&source);
        }
    }
}

static void stop(void *arg)
{
    brood_loop_stop(arg);
}

Test(reader_wait, stopping_the_loop_cancels_a_wait_outside_and_loses_nothing)
{
    for (int kind = READ_ALL; kind < READINGS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        brood_slice slice;
        supply(&source, "kept");
        cr_assert_eq(brood_call_soon(source.loop, stop, source.loop, NULL), 0);
        cr_expect_eq(do_read(&job), BROOD_ECANCELED, "%d", kind);
        GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "kept");
        source_close(&source);
    }
}

/* ---- where waiting is impossible --------------------------------------------------------------- */

static void read_in_callback(void *arg)
{
    do_read(arg);
}

static ptrdiff_t read_from_callback(const struct source *source, struct read_job *job)
{
    job->ended = false;
    cr_assert_eq(brood_call_soon(source->loop, read_in_callback, job, NULL), 0);
    test_run_until(source->loop, &job->ended);
    return job->result;
}

Test(reader_wait, a_callback_cannot_wait_and_loses_nothing_by_trying)
{
    for (int kind = 0; kind < WAITS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        brood_slice slice;
        if (kind > READ_SLICE)
            supply(&source, "kept");
        cr_expect_eq(read_from_callback(&source, &job), BROOD_EWAIT, "%d", kind);
        job.deadline = BROOD_NOWAIT;
        cr_expect_eq(read_from_callback(&source, &job), BROOD_EWAIT, "%d", kind);
        cr_expect_eq(do_read(&job), BROOD_ETIMEDOUT, "%d", kind);
        if (kind <= READ_SLICE)
            supply(&source, "kept");
        GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "kept");
        source_close(&source);
    }
}

Test(reader_wait, a_callback_gets_what_is_there)
{
    static const size_t lengths[WAITS] = {9, 9, 9, 3, 9, 4, 4, 0};
    for (int kind = 0; kind < WAITS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        job.n = kind == READ_EXACTLY ? 3 : SIZE_MAX;
        supply(&source, "abc#def-\n");
        if (kind == READ_ALL || kind == WAIT_EOF)
            brood_reader_feed_eof(source.reader);
        cr_expect_eq(read_from_callback(&source, &job), (ptrdiff_t)lengths[kind], "%d", kind);
        cr_expect_eq(job.len, lengths[kind], "%d", kind);
        source_close(&source);
    }
}

Test(reader_wait, a_task_cannot_wait_for_another_loops_reader)
{
    struct source mine = fed_source(0), other = fed_source(0);
    for (int kind = 0; kind < WAITS; kind++) {
        struct read_job job = hungry(&other, (enum reading)kind);
        start_read(&mine, &job);
        cr_expect_eq(end_read(&job), BROOD_EWAIT, "%d", kind);
    }
    source_close(&mine);
    source_close(&other);
}

/* ---- looking once ---------------------------------------------------------------------------- */

static ptrdiff_t look_once(const struct source *source, struct read_job *job, bool in_task)
{
    job->deadline = BROOD_NOWAIT;
    if (!in_task)
        return do_read(job);
    cr_assert_eq(brood_task_start(source->loop, run_job, job, &job->task), 0);
    return end_read(job);
}

static void find_in_pipe(bool in_task, bool at_first)
{
    for (int kind = 0; kind < READINGS; kind++) {
        struct source source = piped_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        bool whole = kind <= READ_SLICE;
        if (kind == READ_ALL) {
            source_close(&source);
            continue; /* it needs the end as well */
        }
        job.n = kind == READ_EXACTLY ? 7 : SIZE_MAX;
        if (!at_first)
            cr_assert_eq(look_once(&source, &job, in_task), BROOD_ETIMEDOUT);
        supply(&source, "answer#\n");
        ptrdiff_t expected = whole || kind == READ_LINE ? 8 : 7;
        cr_expect_eq(look_once(&source, &job, in_task), expected, "%d", kind);
        cr_expect_eq(brood_reader_buffered(source.reader), 8 - (size_t)expected);
        source_close(&source);
    }
}

Test(reader_wait, nowait_finds_what_the_kernel_has)
{
    find_in_pipe(false, false);
    find_in_pipe(true, false);
}

Test(reader_wait, nowait_finds_it_at_the_first_look_too)
{
    find_in_pipe(false, true);
    find_in_pipe(true, true);
}

Test(reader_wait, nowait_finds_the_end)
{
    for (int in_task = 0; in_task < 2; in_task++) {
        struct source source = piped_source(0);
        struct read_job job = hungry(&source, READ_SLICE), ender = hungry(&source, WAIT_EOF);
        supply(&source, "last");
        supply_end(&source);
        cr_assert_eq(look_once(&source, &job, in_task != 0), 4);
        cr_assert_eq(look_once(&source, &ender, in_task != 0), 0);
        cr_assert_eq(look_once(&source, &job, in_task != 0), 0);
        cr_assert(brood_reader_at_eof(source.reader));
        source_close(&source);
    }
}

Test(reader_wait, nowait_reads_a_long_stream_to_its_end)
{
    struct source source = piped_source(16);
    struct read_job job = {.reader = source.reader, .kind = READ_EXACTLY, .n = 1000};
    for (int i = 0; i < 20; i++) {
        char *bytes = pattern_of(1000);
        put_bytes(source.peer, bytes, 1000);
        for (int looks = 0; look_once(&source, &job, i % 2 != 0) == BROOD_ETIMEDOUT; looks++)
            cr_assert_lt(looks, 100);
        cr_assert_eq(job.result, 1000);
        cr_assert_arr_eq(job.bytes, bytes, 1000);
        free(bytes);
    }
    source_close(&source);
}
