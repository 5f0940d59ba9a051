/* Readers of a connection that ends with a reset. */
#include "readers.h"

SUITE(reader_end_posix);

/* A connection that ends with a reset. */
static struct source reset_source(void)
{
    struct source source = {.loop = test_loop(), .peer = -1};
    int ends[2];
    make_sockets(ends);
    put(ends[0], "never read");
    cr_assert_eq(brood_reader_connect(source.loop, ends[0], 0, &source.reader), 0);
    close(ends[1]);
    return source;
}

Test(reader_end_posix, the_loss_of_a_connection_is_the_streams_error)
{
    struct source source = reset_source();
    char byte;
    cr_assert_eq(brood_reader_wait_eof(source.reader, test_deadline()), BROOD_ECONNRESET);
    cr_assert_eq(brood_reader_error(source.reader), BROOD_ECONNRESET);
    cr_assert_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), BROOD_ECONNRESET);
    source_close(&source);
}

Test(reader_end_posix, a_lost_connection_has_ended_even_if_its_error_is_taken_back)
{
    struct source source = reset_source();
    char byte;
    cr_assert_eq(brood_reader_wait_eof(source.reader, test_deadline()), BROOD_ECONNRESET);
    brood_reader_set_error(source.reader, 0);
    cr_expect_lt(brood_reader_feed(source.reader, "x", 1), 0);
    cr_expect_eq(brood_reader_read(source.reader, &byte, 1, BROOD_NOWAIT), 0);
    source_close(&source);
}
