/* A reader's block holds what has not been read yet, not what went through it: also
 * while every byte arrives under a slice that is lent. */
#include "readers.h"

#include "reader.h"

SUITE(reader_memory);

enum { ROUNDS = 1000, PART = 3000, BOUND = 65536 };

static size_t largest; /* of what the library has asked for */

static void *note_size(void *memory, size_t size)
{
    largest = size > largest ? size : largest;
    return realloc(memory, size);
}

/* Instead of the allocator that counts: the tests look at sizes. */
static void note_sizes(void)
{
    cr_assert_eq(brood_set_allocator(note_size, free), 0);
}

static void make_part(char *part, size_t len, int round)
{
    for (size_t i = 0; i < len; i++)
        part[i] = (char)('A' + ((size_t)round + i) % 26);
}

static void check_part(const brood_slice *slice, int round)
{
    char expected[PART];
    make_part(expected, slice->len, round);
    cr_assert_arr_eq(slice->data, expected, slice->len, "round %d", round);
}

static void check_bounded(const brood_reader *reader)
{
    cr_assert_leq(reader->bytes.cap, BOUND);
    cr_assert_leq(largest, BOUND);
}

Test(reader_memory, a_block_does_not_grow_with_what_was_fed_under_slices)
{
    note_sizes();
    struct source source = fed_source(0);
    brood_slice slice;
    char part[PART];
    for (int i = 0; i < ROUNDS; i++) {
        make_part(part, PART, i);
        cr_assert_eq(brood_reader_feed(source.reader, part, PART), 0);
        if (i > 0)
            check_part(&slice, i - 1);
        cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), PART);
        check_part(&slice, i);
        check_bounded(source.reader);
    }
    source_close(&source);
}

/* A line and the beginning of the next one: never is the reader empty. */
Test(reader_memory, nor_with_lines_of_which_a_rest_always_stays)
{
    note_sizes();
    struct source source = fed_source(0);
    brood_slice line;
    char part[PART];
    cr_assert_eq(brood_reader_feed(source.reader, "rest", 4), 0);
    for (int i = 0; i < ROUNDS; i++) {
        memset(part, 'x', PART);
        part[PART - 5] = '\n';
        cr_assert_eq(brood_reader_feed(source.reader, part, PART), 0);
        cr_assert_eq(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), PART);
        cr_assert_eq(line.data[PART - 1], '\n');
        cr_assert_eq(brood_reader_buffered(source.reader), 4);
        check_bounded(source.reader);
    }
    source_close(&source);
}

Test(reader_memory, nor_with_what_came_through_a_pipe)
{
    note_sizes();
    struct source source = piped_source(0);
    brood_slice slice;
    char part[PART];
    for (int i = 0; i < ROUNDS; i++) {
        make_part(part, PART, i);
        put_bytes(source.peer, part, PART);
        test_settle(source.loop);
        if (i > 0)
            check_part(&slice, i - 1);
        cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), PART);
        check_part(&slice, i);
        check_bounded(source.reader);
    }
    source_close(&source);
}

/* What is there counts, and it alone. */
Test(reader_memory, but_all_that_is_there_has_its_place)
{
    struct source source = fed_source((size_t)1 << 20);
    brood_slice slice;
    char part[PART];
    cr_assert_eq(brood_reader_feed(source.reader, "lent", 4), 0);
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), 4);
    for (int i = 0; i < 100; i++) {
        make_part(part, PART, i);
        cr_assert_eq(brood_reader_feed(source.reader, part, PART), 0);
        cr_assert_arr_eq(slice.data, "lent", 4);
    }
    cr_expect_geq(source.reader->bytes.cap, 100 * PART);
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(brood_reader_readexactly(source.reader, part, PART, NULL, BROOD_NOWAIT), PART);
        check_part(&(brood_slice){part, PART}, i);
    }
    source_close(&source);
}

/* Many who wait for the rest of a line have little each. */
Test(reader_memory, the_beginning_of_a_line_waits_in_a_small_block)
{
    struct source source = piped_source(0);
    struct read_job job = hungry(&source, READ_LINE);
    char lines[8 * PART];
    memset(lines, 'x', sizeof lines);
    for (int i = 1; i < 8; i++)
        lines[i * PART - 1] = '\n';
    lines[sizeof lines - 501] = '\n';
    put_bytes(source.peer, lines, sizeof lines);
    test_settle(source.loop);
    brood_slice line;
    for (int i = 1; i <= 8; i++)
        cr_assert_eq(brood_reader_readline(source.reader, &line, test_deadline()),
                     i < 8 ? PART : PART - 500);
    cr_expect_geq(source.reader->bytes.cap, PART);
    job.kind = READ_LINE;
    start_read(&source, &job);
    cr_expect_eq(brood_reader_buffered(source.reader), 500);
    cr_expect_leq(source.reader->bytes.cap, BROOD__REST_MAX);
    put(source.peer, "and the rest\n");
    cr_assert_eq(end_read(&job), 513);
    cr_assert_eq(job.bytes[499], 'x');
    cr_assert_arr_eq(job.bytes + 500, "and the rest\n", 13);
    source_close(&source);
}

/* Behind a rest there is room for all that a pipe holds: so a read empties it. */
Test(reader_memory, a_rest_takes_nothing_away_from_the_next_read)
{
    struct source source = piped_source((size_t)1 << 20);
    struct read_job job = hungry(&source, READ_LINE);
    brood_slice line;
    void *data = NULL;
    size_t room = 0;
    source.reader->chunk = BROOD__READ_MAX;
    put(source.peer, "a line\nand the beginning of another");
    cr_assert_eq(brood_reader_readline(source.reader, &line, test_deadline()), 7);
    start_read(&source, &job);
    cr_assert_leq(source.reader->bytes.cap, BROOD__REST_MAX);
    cr_assert_eq(brood__reader_room(&source.reader->sink, &data, &room), 0);
    cr_expect_eq(room, BROOD__READ_MAX);
    cr_expect_eq((const char *)data - brood__reader_data(source.reader),
                 (ptrdiff_t)brood_reader_buffered(source.reader));
    put(source.peer, "\n");
    cr_assert_eq(end_read(&job), 29);
    source_close(&source);
}

/* Also of a block that another reader has had, which is larger than what it asks for. */
Test(reader_memory, a_filled_read_shows_a_flow_whatever_block_it_filled)
{
    struct source first = piped_source(0);
    brood_reader *second;
    int peer;
    brood_slice slice;
    char *much = pattern_of(BROOD__READ_MAX);
    intptr_t end = make_wide_read_end(&peer, BROOD__READ_MAX);
    cr_assert_eq(brood_reader_connect(first.loop, end, 0, &second), 0);
    first.reader->chunk = BROOD__READ_MAX; /* its block is the loop's spare one after this */
    put(first.peer, "x");
    cr_assert_eq(brood_reader_read_slice(first.reader, &slice, test_deadline()), 1);
    cr_assert_eq(brood_reader_read_slice(first.reader, &slice, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_not_null(first.loop->spare_block);
    put_bytes(peer, much, BROOD__READ_MAX);
    test_settle(first.loop);
    cr_expect_eq(brood_reader_buffered(second), BROOD__READ_MAX);
    cr_expect_eq(second->chunk, BROOD__READ_MAX);
    free(much);
    close(peer);
    brood_reader_close(second);
    source_close(&first);
}

Test(reader_memory, the_end_leaves_none_behind)
{
    struct source source = piped_source(0);
    brood_slice line;
    put(source.peer, "a line\n");
    cr_assert_eq(brood_reader_readline(source.reader, &line, test_deadline()), 7);
    supply_end(&source);
    cr_assert_eq(brood_reader_readline(source.reader, &line, test_deadline()), 0);
    cr_expect_null(source.reader->bytes.data);
    source_close(&source);
}
