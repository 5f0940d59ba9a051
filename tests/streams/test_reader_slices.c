/* Lent slices: they stay where they are, byte for byte, until the next call on the
 * reader, whatever arrives meanwhile. */
#include <errno.h>

#include "readers.h"

SUITE(reader_slices);

enum { MUCH = 1 << 20 };

/* Letters: no separator in it. */
static char letter_at(size_t place)
{
    return (char)('A' + (place * 7 + place / 4096) % 26);
}

static void check_letters(const char *data, size_t place, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] != letter_at(place + i))
            cr_assert_fail("the byte at %zu is %d", place + i, data[i]);
}

/* Into the pipe, as the loop takes it out.  `end` may be a separator. */
static void send_letters(const struct source *source, size_t place, size_t len, const char *end)
{
    size_t total = len + strlen(end), sent = 0;
    char *bytes = malloc(total + 1);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = letter_at(place + i);
    memcpy(bytes + len, end, strlen(end));
    for (int idle = 0; sent < total;) {
        size_t most = 1 + (sent * 31 + len) % 30000;
        size_t left = total - sent;
        size_t n = put_some(source->peer, bytes + sent, most < left ? most : left);
        idle = n > 0 ? 0 : idle + 1;
        sent += n;
        cr_assert_lt(idle, 1000, "nobody reads");
        cr_assert_eq(brood_loop_step(source->loop, BROOD_NOWAIT), 0);
    }
    free(bytes);
    test_settle(source->loop);
}

static ptrdiff_t lend(const struct source *source, enum reading kind, brood_slice *slice)
{
    brood_time deadline = test_deadline();
    static const brood_slice two[] = {{"??", 2}, {"\n", 1}};
    if (kind == READ_LINE)
        return brood_reader_readline(source->reader, slice, deadline);
    if (kind == READ_UNTIL)
        return brood_reader_readuntil(source->reader, "\n", 1, slice, deadline);
    if (kind == READ_UNTIL_ANY)
        return brood_reader_readuntil_any(source->reader, two, 2, slice, NULL, deadline);
    return brood_reader_read_slice(source->reader, slice, deadline);
}

/* `before` bytes are read first, so that the slice begins anywhere in its block. */
static void keep(enum reading kind, size_t before, size_t len)
{
    struct source source = piped_source(4 * MUCH);
    brood_slice slice;
    char *skipped = malloc(before + 1);
    cr_assert_not_null(skipped);
    send_letters(&source, 0, before + len, "\n");
    cr_assert_eq(brood_reader_readexactly(source.reader, skipped, before, NULL, test_deadline()),
                 (ptrdiff_t)before);
    check_letters(skipped, 0, before);
    cr_assert_eq(lend(&source, kind, &slice), (ptrdiff_t)len + 1, "%d %zu", (int)kind, len);
    const char *place = slice.data;
    check_letters(slice.data, before, len);
    for (size_t come = 0; come < MUCH; come += MUCH / 8) {
        send_letters(&source, come, MUCH / 8, "");
        check_letters(slice.data, before, len);
        cr_assert_eq(slice.data[len], '\n');
    }
    cr_assert_eq(slice.data, place);
    cr_assert_eq(brood_reader_buffered(source.reader), MUCH);
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), MUCH);
    check_letters(slice.data, 0, MUCH);
    free(skipped);
    source_close(&source);
}

static const size_t sizes[] = {0,    1,    100,   1023,  1024,  4094,
                               4095, 4096, 30000, 65534, 65536, 200000};

Test(reader_slices, a_line_stays_while_a_mebibyte_arrives)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        keep(READ_LINE, 0, sizes[i]);
}

Test(reader_slices, what_was_read_until_a_separator_stays_too)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i += 3) {
        keep(READ_UNTIL, 10, sizes[i]);
        keep(READ_UNTIL_ANY, 70000, sizes[i]);
    }
}

Test(reader_slices, a_slice_of_all_that_was_there_stays_too)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        keep(READ_SLICE, sizes[i], sizes[sizeof sizes / sizeof sizes[0] - 1 - i]);
}

Test(reader_slices, one_stays_over_the_end_of_the_stream)
{
    struct source source = piped_source(4 * MUCH);
    brood_slice slice;
    send_letters(&source, 0, 5000, "\n");
    send_letters(&source, 0, 100, "");
    cr_assert_eq(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), 5001);
    send_letters(&source, 100, MUCH, "");
    supply_end(&source);
    test_settle(source.loop);
    check_letters(slice.data, 0, 5000);
    cr_assert_eq(brood_reader_readline(source.reader, &slice, BROOD_NOWAIT), MUCH + 100);
    check_letters(slice.data, 0, MUCH + 100);
    test_settle(source.loop);
    check_letters(slice.data, 0, MUCH + 100);
    source_close(&source);
}

Test(reader_slices, each_of_many_lines_stays_while_the_next_ones_arrive)
{
    struct source source = piped_source(65536);
    size_t place = 0, len = 1;
    send_letters(&source, place, len, "\n");
    for (size_t i = 0; i < 400; i++) {
        brood_slice line;
        size_t next = (len * 3 + i) % 9001;
        cr_assert_eq(brood_reader_readline(source.reader, &line, test_deadline()),
                     (ptrdiff_t)len + 1);
        send_letters(&source, place + len, next, "\n");
        check_letters(line.data, place, len);
        cr_assert_eq(line.data[len], '\n');
        place += len;
        len = next;
    }
    source_close(&source);
}

/* Fed by hand from a callback, while a task looks at what it was lent. */
static void feed_more(void *arg)
{
    const struct source *source = arg;
    char block[3000];
    memset(block, '?', sizeof block);
    for (int i = 0; i < 100; i++)
        cr_assert_geq(brood_reader_feed(source->reader, block, sizeof block), 0);
}

static int look_at_it(void *arg)
{
    const struct source *source = arg;
    brood_slice line;
    if (brood_reader_readline(source->reader, &line, test_deadline()) != 2001)
        return -1;
    if (brood_call_soon(source->loop, feed_more, arg, NULL) < 0)
        return -2;
    brood_sleep(source->loop, BROOD_NOWAIT);
    brood_sleep(source->loop, BROOD_NOWAIT);
    check_letters(line.data, 0, 2000);
    return brood_reader_buffered(source->reader) == 300000 ? 1 : -3;
}

Test(reader_slices, what_a_task_was_lent_stays_while_others_feed)
{
    struct source source = fed_source(0);
    char text[2001];
    brood_task *task;
    int result;
    for (size_t i = 0; i < 2000; i++)
        text[i] = letter_at(i);
    text[2000] = '\n';
    cr_assert_eq(brood_reader_feed(source.reader, text, sizeof text), 0);
    cr_assert_eq(brood_task_start(source.loop, look_at_it, &source, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_assert_eq(result, 1);
    source_close(&source);
}
