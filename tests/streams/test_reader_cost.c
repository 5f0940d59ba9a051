/* A separator search never looks at a byte twice: n bytes that come one by one, with a
 * look after each, cost in proportion to n, not to its square.  Ratios of this thread's
 * own time, and medians of them: what else runs on the machine matters little. */
#include "readers.h"

SUITE(reader_cost);

enum { TIMES = 5, ATTEMPTS = 4 };

typedef ptrdiff_t look(brood_reader *reader, brood_slice *chunk);

static ptrdiff_t look_for_line(brood_reader *reader, brood_slice *chunk)
{
    return brood_reader_readline(reader, chunk, BROOD_NOWAIT);
}

/* Each byte could be its last one. */
static ptrdiff_t look_for_one(brood_reader *reader, brood_slice *chunk)
{
    return brood_reader_readuntil(reader, "baa", 3, chunk, BROOD_NOWAIT);
}

static ptrdiff_t look_for_any(brood_reader *reader, brood_slice *chunk)
{
    static const brood_slice separators[] = {{"ba", 2}, {"\n", 1}, {"ccc", 3}};
    return brood_reader_readuntil_any(reader, separators, 3, chunk, NULL, BROOD_NOWAIT);
}

struct feeding {
    brood_reader *reader;
    look *how;
    int expected;
    size_t count;
    double seconds;
    bool done;
};

static void feed_one_by_one(void *arg)
{
    struct feeding *feeding = arg;
    brood_slice chunk;
    double began = own_seconds();
    for (size_t i = 0; i < feeding->count; i++) {
        int error = brood_reader_feed(feeding->reader, "a", 1);
        ptrdiff_t n = feeding->how(feeding->reader, &chunk);
        if (error < 0 || n != feeding->expected)
            cr_assert_fail("%d, %td at %zu", error, n, i);
    }
    feeding->seconds = own_seconds() - began;
    feeding->done = true;
}

/* From a callback the look costs nothing but the search; outside it makes a round. */
static double time_of(look *how, size_t count, bool in_callback)
{
    struct source source = fed_source((size_t)1 << 28);
    struct feeding feeding = {.reader = source.reader, .how = how, .count = count};
    feeding.expected = in_callback ? BROOD_EWAIT : BROOD_ETIMEDOUT;
    if (in_callback) {
        cr_assert_eq(brood_call_soon(source.loop, feed_one_by_one, &feeding, NULL), 0);
        test_run_until(source.loop, &feeding.done);
    } else {
        feed_one_by_one(&feeding);
    }
    cr_assert_eq(brood_reader_buffered(source.reader), count);
    source_close(&source);
    return feeding.seconds;
}

static double median_of(double *values)
{
    for (int i = 1; i < TIMES; i++)
        for (int j = i; j > 0 && values[j] < values[j - 1]; j--) {
            double swapped = values[j];
            values[j] = values[j - 1];
            values[j - 1] = swapped;
        }
    return values[TIMES / 2];
}

/* Of a square, twice as many bytes make four times as much: the ratio is 2, or 4, and noise
 * would have to lift the first over 3 in every attempt. */
static void check_doubling(look *how, size_t count, bool in_callback)
{
    double ratio = 9;
    for (int attempt = 0; attempt < ATTEMPTS && ratio >= 3; attempt++) {
        double once[TIMES], twice[TIMES];
        for (int i = 0; i < TIMES; i++) {
            once[i] = time_of(how, count, in_callback);
            twice[i] = time_of(how, 2 * count, in_callback);
        }
        ratio = median_of(twice) / median_of(once);
    }
    cr_assert_lt(ratio, 3.0, "twice as much costs %.2f times as much", ratio);
}

Test(reader_cost, a_search_for_a_line_never_looks_at_a_byte_twice)
{
    check_doubling(look_for_line, 50000, true);
}

Test(reader_cost, a_search_for_a_separator_never_looks_at_a_byte_twice)
{
    check_doubling(look_for_one, 4000, true);
}

Test(reader_cost, a_search_for_any_of_several_never_looks_at_a_byte_twice)
{
    check_doubling(look_for_any, 4000, true);
}

Test(reader_cost, nor_do_looks_that_let_the_loop_go_round)
{
    check_doubling(look_for_any, 4000, false);
}
