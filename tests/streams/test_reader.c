/* StreamReader: opening, feeding, errors, and what is refused.  Of asyncio's class the
 * constructor's refusal of limits below 1 (37), the assertion on feeding after the end
 * (56) and the transport (57) have another form here: the tests say which. */
#include "readers.h"

SUITE(reader);

static char *block_of(size_t len, char fill)
{
    char *block = malloc(len);
    cr_assert_not_null(block);
    memset(block, fill, len);
    return block;
}

/* ---- opening ----------------------------------------------------------------------- */

Test(reader, sem_37_a_limit_of_zero_is_the_default)
{
    struct source source = fed_source(0);
    char *block = block_of(BROOD_DEFAULT_LIMIT, 'x');
    brood_slice line;
    cr_assert_eq(BROOD_DEFAULT_LIMIT, 65536);
    cr_assert_eq(brood_reader_feed(source.reader, block, BROOD_DEFAULT_LIMIT), 0);
    cr_assert_eq(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_feed(source.reader, block, BROOD_DEFAULT_LIMIT), 0);
    cr_assert_eq(brood_reader_feed(source.reader, "x", 1), 1);
    cr_assert_eq(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), BROOD_ELIMIT);
    free(block);
    source_close(&source);
}

Test(reader, without_a_loop_it_is_the_threads_own)
{
    brood_reader *fed, *connected;
    brood_loop *loop;
    char byte;
    int peer;
    intptr_t end = make_read_end(&peer);
    cr_assert_eq(brood_reader_open(NULL, 0, &fed), 0);
    cr_assert_eq(brood_reader_connect(NULL, end, 0, &connected), 0);
    put(peer, "x");
    close(peer);
    cr_assert_eq(brood_reader_feed(fed, "y", 1), 0);
    cr_assert_eq(brood_reader_read(fed, &byte, 1, BROOD_NOWAIT), 1);
    cr_assert_eq(brood_reader_read(connected, &byte, 1, test_deadline()), 1);
    cr_assert_eq(brood_reader_read(connected, &byte, 1, test_deadline()), 0);
    brood_reader_close(fed);
    brood_reader_close(connected);
    cr_assert_eq(brood_loop_default(&loop), 0);
    test_loop_close(loop);
}

Test(reader, what_cannot_be_connected_stays_as_it_was)
{
    brood_loop *loop = test_loop();
    brood_reader *untouched = (brood_reader *)(void *)&loop, *reader = untouched;
    int peer;
    intptr_t file = open_file(), end = make_read_end(&peer);
    cr_assert_eq(brood_reader_connect(loop, file, 0, &reader), BROOD_EINVAL);
    cr_assert_eq(brood_reader_connect(loop, -1, 0, &reader), BROOD_EBADF);
    cr_assert_eq(brood_reader_connect(loop, end, 0, NULL), BROOD_EINVAL);
    cr_assert_eq(brood_reader_open(loop, 0, NULL), BROOD_EINVAL);
    cr_assert_eq(reader, untouched);
    cr_assert(is_untouched(file));
    cr_assert(is_untouched(end));
    test_settle(loop);
    close_end(file);
    close_end(end);
    cr_assert_eq(close(peer), 0);
    test_loop_close(loop);
}

/* ---- feeding ------------------------------------------------------------------------- */

Test(reader, bytes_that_are_fed_are_copied)
{
    struct source source = fed_source(0);
    char text[] = "first";
    brood_slice slice;
    cr_assert_eq(brood_reader_feed(source.reader, text, 5), 0);
    memcpy(text, "spoil", 5);
    cr_assert_eq(brood_reader_buffered(source.reader), 5);
    GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "first");
    cr_assert_eq(brood_reader_buffered(source.reader), 0);
    source_close(&source);
}

Test(reader, it_can_be_fed_what_it_has_lent)
{
    struct source source = fed_source(0);
    brood_slice line;
    supply(&source, "again\nand again\n");
    for (int i = 0; i < 3000; i++) {
        GIVES(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), line, "again\n");
        cr_assert_eq(brood_reader_feed(source.reader, line.data, line.len), 0);
        GIVES(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), line, "and again\n");
        cr_assert_eq(brood_reader_feed(source.reader, line.data, line.len), 0);
    }
    cr_assert_eq(brood_reader_buffered(source.reader), 16);
    source_close(&source);
}

Test(reader, sem_56_at_eof_is_the_end_with_nothing_buffered)
{
    struct source source = fed_source(0);
    char byte;
    cr_assert_not(brood_reader_at_eof(source.reader));
    supply(&source, "x");
    cr_assert_not(brood_reader_at_eof(source.reader));
    brood_reader_feed_eof(source.reader);
    brood_reader_feed_eof(source.reader);
    cr_assert_not(brood_reader_at_eof(source.reader));
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), 1);
    cr_assert(brood_reader_at_eof(source.reader));
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_FOREVER), 0);
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_FOREVER), 0, "again");
    source_close(&source);
}

Test(reader, sem_56_feeding_nothing_changes_nothing)
{
    struct source source = fed_source(0);
    struct read_job job = hungry(&source, READ);
    start_read(&source, &job);
    cr_assert_eq(brood_reader_feed(source.reader, NULL, 0), 0);
    cr_assert_eq(brood_reader_feed(source.reader, "x", 0), 0);
    test_settle(source.loop);
    cr_assert_not(job.ended);
    cr_assert_eq(brood_reader_buffered(source.reader), 0);
    cr_assert_not(brood_reader_at_eof(source.reader));
    supply(&source, "now");
    cr_assert_eq(end_read(&job), 3);
    source_close(&source);
}

Test(reader, sem_56_feeding_after_the_end_is_refused)
{
    struct source source = fed_source(0);
    supply(&source, "all");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_feed(source.reader, "more", 4), BROOD_ECLOSED);
    cr_assert_eq(brood_reader_buffered(source.reader), 3);
    source_close(&source);
}

Test(reader, sem_57_feeding_tells_when_more_than_twice_the_limit_is_buffered)
{
    struct source source = fed_source(4);
    char byte;
    cr_assert_eq(brood_reader_feed(source.reader, "1234567", 7), 0);
    cr_assert_eq(brood_reader_feed(source.reader, "8", 1), 0);
    cr_assert_eq(brood_reader_feed(source.reader, "9", 1), 1);
    cr_assert_eq(brood_reader_feed(source.reader, "and much more", 13), 1);
    cr_assert_eq(brood_reader_buffered(source.reader), 22, "all of it is taken");
    for (int i = 0; i < 15; i++)
        cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), 1);
    cr_assert_eq(brood_reader_feed(source.reader, "8", 1), 0);
    cr_assert_eq(brood_reader_feed(source.reader, "9", 1), 1);
    source_close(&source);
}

Test(reader, sem_57_feeding_nothing_tells_so_too)
{
    struct source source = fed_source(4);
    cr_assert_eq(brood_reader_feed(source.reader, "123456789", 9), 1);
    cr_expect_eq(brood_reader_feed(source.reader, NULL, 0), 1);
    source_close(&source);
}

Test(reader, the_largest_limit_is_no_limit)
{
    struct source source = fed_source(SIZE_MAX);
    brood_slice slice;
    cr_assert_eq(brood_reader_feed(source.reader, "some", 4), 0);
    cr_assert_eq(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_feed(source.reader, "\n", 1), 0);
    GIVES(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), slice, "some\n");
    source_close(&source);
}

Test(reader, a_connected_one_cannot_be_fed_by_hand)
{
    struct source source = piped_source(0);
    char byte;
    cr_assert_eq(brood_reader_feed(source.reader, "x", 1), BROOD_EINVAL);
    supply(&source, "y");
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, test_deadline()), 1);
    cr_assert_eq(byte, 'y');
    cr_assert_eq(brood_reader_feed(source.reader, "x", 1), BROOD_EINVAL);
    supply_end(&source);
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, test_deadline()), 0);
    cr_assert_lt(brood_reader_feed(source.reader, "x", 1), 0);
    cr_assert(brood_reader_at_eof(source.reader));
    source_close(&source);
}

/* ---- what is refused --------------------------------------------------------------------- */

Test(reader, nothing_can_be_done_with_no_reader)
{
    struct read_job job = {.deadline = BROOD_NOWAIT};
    for (int kind = 0; kind < WAITS; kind++) {
        job.kind = (enum reading)kind;
        cr_expect_eq(do_read(&job), BROOD_EINVAL, "%d", kind);
    }
    cr_assert_eq(brood_reader_feed(NULL, "x", 1), BROOD_EINVAL);
    cr_assert_eq(brood_reader_error(NULL), BROOD_EINVAL);
    cr_assert_eq(brood_reader_buffered(NULL), 0);
    cr_assert(brood_reader_at_eof(NULL));
    brood_reader_feed_eof(NULL);
    brood_reader_set_error(NULL, BROOD_EIO);
    brood_reader_close(NULL);
}

Test(reader, a_place_for_the_answer_is_needed)
{
    struct source source = fed_source(0);
    brood_reader *reader = source.reader;
    brood_slice slice, hash = {"#", 1}, nothing = {NULL, 1};
    supply(&source, "a#\n");
    cr_assert_eq(brood_reader_read(reader, NULL, 1, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_read_slice(reader, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_read_all(reader, NULL, 9, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readexactly(reader, NULL, 1, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readline(reader, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil(reader, "#", 1, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil(reader, NULL, 1, &slice, BROOD_NOWAIT), BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil_any(reader, &hash, 1, NULL, NULL, BROOD_NOWAIT),
                 BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil_any(reader, NULL, 1, &slice, NULL, BROOD_NOWAIT),
                 BROOD_EINVAL);
    cr_assert_eq(brood_reader_readuntil_any(reader, &nothing, 1, &slice, NULL, BROOD_NOWAIT),
                 BROOD_EINVAL);
    cr_assert_eq(brood_reader_feed(reader, NULL, 1), BROOD_EINVAL);
    GIVES(brood_reader_read_slice(reader, &slice, BROOD_NOWAIT), slice, "a#\n");
    source_close(&source);
}
