/* Reads that count bytes: read, read_slice, readexactly, read_all.  The message of
 * asyncio's IncompleteReadError (44) has no counterpart: *got says the same. */
#include "readers.h"

SUITE(reader_read);

/* ---- nothing, and what cannot be ------------------------------------------------------ */

Test(reader_read, sem_40_reading_nothing_gives_nothing_at_once)
{
    struct source source = fed_source(0);
    char byte = '-';
    size_t got = 9;
    cr_assert_eq(brood_reader_read(source.reader, &byte, 0, BROOD_FOREVER), 0);
    cr_assert_eq(brood_reader_read(source.reader, NULL, 0, BROOD_FOREVER), 0);
    cr_assert_eq(brood_reader_readexactly(source.reader, NULL, 0, &got, BROOD_FOREVER), 0);
    cr_assert_eq(got, 0);
    supply(&source, "kept");
    cr_assert_eq(brood_reader_read(source.reader, &byte, 0, BROOD_NOWAIT), 0);
    cr_assert_eq(brood_reader_readexactly(source.reader, &byte, 0, NULL, BROOD_NOWAIT), 0);
    cr_assert_eq(byte, '-');
    cr_assert_eq(brood_reader_buffered(source.reader), 4);
    source_close(&source);
}

Test(reader_read, sem_40_the_error_comes_before_nothing)
{
    struct source source = fed_source(0);
    brood_reader_set_error(source.reader, BROOD_EIO);
    cr_assert_eq(brood_reader_read(source.reader, NULL, 0, BROOD_NOWAIT), BROOD_EIO);
    cr_assert_eq(brood_reader_readexactly(source.reader, NULL, 0, NULL, BROOD_NOWAIT), BROOD_EIO);
    source_close(&source);
}

Test(reader_read, sem_40_impossible_arguments_come_before_the_error)
{
    struct source source = fed_source(0);
    brood_slice chunk, empty = {"", 0};
    char byte;
    brood_reader_set_error(source.reader, BROOD_EIO);
    cr_assert_eq(brood_reader_readexactly(source.reader, &byte, SIZE_MAX, NULL, BROOD_NOWAIT),
                 BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil(source.reader, "", 0, &chunk, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil_any(source.reader, &empty, 1, &chunk, NULL, BROOD_NOWAIT),
                 BROOD_EINVAL);
    source_close(&source);
}

/* ---- some ------------------------------------------------------------------------------- */

Test(reader_read, sem_41_read_gives_what_is_there_up_to_n)
{
    struct source source = fed_source(4);
    char text[32];
    supply(&source, "far more than ");
    supply(&source, "the limit");
    cr_assert_eq(brood_reader_read(source.reader, text, 4, BROOD_NOWAIT), 4);
    cr_assert_arr_eq(text, "far ", 4);
    cr_assert_eq(brood_reader_read(source.reader, text, sizeof text, BROOD_FOREVER), 19);
    cr_assert_arr_eq(text, "more than the limit", 19);
    source_close(&source);
}

Test(reader_read, sem_41_read_waits_only_while_nothing_is_there)
{
    for (int kind = READ; kind <= READ_SLICE; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        start_read(&source, &job);
        cr_assert_not(job.ended);
        supply(&source, "a");
        supply(&source, "b");
        cr_assert_eq(end_read(&job), 2);
        GOT(job, "ab");
        job.deadline = BROOD_NOWAIT;
        cr_assert_eq(do_read(&job), BROOD_ETIMEDOUT);
        supply(&source, "last");
        brood_reader_feed_eof(source.reader);
        cr_assert_eq(do_read(&job), 4);
        cr_assert_eq(do_read(&job), 0);
        source_close(&source);
    }
}

Test(reader_read, sem_41_the_end_wakes_who_waits)
{
    for (int kind = READ; kind <= READ_LINE; kind++) {
        struct source source = piped_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        start_read(&source, &job);
        cr_assert_not(job.ended);
        supply_end(&source);
        cr_assert_eq(end_read(&job), kind == READ_EXACTLY ? BROOD_EINCOMPLETE : 0, "%d", kind);
        cr_assert_eq(job.len, 0);
        source_close(&source);
    }
}

Test(reader_read, a_slice_of_nothing_is_still_one)
{
    struct source source = fed_source(0);
    brood_slice slice = {NULL, 9};
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_FOREVER), 0);
    cr_assert_not_null(slice.data);
    cr_assert_eq(slice.len, 0);
    source_close(&source);
}

/* ---- exactly ------------------------------------------------------------------------------- */

Test(reader_read, readexactly_waits_for_the_last_byte_and_takes_no_more)
{
    struct source source = fed_source(4);
    struct read_job job = hungry(&source, READ_EXACTLY);
    job.n = 20;
    start_read(&source, &job);
    for (int i = 0; i < 19; i++)
        supply(&source, "x");
    test_settle(source.loop);
    cr_assert_not(job.ended);
    supply(&source, "yz");
    cr_assert_eq(end_read(&job), 20);
    GOT(job, "xxxxxxxxxxxxxxxxxxxy");
    cr_assert_eq(brood_reader_buffered(source.reader), 1);
    source_close(&source);
}

Test(reader_read, sem_44_readexactly_gives_what_there_was_at_the_end)
{
    struct source source = fed_source(4);
    char text[36];
    size_t got = 99;
    supply(&source, "eighteen bytes: 18");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 36, &got, BROOD_FOREVER),
                 BROOD_EINCOMPLETE);
    cr_assert_eq(got, 18);
    cr_assert_arr_eq(text, "eighteen bytes: 18", 18);
    cr_assert(brood_reader_at_eof(source.reader));
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 36, &got, BROOD_FOREVER),
                 BROOD_EINCOMPLETE);
    cr_assert_eq(got, 0);
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 1, NULL, BROOD_FOREVER),
                 BROOD_EINCOMPLETE);
    source_close(&source);
}

Test(reader_read, sem_44_exactly_the_rest_is_no_incomplete_answer)
{
    struct source source = fed_source(0);
    char text[4];
    size_t got = 0;
    supply(&source, "rest");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 4, &got, BROOD_FOREVER), 4);
    cr_assert_eq(got, 4);
    cr_assert(brood_reader_at_eof(source.reader));
    source_close(&source);
}

/* ---- all -------------------------------------------------------------------------------------- */

Test(reader_read, sem_42_read_all_goes_to_the_end_whatever_the_limit)
{
    struct source source = fed_source(4);
    struct read_job job = hungry(&source, READ_ALL);
    start_read(&source, &job);
    for (int i = 0; i < 100; i++) {
        supply(&source, "0123456789");
        cr_assert_eq(brood_loop_step(source.loop, BROOD_NOWAIT), 0);
    }
    cr_assert_not(job.ended);
    cr_assert_eq(brood_reader_buffered(source.reader), 1000);
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(end_read(&job), 1000);
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(job.bytes[i], (char)('0' + i % 10));
    cr_assert_eq(do_read(&job), 0, "nothing is left");
    source_close(&source);
}

Test(reader_read, read_all_appends_and_counts_its_own)
{
    struct source source = fed_source(0);
    brood_buffer out = {0};
    cr_assert_eq(brood_buffer_append(&out, "before ", 7), 0);
    supply(&source, "and after");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_FOREVER), 9);
    cr_assert_str_eq(out.data, "before and after");
    cr_assert_eq(out.len, 16);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 0, BROOD_FOREVER), 0);
    cr_assert_str_eq(out.data, "before and after");
    brood_buffer_free(&out);
    source_close(&source);
}

Test(reader_read, what_read_all_gives_is_an_ordinary_buffer)
{
    for (size_t skip = 0; skip < 3000; skip += 999) {
        struct source source = fed_source(0);
        char *bytes = pattern_of(200000), skipped[3000];
        brood_buffer out = {0};
        cr_assert_geq(brood_reader_feed(source.reader, bytes, 200000), 0);
        brood_reader_feed_eof(source.reader);
        cr_assert_eq(brood_reader_read(source.reader, skipped, skip, BROOD_NOWAIT),
                     (ptrdiff_t)skip);
        ptrdiff_t rest = (ptrdiff_t)(200000 - skip);
        cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_NOWAIT), rest);
        cr_assert_eq(out.data[out.len], '\0');
        cr_assert_arr_eq(out.data, bytes + skip, out.len);
        cr_assert_eq(brood_buffer_append(&out, bytes, 200000), 0);
        cr_assert_eq(out.len, (size_t)rest + 200000);
        cr_assert_arr_eq(out.data + rest, bytes, 200000);
        brood_buffer_free(&out);
        free(bytes);
        source_close(&source);
    }
}

Test(reader_read, more_than_the_most_stays_to_be_read)
{
    struct source source = fed_source(0);
    brood_buffer out = {0};
    brood_slice slice;
    supply(&source, "0123456789");
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 10, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    supply(&source, "x");
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 10, BROOD_FOREVER), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 0, BROOD_FOREVER), BROOD_ELIMIT);
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 10, BROOD_FOREVER), BROOD_ELIMIT);
    cr_assert_null(out.data);
    cr_assert_eq(brood_reader_buffered(source.reader), 11);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, 11, BROOD_FOREVER), 11);
    cr_assert_str_eq(out.data, "0123456789x");
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_FOREVER), 0);
    brood_buffer_free(&out);
    source_close(&source);
}

/* ---- nothing is lost --------------------------------------------------------------------------- */

/* Departure: asyncio loses what a cancelled read(-1) had collected. */
Test(reader_read, sem_43_a_read_that_is_cancelled_keeps_its_bytes)
{
    for (int piped = 0; piped < 2; piped++) {
        for (int kind = READ_ALL; kind < READINGS; kind++) {
            struct source source = any_source(piped != 0, 4096);
            struct read_job job = hungry(&source, (enum reading)kind);
            brood_slice slice;
            start_read(&source, &job);
            supply(&source, "what has ");
            test_settle(source.loop);
            supply(&source, "come");
            test_settle(source.loop);
            cr_assert_not(job.ended);
            brood_task_cancel(job.task);
            cr_assert_eq(end_read(&job), BROOD_ECANCELED, "%d", kind);
            cr_assert_eq(job.len, 0);
            GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice,
                  "what has come");
            source_close(&source);
        }
    }
}

Test(reader_read, sem_43_a_read_that_timed_out_is_repeated)
{
    static const char *const whole[READINGS] = {
        [READ_ALL] = "first then# -- \n more", [READ_EXACTLY] = "first then",
        [READ_LINE] = "first then# -- \n",     [READ_UNTIL] = "first then#",
        [READ_UNTIL_ANY] = "first then#",
    };
    for (int kind = READ_ALL; kind < READINGS; kind++) {
        struct source source = fed_source(0);
        struct read_job job = hungry(&source, (enum reading)kind);
        job.n = kind == READ_EXACTLY ? 10 : SIZE_MAX;
        job.deadline = BROOD_NOWAIT;
        supply(&source, "first");
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(do_read(&job), BROOD_ETIMEDOUT, "%d", kind);
            job.deadline = brood_in(0.0001);
        }
        cr_assert_eq(brood_reader_buffered(source.reader), 5);
        supply(&source, " then# -- \n more");
        brood_reader_feed_eof(source.reader);
        cr_assert_eq(do_read(&job), (ptrdiff_t)strlen(whole[kind]), "%d", kind);
        GOT(job, whole[kind]);
        source_close(&source);
    }
}

Test(reader_read, a_failure_leaves_the_outputs_as_they_were)
{
    struct source source = fed_source(4);
    brood_slice slice = {"untouched", 9};
    char byte = '-', text[9] = "--------";
    size_t got = 77, which = 77;
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    supply(&source, "abc");
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 8, &got, BROOD_NOWAIT),
                 BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    supply(&source, "de\n");
    cr_assert_eq(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_readuntil_any(source.reader, &(brood_slice){"\n", 1}, 1, &slice,
                                            &which, BROOD_NOWAIT),
                 BROOD_ELIMIT);
    cr_assert_eq(byte, '-');
    cr_assert_str_eq(text, "--------");
    cr_assert_eq(got, 77);
    cr_assert_eq(which, 77);
    cr_assert_str_eq(slice.data, "untouched");
    cr_assert_eq(slice.len, 9);
    source_close(&source);
}
