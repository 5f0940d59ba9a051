/* readline and readuntil: limits, ends, and separators that come in pieces.  Where
 * asyncio's LimitOverrunError says how much was `consumed`, the tests look at what is
 * left and can still be read.  Its refusals of other types have no counterpart. */
#include "readers.h"

SUITE(reader_until);

static ptrdiff_t until(const struct source *source, const char *separator, brood_slice *chunk)
{
    return brood_reader_readuntil(source->reader, separator, strlen(separator), chunk,
                                  BROOD_NOWAIT);
}

static ptrdiff_t line_of(const struct source *source, brood_slice *line)
{
    return brood_reader_readline(source->reader, line, BROOD_NOWAIT);
}

/* ---- the end ------------------------------------------------------------------------- */

Test(reader_until, sem_45_the_end_without_a_separator_gives_what_is_left)
{
    struct source source = fed_source(0);
    brood_slice chunk = {0};
    supply(&source, "tail, and a part: <e");
    cr_assert_eq(until(&source, "<end>", &chunk), BROOD_ETIMEDOUT);
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(until(&source, "<end>", &chunk), BROOD_EINCOMPLETE);
    cr_assert_eq(chunk.len, 20);
    cr_assert_arr_eq(chunk.data, "tail, and a part: <e", 20);
    cr_assert(brood_reader_at_eof(source.reader));
    chunk = (brood_slice){NULL, 9};
    cr_assert_eq(until(&source, "<end>", &chunk), BROOD_EINCOMPLETE);
    cr_assert_eq(chunk.len, 0);
    cr_assert_not_null(chunk.data);
    source_close(&source);
}

Test(reader_until, sem_45_a_separator_that_comes_with_the_end_wins)
{
    struct source source = fed_source(0);
    struct read_job job = hungry(&source, READ_UNTIL);
    brood_slice chunk;
    supply(&source, "answer");
    start_read(&source, &job);
    cr_assert_not(job.ended);
    supply(&source, "#rest");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(end_read(&job), 7);
    GOT(job, "answer#");
    cr_assert_eq(until(&source, "#", &chunk), BROOD_EINCOMPLETE);
    cr_assert_eq(chunk.len, 4);
    cr_assert_arr_eq(chunk.data, "rest", 4);
    source_close(&source);
}

Test(reader_until, sem_51_the_last_line_may_lack_its_newline)
{
    struct source source = piped_source(0);
    struct read_job job = hungry(&source, READ_LINE);
    size_t lengths[4] = {0}, lines = 0;
    supply(&source, "one\n\nthree");
    supply_end(&source);
    while (do_read(&job) > 0) { /* the loop that brood.h shows */
        cr_assert_lt(lines, 4);
        lengths[lines++] = job.len;
    }
    cr_assert_eq(job.result, 0);
    cr_assert_eq(lines, 3);
    cr_assert_eq(lengths[0], 4);
    cr_assert_eq(lengths[1], 1);
    cr_assert_eq(lengths[2], 5);
    GOT(job, "");
    cr_assert_eq(do_read(&job), 0, "and so it stays");
    source_close(&source);
}

Test(reader_until, sem_51_an_empty_stream_has_no_line)
{
    struct source source = fed_source(0);
    brood_slice line = {NULL, 9};
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(line_of(&source, &line), 0);
    cr_assert_eq(line.len, 0);
    cr_assert_not_null(line.data);
    source_close(&source);
}

/* ---- the limit --------------------------------------------------------------------------- */

Test(reader_until, sem_46_exactly_the_limit_before_the_separator_is_legal)
{
    struct source source = fed_source(7);
    brood_slice line;
    supply(&source, "1234567\n1234567<>12345678\n");
    GIVES(line_of(&source, &line), line, "1234567\n");
    GIVES(until(&source, "<>", &line), line, "1234567<>");
    cr_assert_eq(line_of(&source, &line), BROOD_ELIMIT);
    cr_assert_eq(until(&source, "\n", &line), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_buffered(source.reader), 9);
    source_close(&source);
}

Test(reader_until, sem_47_without_a_separator_more_than_the_limit_is_too_much)
{
    struct source source = fed_source(7);
    brood_slice chunk;
    char text[16];
    supply(&source, "1234567");
    cr_assert_eq(until(&source, "#", &chunk), BROOD_ETIMEDOUT);
    supply(&source, "8");
    cr_assert_eq(until(&source, "#", &chunk), BROOD_ELIMIT);
    cr_assert_eq(until(&source, "<=>", &chunk), BROOD_ETIMEDOUT, "it may begin at 7 yet");
    supply(&source, "9");
    cr_assert_eq(until(&source, "<=>", &chunk), BROOD_ETIMEDOUT);
    supply(&source, "0");
    cr_assert_eq(until(&source, "<=>", &chunk), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_read(source.reader, text, 16, BROOD_NOWAIT), 10);
    cr_assert_arr_eq(text, "1234567890", 10);
    source_close(&source);
}

Test(reader_until, sem_48_a_separator_too_far_leaves_all_as_it_is)
{
    struct source source = fed_source(4);
    brood_slice chunk;
    char text[8];
    supply(&source, "12345<>678<>");
    for (int i = 0; i < 2; i++)
        cr_assert_eq(until(&source, "<>", &chunk), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_buffered(source.reader), 12);
    cr_assert_eq(brood_reader_read(source.reader, text, 1, BROOD_NOWAIT), 1);
    GIVES(until(&source, "<>", &chunk), chunk, "2345<>");
    GIVES(until(&source, "<>", &chunk), chunk, "678<>");
    source_close(&source);
}

Test(reader_until, sem_49_too_much_comes_before_the_end)
{
    struct source source = fed_source(4);
    brood_slice chunk;
    supply(&source, "12345");
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(until(&source, "#", &chunk), BROOD_ELIMIT);
    cr_assert_eq(line_of(&source, &chunk), BROOD_ELIMIT);
    cr_assert_eq(until(&source, "##", &chunk), BROOD_EINCOMPLETE, "this one could have begun");
    cr_assert_eq(chunk.len, 5);
    source_close(&source);
}

/* Departure: asyncio removes the line, or without a newline clears the buffer. */
Test(reader_until, sem_50_a_line_over_the_limit_stays_and_is_read_in_pieces)
{
    struct source source = fed_source(4);
    brood_slice slice;
    char text[8];
    supply(&source, "far too long a line");
    cr_assert_eq(line_of(&source, &slice), BROOD_ELIMIT);
    supply(&source, " is this\nshrt\n");
    cr_assert_eq(line_of(&source, &slice), BROOD_ELIMIT);
    cr_assert_eq(brood_reader_buffered(source.reader), 33);
    cr_assert_eq(brood_reader_readexactly(source.reader, text, 4, NULL, BROOD_NOWAIT), 4);
    cr_assert_arr_eq(text, "far ", 4);
    cr_assert_eq(line_of(&source, &slice), BROOD_ELIMIT);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(brood_reader_read(source.reader, text, 1, BROOD_NOWAIT), 1);
    GIVES(line_of(&source, &slice), slice, "his\n");
    GIVES(line_of(&source, &slice), slice, "shrt\n");
    source_close(&source);
}

Test(reader_until, sem_50_the_tail_over_the_limit_is_read_otherwise)
{
    struct source source = fed_source(4);
    brood_slice slice;
    supply(&source, "no newline ever");
    brood_reader_feed_eof(source.reader);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(line_of(&source, &slice), BROOD_ELIMIT);
    GIVES(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), slice, "no newline ever");
    cr_assert_eq(line_of(&source, &slice), 0);
    source_close(&source);
}

/* ---- in pieces -------------------------------------------------------------------------------- */

Test(reader_until, sem_52_overlapping_prefixes_over_chunks)
{
    struct source source = fed_source(0);
    brood_slice chunk;
    supply(&source, "aa");
    cr_assert_eq(until(&source, "aaa", &chunk), BROOD_ETIMEDOUT);
    supply(&source, "XYaa");
    cr_assert_eq(until(&source, "aaa", &chunk), BROOD_ETIMEDOUT);
    supply(&source, "a");
    GIVES(until(&source, "aaa", &chunk), chunk, "aaXYaaa");
    cr_assert_eq(brood_reader_buffered(source.reader), 0);
    source_close(&source);
}

/* Each text in two and three pieces, cut everywhere, with a look after each piece. */
static void cut_everywhere(const char *text, const char *separator, size_t answer, bool look)
{
    size_t len = strlen(text);
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            struct source source = fed_source(0);
            brood_slice chunk;
            size_t cuts[4] = {0, first, second, len};
            ptrdiff_t n = BROOD_ETIMEDOUT;
            for (int i = 0; i < 3; i++) {
                cr_assert_eq(
                    brood_reader_feed(source.reader, text + cuts[i], cuts[i + 1] - cuts[i]), 0);
                if (n < 0 && (look || i == 2))
                    n = until(&source, separator, &chunk);
                cr_assert_eq(n,
                             cuts[i + 1] >= answer && (look || i == 2) ? (ptrdiff_t)answer
                                                                       : BROOD_ETIMEDOUT,
                             "%s in %s, cut at %zu and %zu", separator, text, first, second);
            }
            cr_assert_arr_eq(chunk.data, text, answer);
            cr_assert_eq(brood_reader_buffered(source.reader), len - answer);
            source_close(&source);
        }
    }
}

Test(reader_until, sem_52_a_separator_is_found_however_it_is_cut)
{
    cut_everywhere("one\ntwo", "\n", 4, true);
    cut_everywhere("a<=<=>b", "<=>", 6, true);
    cut_everywhere("a<=<=>b", "<=>", 6, false);
    cut_everywhere("ababac", "abac", 6, true);
    cut_everywhere("aabaaabaaab", "aaab", 7, true);
    cut_everywhere("xyzzyxyzzyq", "zyxyzzyq", 11, true);
    cut_everywhere("---", "---", 3, true);
}

Test(reader_until, one_that_waits_looks_at_each_piece)
{
    struct source source = piped_source(0);
    struct read_job job = hungry(&source, READ_UNTIL_ANY);
    start_read(&source, &job);
    static const char *const pieces[] = {"a", "-", "b", "c-"};
    for (size_t i = 0; i < 4; i++) {
        supply(&source, pieces[i]);
        test_settle(source.loop);
        cr_assert_not(job.ended);
    }
    supply(&source, "-d");
    cr_assert_eq(end_read(&job), 6);
    GOT(job, "a-bc--");
    source_close(&source);
}

Test(reader_until, zero_bytes_are_bytes)
{
    struct source source = fed_source(0);
    brood_slice chunk;
    cr_assert_eq(brood_reader_feed(source.reader, "a\0b\0\0c\n", 7), 0);
    cr_assert_eq(brood_reader_readuntil(source.reader, "\0\0", 2, &chunk, BROOD_NOWAIT), 5);
    cr_assert_arr_eq(chunk.data, "a\0b\0\0", 5);
    GIVES(line_of(&source, &chunk), chunk, "c\n");
    source_close(&source);
}
