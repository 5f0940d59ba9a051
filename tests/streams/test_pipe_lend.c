/* Bytes that are lent to a pipe: the last ones, written from where they are.  They can be
 * taken over by it at any moment (brood__pipe_keep), which no one notices at the other
 * end. */
#include "lender.h"

SUITE(pipe_lend);

/* ---- what arrives --------------------------------------------------------------------- */

static void lend_after(size_t before, size_t len)
{
    struct lender lender;
    lender_open(&lender);
    brood_pipe *pipe = lender.writing.pipe;
    cr_assert_eq(brood_pipe_set_limits(pipe, MUCH, 0), 0);
    cr_assert_eq(brood_pipe_write(pipe, lender.bytes, before), 0);
    cr_assert_eq(brood__pipe_lend(pipe, lender.bytes + before, len), 0);
    cr_expect_str_eq(lender.writing.log, "made", "nothing calls back inline");
    cr_expect(brood_pipe_is_closing(pipe));
    size_t in_flight = !writes_wait() ? 0 : before > 0 ? before : len;
    cr_expect_eq(brood_pipe_buffered(pipe) + available(lender.peer) - in_flight, before + len);
    cr_expect_eq(brood_pipe_write(pipe, "late", 4), BROOD_ECLOSED);
    cr_expect_eq(brood__pipe_lend(pipe, "late", 4), BROOD_ECLOSED);
    cr_expect_eq(read_slowly(lender.loop, lender.peer, 30000), before + len, "%zu, %zu", before,
                 len);
    test_run_until(lender.loop, &lender.writing.lost);
    cr_expect_str_eq(lender.writing.log, "made lost");
    cr_expect_eq(brood_pipe_buffered(pipe), 0);
    lender_close(&lender);
}

Test(pipe_lend, lent_bytes_arrive_after_what_was_written_before)
{
    static const size_t lens[] = {1, 4096, 65536, 65537, 100000};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        lend_after(0, lens[i]);
        lend_after(10, lens[i]);
        lend_after(65536, lens[i]);
        lend_after(MUCH - 100000, lens[i]);
    }
}

/* Even when the pipe could take them at once. */
Test(pipe_lend, lent_bytes_do_not_overtake_what_is_buffered)
{
    struct lender lender;
    size_t taken = 0;
    lender_open(&lender);
    brood_pipe *pipe = lender.writing.pipe;
    cr_assert_eq(brood_pipe_write(pipe, lender.bytes, lender.capacity), 0);
    let_out(lender.loop);
    cr_assert_eq(brood_pipe_write(pipe, lender.bytes + lender.capacity, 1000), 0);
    test_settle(lender.loop);
    while (taken < lender.capacity)
        taken += take_pattern(lender.peer, lender.capacity - taken, taken);
    cr_assert_eq(brood__pipe_lend(pipe, lender.bytes + lender.capacity + 1000, 5000), 0);
    cr_assert_eq(available(lender.peer), writes_wait() ? 1000 : 0);
    for (size_t n = 1; n > 0; taken += n) {
        test_settle(lender.loop);
        n = take_pattern(lender.peer, 30000, taken);
    }
    cr_assert_eq(taken, lender.capacity + 6000);
    lender_close(&lender);
}

Test(pipe_lend, nothing_lent_is_a_close)
{
    lend_after(0, 0);
    lend_after(10, 0);
    lend_after(MUCH, 0);
}

Test(pipe_lend, lent_before_the_first_round)
{
    struct pipe_recorder writing = {0};
    brood_loop *loop = test_loop();
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(MUCH);
    cr_assert_eq(brood__pipe_lend(writing.pipe, bytes, MUCH), 0);
    cr_assert_eq(read_slowly(loop, peer, 30000), MUCH);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

/* The caller may do with them what it likes once they are kept or gone. */
static void keep_after(size_t before, size_t len, size_t read_first)
{
    struct lender lender;
    lender_open(&lender);
    brood_pipe *pipe = lender.writing.pipe;
    char *lent = malloc(len > 0 ? len : 1);
    memcpy(lent, lender.bytes + before, len);
    cr_assert_geq(brood_pipe_write(pipe, lender.bytes, before), 0);
    cr_assert_eq(brood__pipe_lend(pipe, lent, len), 0);
    size_t taken = 0;
    while (taken < read_first) {
        taken += take_pattern(lender.peer, read_first - taken, taken);
        test_settle(lender.loop);
    }
    size_t buffered = brood_pipe_buffered(pipe);
    cr_expect_eq(brood__pipe_keep(pipe), 0);
    memset(lent, 'x', len);
    free(lent);
    cr_expect_eq(brood_pipe_buffered(pipe), buffered);
    cr_expect_eq(brood__pipe_keep(pipe), 0, "again");
    for (size_t n = 1; n > 0; taken += n) {
        test_settle(lender.loop);
        n = take_pattern(lender.peer, 30000, taken);
    }
    cr_expect_eq(taken, before + len, "%zu, %zu, %zu", before, len, read_first);
    cr_expect_eq(lender.writing.error, 0);
    lender_close(&lender);
}

Test(pipe_lend, what_is_kept_arrives_complete_and_in_order)
{
    static const size_t befores[] = {0, 10, 65536, 100000}, firsts[] = {0, 1, 4096, 50000, 120000};
    for (size_t i = 0; i < sizeof befores / sizeof *befores; i++)
        for (size_t j = 0; j < sizeof firsts / sizeof *firsts; j++)
            keep_after(befores[i], MUCH - befores[i], firsts[j]);
}

Test(pipe_lend, keeping_what_has_gone_or_was_never_lent_changes_nothing)
{
    struct lender lender;
    lender_open(&lender);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), 0);
    cr_assert_eq(brood_pipe_write(lender.writing.pipe, lender.bytes, 10), 0);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes + 10, 10), 0);
    let_out(lender.loop);
    cr_assert_eq(brood_pipe_buffered(lender.writing.pipe), 0);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), 0);
    cr_assert_eq(read_slowly(lender.loop, lender.peer, 30000), 20);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), 0);
    lender_close(&lender);
}

/* ---- much of it ------------------------------------------------------------------------- */

static int read_to_the_end(void *arg)
{
    brood_reader *reader = arg;
    size_t taken = 0;
    brood_slice slice;
    ptrdiff_t n;
    while ((n = brood_reader_read_slice(reader, &slice, test_deadline())) > 0)
        for (ptrdiff_t i = 0; i < n; i++, taken++)
            if (slice.data[i] != pattern_at(taken))
                return -1;
    return n < 0 ? (int)n : (int)taken;
}

Test(pipe_lend, eight_mebibytes_to_a_task_that_reads_half_of_them_kept)
{
    enum { TOTAL = 8 << 20 };
    struct lender lender = {.loop = test_loop(), .peer = -1};
    intptr_t reading_end, writing_end;
    brood_reader *reader;
    brood_task *task;
    int result = 0;
    make_ends(&reading_end, &writing_end);
    record_writing(lender.loop, &lender.writing, writing_end);
    lender.writing.keep_when_lost = true;
    test_settle(lender.loop);
    cr_assert_eq(brood_reader_connect(lender.loop, reading_end, 0, &reader), 0);
    char *bytes = pattern_of(TOTAL);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, bytes, TOTAL), 0);
    cr_assert_eq(brood_task_start(lender.loop, read_to_the_end, reader, &task), 0);
    while (brood_pipe_buffered(lender.writing.pipe) > TOTAL / 2)
        cr_assert_eq(brood_loop_step(lender.loop, test_deadline()), 0);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), 0);
    memset(bytes, 0, TOTAL);
    free(bytes);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_assert_eq(result, TOTAL);
    brood_reader_close(reader);
    lender_close(&lender);
}

/* ---- flow control -------------------------------------------------------------------------- */

Test(pipe_lend, who_was_paused_is_resumed_when_lent_bytes_are_down_to_the_low_mark)
{
    struct lender lender;
    lender_open(&lender);
    size_t taken = 0, written = lender.capacity + 70000;
    cr_assert_eq(brood_pipe_write(lender.writing.pipe, lender.bytes, written), 1);
    test_settle(lender.loop);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes + written, MORE), 0);
    while (brood_pipe_buffered(lender.writing.pipe) > 16384) {
        taken += take_pattern(lender.peer, 4096, taken);
        test_settle(lender.loop);
    }
    cr_expect_gt(brood_pipe_buffered(lender.writing.pipe), 0);
    cr_expect_str_eq(lender.writing.log, "made pause resume");
    lender_close(&lender);
}
