/* How a reader ends: the stream's error, waiting for the end, closing while somebody
 * waits, and a loop that is closed first. */
#include "readers.h"

SUITE(reader_end);

/* ---- errors --------------------------------------------------------------------------- */

Test(reader_end, sem_55_an_error_wins_over_what_is_buffered_in_every_read)
{
    struct source source = fed_source(0);
    supply(&source, "a#--\n");
    brood_reader_set_error(source.reader, BROOD_EIO);
    cr_assert_eq(brood_reader_error(source.reader), BROOD_EIO);
    for (int kind = 0; kind < WAITS; kind++) {
        struct read_job job = hungry(&source, (enum reading)kind);
        job.n = job.kind == READ_ALL ? SIZE_MAX : 1;
        cr_expect_eq(do_read(&job), BROOD_EIO, "%d", kind);
        cr_expect_eq(job.len, 0, "%d", kind);
    }
    cr_assert_eq(brood_reader_buffered(source.reader), 5);
    source_close(&source);
}

Test(reader_end, sem_55_an_error_can_be_replaced_and_taken_back)
{
    struct source source = fed_source(0);
    brood_slice line;
    supply(&source, "kept\n");
    cr_assert_eq(brood_reader_error(source.reader), 0);
    brood_reader_set_error(source.reader, BROOD_EIO);
    brood_reader_set_error(source.reader, BROOD_EPERM);
    cr_assert_eq(brood_reader_error(source.reader), BROOD_EPERM);
    cr_assert_eq(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), BROOD_EPERM);
    brood_reader_set_error(source.reader, 0);
    cr_assert_eq(brood_reader_error(source.reader), 0);
    GIVES(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), line, "kept\n");
    source_close(&source);
}

Test(reader_end, sem_55_an_error_wakes_who_waits_and_keeps_the_bytes)
{
    for (int kind = 0; kind < WAITS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        bool takes_some = kind == READ || kind == READ_SLICE;
        brood_slice slice;
        if (!takes_some)
            supply(&source, "kept");
        start_read(&source, &job);
        cr_assert_not(job.ended, "%d", kind);
        brood_reader_set_error(source.reader, BROOD_EIO);
        cr_assert_not(job.ended, "nothing goes on inside the call: %d", kind);
        cr_assert_eq(end_read(&job), BROOD_EIO, "%d", kind);
        brood_reader_set_error(source.reader, 0);
        if (takes_some)
            supply(&source, "kept");
        GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "kept");
        source_close(&source);
    }
}

Test(reader_end, sem_55_an_error_for_a_cancelled_waiter_is_harmless)
{
    struct source source = fed_source(0);
    struct read_job job = hungry(&source, READ_EXACTLY);
    start_read(&source, &job);
    brood_task_cancel(job.task);
    brood_reader_set_error(source.reader, BROOD_EIO);
    cr_assert_eq(end_read(&job), BROOD_ECANCELED);
    cr_assert_eq(do_read(&job), BROOD_EIO);
    brood_reader_set_error(source.reader, 0);
    supply(&source, "goes on");
    job.kind = READ;
    cr_assert_eq(do_read(&job), 7);
    source_close(&source);
}

Test(reader_end, any_code_can_be_the_error)
{
    static const int errors[] = {BROOD_ECLOSED, BROOD_ETIMEDOUT, BROOD_ECANCELED,
                                 BROOD_EBUSY,   BROOD_EWAIT,     BROOD_ENOMEM,
                                 BROOD_ELIMIT,  BROOD_EFORK,     BROOD_EINCOMPLETE};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        for (int kind = 0; kind < READINGS; kind++) {
            struct source source = fed_source(0);
            struct read_job job = hungry(&source, (enum reading)kind);
            start_read(&source, &job);
            brood_reader_set_error(source.reader, errors[i]);
            cr_expect_eq(end_read(&job), errors[i], "%d of %d", errors[i], kind);
            cr_expect_eq(do_read(&job), errors[i], "%d of %d, again", errors[i], kind);
            brood_reader_set_error(source.reader, 0);
            job.kind = READ;
            supply(&source, "x");
            cr_expect_eq(do_read(&job), 1, "%d of %d, taken back", errors[i], kind);
            source_close(&source);
        }
    }
}

Test(reader_end, what_is_no_error_code_is_none)
{
    struct source source = fed_source(0);
    brood_slice slice;
    supply(&source, "fine");
    brood_reader_set_error(source.reader, 5);
    cr_assert_eq(brood_reader_error(source.reader), 0);
    GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "fine");
    source_close(&source);
}

/* ---- waiting for the end ------------------------------------------------------------------ */

Test(reader_end, any_number_of_tasks_wait_for_the_end_and_none_for_the_bytes)
{
    struct source source = piped_source(0);
    struct read_job jobs[3], line = hungry(&source, READ_LINE);
    for (int i = 0; i < 3; i++) {
        jobs[i] = hungry(&source, WAIT_EOF);
        start_read(&source, &jobs[i]);
    }
    start_read(&source, &line);
    supply(&source, "one\ntwo\n");
    cr_assert_eq(end_read(&line), 4);
    test_settle(source.loop);
    for (int i = 0; i < 3; i++)
        cr_assert_not(jobs[i].ended);
    supply_end(&source);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(end_read(&jobs[i]), 0);
    cr_assert_eq(brood_reader_buffered(source.reader), 4);
    cr_assert_eq(brood_reader_wait_eof(source.reader, BROOD_NOWAIT), 0);
    cr_assert_eq(do_read(&line), 4);
    source_close(&source);
}

Test(reader_end, cancelling_one_who_waits_for_the_end_leaves_the_others)
{
    struct source source = fed_source(0);
    struct read_job jobs[3];
    for (int i = 0; i < 3; i++) {
        jobs[i] = hungry(&source, WAIT_EOF);
        start_read(&source, &jobs[i]);
    }
    brood_task_cancel(jobs[1].task);
    cr_assert_eq(end_read(&jobs[1]), BROOD_ECANCELED);
    cr_assert_eq(brood_reader_wait_eof(source.reader, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(end_read(&jobs[0]), 0);
    cr_assert_eq(end_read(&jobs[2]), 0);
    source_close(&source);
}

/* ---- closing ---------------------------------------------------------------------------------- */

static void close_under_a_task(bool piped, enum reading kind)
{
    struct source source = any_source(piped, 0);
    struct read_job job = hungry(&source, kind), ender = hungry(&source, WAIT_EOF);
    start_read(&source, &job);
    start_read(&source, &ender);
    cr_assert_not(job.ended);
    brood_reader_close(source.reader);
    source.reader = NULL;
    cr_assert_not(job.ended);
    cr_assert_eq(end_read(&job), BROOD_ECLOSED, "%d", (int)kind);
    cr_assert_eq(end_read(&ender), BROOD_ECLOSED, "%d", (int)kind);
    source_close(&source);
}

Test(reader_end, closing_wakes_everybody_who_waits)
{
    for (int kind = 0; kind < WAITS; kind++) {
        close_under_a_task(false, (enum reading)kind);
        close_under_a_task(true, (enum reading)kind);
    }
}

static void close_it(void *arg)
{
    struct source *source = arg;
    brood_reader_close(source->reader);
    brood_reader_close(source->reader);
    source->reader = NULL;
}

Test(reader_end, closing_from_a_callback_ends_a_wait_outside_of_tasks)
{
    for (int piped = 0; piped < 2; piped++) {
        for (int kind = 0; kind < WAITS; kind++) {
            struct source source = any_source(piped != 0, 0);
            struct read_job job = hungry(&source, (enum reading)kind);
            cr_assert_eq(brood_call_soon(source.loop, close_it, &source, NULL), 0);
            cr_expect_eq(do_read(&job), BROOD_ECLOSED, "%d", kind);
            test_settle(source.loop);
            source_close(&source);
        }
    }
}

Test(reader_end, closing_in_the_round_of_its_bytes_and_its_time_out_is_still_closing)
{
    struct source source = fed_source(0);
    struct read_job fed = hungry(&source, READ_LINE), late = hungry(&source, WAIT_EOF);
    start_read(&source, &fed);
    start_read(&source, &late);
    supply(&source, "a line\n");
    brood_task_cancel(late.task);
    close_it(&source);
    cr_assert_eq(end_read(&fed), BROOD_ECLOSED);
    cr_assert_eq(end_read(&late), BROOD_ECLOSED);
    source_close(&source);
}

Test(reader_end, closing_tells_who_writes)
{
    struct source source = piped_source(0);
    char byte;
    supply(&source, "x");
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, test_deadline()), 1);
    close_it(&source);
    test_settle(source.loop);
    cr_assert(nobody_reads(source.peer));
    source_close(&source);
}

Test(reader_end, closing_before_the_first_round_or_with_a_lent_slice_leaves_nothing)
{
    struct source early = piped_source(0), lending = fed_source(0);
    brood_slice line;
    supply(&early, "never read");
    supply(&lending, "lent\n");
    GIVES(brood_reader_readline(lending.reader, &line, BROOD_NOWAIT), line, "lent\n");
    close_it(&early);
    close_it(&lending);
    test_settle(early.loop);
    test_settle(lending.loop);
    cr_assert(nobody_reads(early.peer), "its end is closed");
    source_close(&early);
    source_close(&lending);
}

/* ---- the loop first ------------------------------------------------------------------------------ */

Test(reader_end, a_loop_that_is_closed_takes_its_readers_with_it)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    brood_reader *fed, *connected, *lost, *unused;
    brood_slice line;
    intptr_t ends[3];
    int peers[3];
    for (int i = 0; i < 3; i++)
        ends[i] = make_read_end(&peers[i]);
    cr_assert_eq(brood_reader_open(loop, 0, &fed), 0);
    cr_assert_eq(brood_reader_connect(loop, ends[0], 0, &connected), 0);
    cr_assert_eq(brood_reader_connect(loop, ends[1], 0, &lost), 0);
    cr_assert_eq(brood_reader_feed(fed, "a\nb", 3), 0);
    GIVES(brood_reader_readline(fed, &line, BROOD_NOWAIT), line, "a\n");
    put(peers[0], "some");
    put(peers[1], "last");
    close(peers[1]);
    cr_assert_eq(brood_reader_wait_eof(lost, test_deadline()), 0);
    cr_assert_eq(brood_reader_connect(loop, ends[2], 0, &unused), 0);
    test_loop_close(loop);
    cr_assert_geq(report.lines, 4);
    for (int i = 0; i < 3; i += 2) {
        cr_assert(nobody_reads(peers[i]), "its end is closed");
        close(peers[i]);
    }
}

Test(reader_end, tasks_that_read_are_cancelled_when_the_loop_is_closed)
{
    for (int piped = 0; piped < 2; piped++) {
        for (int kind = 0; kind < WAITS; kind++) {
            struct source source = any_source(piped != 0, 0);
            struct read_job job = hungry(&source, (enum reading)kind);
            start_read(&source, &job);
            test_loop_close(source.loop);
            cr_expect_eq(job.result, BROOD_ECANCELED, "%d", kind);
            cr_expect(job.ended, "%d", kind);
            if (source.peer >= 0)
                close(source.peer);
        }
    }
}
