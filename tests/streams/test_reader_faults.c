/* Readers when memory fails: nothing that had come is lost. */
#include "readers.h"

SUITE(reader_faults);

/* ---- opening ---------------------------------------------------------------------------- */

static bool open_without_memory(size_t nth, bool piped)
{
    brood_loop *loop = test_loop();
    brood_reader *reader = NULL;
    int peer;
    intptr_t end = make_read_end(&peer);
    size_t live = test_live_allocations();
    test_fail_allocation(nth, false);
    int error =
        piped ? brood_reader_connect(loop, end, 0, &reader) : brood_reader_open(loop, 0, &reader);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    if (failed) {
        cr_expect_eq(error, BROOD_ENOMEM);
        cr_expect_null(reader);
        cr_expect_eq(test_live_allocations(), live);
        cr_expect(is_untouched(end));
    } else {
        cr_expect_eq(error, 0);
    }
    test_settle(loop);
    if (failed || !piped)
        close_end(end);
    close(peer);
    test_loop_close(loop);
    return failed;
}

Test(reader_faults, opening_without_memory_changes_nothing)
{
    for (int piped = 0; piped < 2; piped++) {
        size_t nth = 1;
        while (open_without_memory(nth, piped != 0))
            nth++;
        cr_expect_gt(nth, 1);
    }
}

/* ---- feeding ------------------------------------------------------------------------------- */

Test(reader_faults, feeding_without_memory_takes_nothing_and_keeps_what_is_lent)
{
    struct source source = fed_source(0);
    char *bytes = pattern_of(100000);
    brood_slice line, rest;
    test_fail_allocation(1, true);
    cr_assert_eq(brood_reader_feed(source.reader, "x", 1), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_assert_eq(brood_reader_buffered(source.reader), 0);
    supply(&source, "lent\nkept");
    GIVES(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), line, "lent\n");
    test_fail_allocation(1, true);
    cr_assert_eq(brood_reader_feed(source.reader, bytes, 100000), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_assert_arr_eq(line.data, "lent\n", 5);
    GIVES(brood_reader_read_slice(source.reader, &rest, BROOD_NOWAIT), rest, "kept");
    cr_assert_eq(brood_reader_feed(source.reader, bytes, 100000), 0);
    cr_assert_eq(brood_reader_buffered(source.reader), 100000);
    free(bytes);
    source_close(&source);
}

Test(reader_faults, more_than_there_can_be_is_no_memory)
{
    struct source source = fed_source(0);
    volatile size_t impossible = SIZE_MAX;
    supply(&source, "kept");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(brood_reader_feed(source.reader, source.loop, impossible), BROOD_ENOMEM);
        impossible /= 2;
    }
    cr_assert_eq(brood_reader_buffered(source.reader), 4);
    source_close(&source);
}

/* ---- reading -------------------------------------------------------------------------------- */

Test(reader_faults, a_search_needs_no_memory_to_be_right)
{
    static const brood_slice two[] = {{"<=>", 3}, {"||", 2}};
    int faults = 0;
    for (size_t nth = 1; nth <= 8; nth++) {
        struct source source = fed_source(0);
        brood_slice chunk;
        size_t which = 9;
        supply(&source, "ab<=");
        test_fail_allocation(nth, nth % 2 == 0);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(brood_reader_readuntil(source.reader, "==", 2, &chunk, BROOD_NOWAIT),
                         BROOD_ETIMEDOUT);
            cr_assert_eq(
                brood_reader_readuntil_any(source.reader, two, 2, &chunk, &which, BROOD_NOWAIT),
                BROOD_ETIMEDOUT);
        }
        bool failed = test_allocation_failed();
        test_fail_allocation(0, false);
        faults += failed;
        supply(&source, ">cd||");
        cr_assert_eq(
            brood_reader_readuntil_any(source.reader, two, 2, &chunk, &which, BROOD_NOWAIT), 5);
        cr_assert_eq(which, 0);
        cr_assert_arr_eq(chunk.data, "ab<=>", 5);
        source_close(&source);
    }
    cr_assert_gt(faults, 0);
}

Test(reader_faults, read_all_without_memory_keeps_everything)
{
    struct source source = fed_source(0);
    char *bytes = pattern_of(300000);
    brood_buffer out = {0};
    cr_assert_eq(brood_buffer_append(&out, "before", 6), 0);
    cr_assert_geq(brood_reader_feed(source.reader, bytes, 300000), 0);
    brood_reader_feed_eof(source.reader);
    test_fail_allocation(1, true);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_NOWAIT),
                     BROOD_ENOMEM);
    cr_assert(test_allocation_failed());
    test_fail_allocation(0, false);
    cr_assert_str_eq(out.data, "before");
    cr_assert_eq(brood_reader_buffered(source.reader), 300000);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_NOWAIT), 300000);
    cr_assert_arr_eq(out.data + 6, bytes, 300000);
    brood_buffer_free(&out);
    free(bytes);
    source_close(&source);
}

Test(reader_faults, read_all_into_an_empty_buffer_needs_no_memory)
{
    struct source source = fed_source(0);
    char *bytes = pattern_of(100000);
    brood_buffer out = {0};
    cr_assert_geq(brood_reader_feed(source.reader, bytes, 100000), 0);
    brood_slice half;
    cr_assert_eq(brood_reader_readuntil(source.reader, &bytes[99], 1, &half, BROOD_NOWAIT), 100);
    brood_reader_feed_eof(source.reader);
    test_fail_allocation(1, true);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_NOWAIT), 99900);
    test_fail_allocation(0, false);
    cr_assert_arr_eq(out.data, bytes + 100, 99900);
    cr_assert_eq(out.data[99900], '\0');
    brood_buffer_free(&out);
    free(bytes);
    source_close(&source);
}

/* What a reader that has read nothing yet needs memory for is its first block. */
Test(reader_faults, a_connected_one_without_memory_has_an_error)
{
    struct source source = piped_source(0);
    struct read_job job = hungry(&source, READ_LINE), ender = hungry(&source, WAIT_EOF);
    start_read(&source, &job);
    start_read(&source, &ender);
    supply(&source, "never read");
    test_fail_allocation(1, true);
    test_run_until(source.loop, &job.ended);
    test_fail_allocation(0, false);
    cr_assert_eq(end_read(&job), BROOD_ENOMEM);
    cr_assert_eq(end_read(&ender), BROOD_ENOMEM);
    cr_assert_eq(brood_reader_error(source.reader), BROOD_ENOMEM);
    cr_assert_eq(do_read(&job), BROOD_ENOMEM);
    source_close(&source);
}

/* More and more arrives, and an allocation fails: what had come before is still there. */
static bool arrive_without_memory(size_t nth)
{
    struct source source = piped_source(1 << 20);
    char *bytes = pattern_of(4000 * 50);
    brood_slice slice;
    test_fail_allocation(nth, true);
    for (size_t i = 0; i < 50 && brood_reader_error(source.reader) == 0; i++) {
        put_bytes(source.peer, bytes + i * 4000, 4000);
        test_settle(source.loop);
    }
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    cr_assert_eq(brood_reader_error(source.reader), failed ? BROOD_ENOMEM : 0);
    size_t len = brood_reader_buffered(source.reader);
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT),
                 failed ? BROOD_ENOMEM : 200000);
    brood_reader_set_error(source.reader, 0);
    if (failed && len > 0)
        cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), (ptrdiff_t)len);
    if (len > 0)
        cr_assert_arr_eq(slice.data, bytes, len);
    free(bytes);
    source_close(&source);
    return failed;
}

Test(reader_faults, what_had_come_before_memory_failed_can_be_read)
{
    size_t nth = 1;
    while (arrive_without_memory(nth))
        nth++;
    cr_assert_gt(nth, 4, "it has grown several times");
}

Test(reader_faults, reading_what_is_there_needs_no_memory)
{
    struct source source = fed_source(0);
    struct read_job job;
    supply(&source, "a\nb#c--1234567rest");
    brood_reader_feed_eof(source.reader);
    static const enum reading kinds[] = {READ_LINE, READ_UNTIL, READ_UNTIL_ANY, READ_EXACTLY, READ};
    static const char *const expected[] = {"a\n", "b#", "c--", "1234567", "rest"};
    test_fail_allocation(1, true);
    for (size_t i = 0; i < 5; i++) {
        job = hungry(&source, kinds[i]);
        job.n = kinds[i] == READ_EXACTLY ? 7 : 100;
        cr_assert_eq(do_read(&job), (ptrdiff_t)strlen(expected[i]));
        GOT(job, expected[i]);
    }
    test_fail_allocation(0, false);
    source_close(&source);
}
