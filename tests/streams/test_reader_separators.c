/* Several separators at once, and what a reader remembers of a search from one call to
 * the next. */
#include "readers.h"

SUITE(reader_separators);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANY(source, separators, chunk, which)                                                \
    brood_reader_readuntil_any((source).reader, separators, COUNT(separators), chunk, which, \
                               BROOD_NOWAIT)

/* ---- which one ------------------------------------------------------------------------ */

Test(reader_separators, sem_53_the_one_that_ends_first_wins)
{
    static const brood_slice two[] = {{"DEF", 3}, {"BCDE", 4}},
                             turned[] = {{"BCDE", 4}, {"DEF", 3}};
    struct source source = fed_source(0);
    brood_slice chunk;
    size_t which = 9;
    supply(&source, "ABCDEFGABCDEFG");
    GIVES(ANY(source, two, &chunk, &which), chunk, "ABCDE");
    cr_assert_eq(which, 1);
    GIVES(ANY(source, two, &chunk, NULL), chunk, "FGABCDE");
    cr_assert_eq(ANY(source, two, &chunk, &which), BROOD_ETIMEDOUT);
    supply(&source, "ABCDE");
    GIVES(ANY(source, turned, &chunk, &which), chunk, "FGABCDE");
    cr_assert_eq(which, 0);
    source_close(&source);
}

Test(reader_separators, sem_53_of_those_that_end_together_the_shortest_wins)
{
    static const brood_slice three[] = {{"-end", 4}, {"d", 1}, {"nd", 2}};
    struct source source = fed_source(3);
    brood_slice chunk;
    size_t which = 9;
    supply(&source, "a-end");
    cr_assert_eq(ANY(source, three, &chunk, &which), BROOD_ELIMIT, "four bytes before the d");
    cr_assert_eq(which, 9);
    cr_assert_eq(ANY(source, ((const brood_slice[]){{"-end", 4}}), &chunk, &which), 5);
    cr_assert_eq(which, 0);
    supply(&source, "-end");
    GIVES(ANY(source, three, &chunk, &which), chunk, "-end");
    cr_assert_eq(which, 1, "in the caller's order");
    source_close(&source);
}

Test(reader_separators, sem_53_the_same_twice_is_the_first)
{
    static const brood_slice twice[] = {{"x", 1}, {"\n", 1}, {"\n", 1}};
    struct source source = fed_source(0);
    brood_slice chunk;
    size_t which = 9;
    supply(&source, "line\n");
    GIVES(ANY(source, twice, &chunk, &which), chunk, "line\n");
    cr_assert_eq(which, 1);
    source_close(&source);
}

Test(reader_separators, sem_53_none_and_empty_ones_are_refused)
{
    static const brood_slice second_empty[] = {{"a", 1}, {"", 0}};
    struct source source = fed_source(0);
    brood_slice chunk;
    supply(&source, "a");
    cr_assert_eq(ANY(source, second_empty, &chunk, NULL), BROOD_EINVAL);
    cr_assert_eq(
        brood_reader_readuntil_any(source.reader, second_empty, 0, &chunk, NULL, BROOD_NOWAIT),
        BROOD_EINVAL);
    cr_assert_eq(brood_reader_buffered(source.reader), 1);
    source_close(&source);
}

Test(reader_separators, sem_52_the_longest_decides_when_it_is_too_much)
{
    static const brood_slice two[] = {{"#", 1}, {"<=>", 3}};
    struct source source = fed_source(4);
    brood_slice chunk;
    supply(&source, "123456");
    cr_assert_eq(ANY(source, two, &chunk, NULL), BROOD_ETIMEDOUT, "<=> may begin at 4 yet");
    supply(&source, "7");
    cr_assert_eq(ANY(source, two, &chunk, NULL), BROOD_ELIMIT);
    source_close(&source);
}

Test(reader_separators, sem_52_a_long_one_begins_before_what_was_searched)
{
    static const brood_slice two[] = {{"abcdef", 6}, {"xy", 2}};
    struct source source = fed_source(0);
    brood_slice chunk;
    size_t which;
    for (const char *at = "x-abcdeabcde"; *at != '\0'; at++) {
        cr_assert_eq(brood_reader_feed(source.reader, at, 1), 0);
        cr_assert_eq(ANY(source, two, &chunk, &which), BROOD_ETIMEDOUT);
    }
    supply(&source, "f");
    GIVES(ANY(source, two, &chunk, &which), chunk, "x-abcdeabcdef");
    cr_assert_eq(which, 0);
    source_close(&source);
}

Test(reader_separators, many_and_every_byte_value)
{
    static char bytes[256];
    brood_slice all[256], chunk;
    struct source source = fed_source(0);
    size_t which;
    for (size_t i = 0; i < 256; i++) {
        bytes[i] = (char)i;
        all[255 - i] = (brood_slice){bytes + i, 1};
    }
    cr_assert_eq(brood_reader_feed(source.reader, bytes, 256), 0);
    for (size_t i = 0; i < 256; i++) {
        cr_assert_eq(ANY(source, all, &chunk, &which), 1);
        cr_assert_eq(which, 255 - i);
        cr_assert_eq(chunk.data[0], (char)i);
    }
    source_close(&source);
}

/* ---- what is remembered ------------------------------------------------------------------- */

static ptrdiff_t look(const struct source *source, const char *separator, brood_slice *chunk)
{
    return brood_reader_readuntil(source->reader, separator, strlen(separator), chunk,
                                  BROOD_NOWAIT);
}

Test(reader_separators, a_search_for_another_one_begins_at_the_beginning)
{
    struct source source = fed_source(0);
    brood_slice chunk;
    supply(&source, "a;b,c\nd|e");
    cr_assert_eq(look(&source, "#", &chunk), BROOD_ETIMEDOUT);
    cr_assert_eq(look(&source, "##", &chunk), BROOD_ETIMEDOUT);
    GIVES(look(&source, ";", &chunk), chunk, "a;");
    cr_assert_eq(look(&source, "#", &chunk), BROOD_ETIMEDOUT);
    GIVES(look(&source, ",", &chunk), chunk, "b,");
    cr_assert_eq(look(&source, "#", &chunk), BROOD_ETIMEDOUT);
    GIVES(brood_reader_readline(source.reader, &chunk, BROOD_NOWAIT), chunk, "c\n");
    cr_assert_eq(brood_reader_readline(source.reader, &chunk, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    GIVES(look(&source, "|", &chunk), chunk, "d|");
    cr_assert_eq(look(&source, "\n", &chunk), BROOD_ETIMEDOUT);
    supply(&source, "\n");
    GIVES(brood_reader_readline(source.reader, &chunk, BROOD_NOWAIT), chunk, "e\n");
    source_close(&source);
}

Test(reader_separators, the_same_bytes_in_other_separators_are_other_separators)
{
    static const brood_slice apart[] = {{"ab", 2}, {"c", 1}}, otherwise[] = {{"a", 1}, {"bc", 2}};
    struct source source = fed_source(0);
    brood_slice chunk;
    supply(&source, "xaxbx");
    cr_assert_eq(ANY(source, apart, &chunk, NULL), BROOD_ETIMEDOUT);
    cr_assert_eq(look(&source, "abc", &chunk), BROOD_ETIMEDOUT);
    cr_assert_eq(ANY(source, apart, &chunk, NULL), BROOD_ETIMEDOUT);
    GIVES(ANY(source, otherwise, &chunk, NULL), chunk, "xa");
    cr_assert_eq(ANY(source, otherwise, &chunk, NULL), BROOD_ETIMEDOUT);
    cr_assert_eq(ANY(source, ((const brood_slice[]){{"a", 1}, {"b", 1}}), &chunk, NULL), 2);
    source_close(&source);
}

/* Where one is written down after the other, a length could be taken for bytes. */
Test(reader_separators, the_length_of_a_separator_is_no_part_of_the_next)
{
    static const brood_slice apart[] = {{"ab", 2}, {"c", 1}}, otherwise[] = {{"a", 1}, {"\0c", 2}};
    struct source source = fed_source(0);
    brood_slice chunk;
    supply(&source, "xax");
    cr_assert_eq(ANY(source, apart, &chunk, NULL), BROOD_ETIMEDOUT);
    GIVES(ANY(source, otherwise, &chunk, NULL), chunk, "xa");
    source_close(&source);
}

Test(reader_separators, what_is_read_in_between_is_not_searched_again)
{
    for (size_t taken = 0; taken <= 6; taken++) {
        struct source source = fed_source(0);
        brood_slice chunk;
        char text[8];
        supply(&source, "xx<=<=");
        cr_assert_eq(look(&source, "<=>", &chunk), BROOD_ETIMEDOUT);
        cr_assert_eq(brood_reader_read(source.reader, text, taken, BROOD_NOWAIT), (ptrdiff_t)taken);
        supply(&source, ">y<=>");
        ptrdiff_t n = look(&source, "<=>", &chunk);
        size_t expected = taken <= 4 ? 7 - taken : 11 - taken; /* a half of one is none */
        cr_assert_eq(n, (ptrdiff_t)expected, "%zu were read", taken);
        cr_assert_arr_eq(chunk.data, &"xx<=<=>y<=>"[taken], expected);
        source_close(&source);
    }
}

Test(reader_separators, one_that_was_too_far_is_found_as_soon_as_it_is_near)
{
    struct source source = fed_source(3);
    brood_slice chunk;
    char byte;
    supply(&source, "123456<>|");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(look(&source, "<>", &chunk), BROOD_ELIMIT);
        cr_assert_eq(look(&source, "|", &chunk), BROOD_ELIMIT);
        cr_assert_eq(look(&source, "<>", &chunk), BROOD_ELIMIT);
        cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), 1);
    }
    GIVES(look(&source, "<>", &chunk), chunk, "456<>");
    GIVES(look(&source, "|", &chunk), chunk, "|");
    source_close(&source);
}

Test(reader_separators, a_newline_by_any_name_is_the_same_search)
{
    static const brood_slice newline[] = {{"\n", 1}};
    struct source source = fed_source(0);
    brood_slice line;
    supply(&source, "ab");
    cr_assert_eq(look(&source, "b\n", &line), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(look(&source, "\n", &line), BROOD_ETIMEDOUT);
    cr_assert_eq(ANY(source, newline, &line, NULL), BROOD_ETIMEDOUT);
    supply(&source, "\nc\nd\n");
    GIVES(ANY(source, newline, &line, NULL), line, "ab\n");
    GIVES(brood_reader_readline(source.reader, &line, BROOD_NOWAIT), line, "c\n");
    GIVES(look(&source, "\n", &line), line, "d\n");
    source_close(&source);
}

Test(reader_separators, reading_all_forgets_the_search)
{
    struct source source = fed_source(0);
    brood_buffer out = {0};
    brood_slice chunk;
    supply(&source, "0123456789");
    cr_assert_eq(look(&source, "#", &chunk), BROOD_ETIMEDOUT);
    GIVES(brood_reader_read_slice(source.reader, &chunk, BROOD_NOWAIT), chunk, "0123456789");
    supply(&source, "a#b");
    GIVES(look(&source, "#", &chunk), chunk, "a#");
    cr_assert_eq(look(&source, "#", &chunk), BROOD_ETIMEDOUT);
    brood_reader_feed_eof(source.reader);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, BROOD_NOWAIT), 1);
    cr_assert_eq(look(&source, "#", &chunk), BROOD_EINCOMPLETE);
    cr_assert_eq(chunk.len, 0);
    brood_buffer_free(&out);
    source_close(&source);
}
