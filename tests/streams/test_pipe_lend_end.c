/* Pipes to which bytes were lent, when something goes wrong; and brood__pipe_finish,
 * which closes without giving the pipe up. */
#include "lender.h"

SUITE(pipe_lend_end);

/* ---- when it goes wrong -------------------------------------------------------------------- */

Test(pipe_lend_end, lending_to_a_pipe_that_nobody_reads_is_a_lost_connection)
{
    for (int buffered = 0; buffered < 2; buffered++) {
        struct lender lender;
        lender_open(&lender);
        cr_assert_eq(brood_pipe_set_limits(lender.writing.pipe, MUCH, 0), 0);
        if (buffered)
            cr_assert_eq(brood_pipe_write(lender.writing.pipe, lender.bytes, 66000), 0);
        close_peer(&lender);
        cr_expect_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes, 1000), 0);
        cr_expect_str_eq(lender.writing.log, "made", "nothing calls back inline");
        cr_expect_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes, 1), BROOD_ECLOSED);
        test_run_until(lender.loop, &lender.writing.lost);
        cr_expect_str_eq(lender.writing.log, "made lost:EPIPE");
        cr_expect_eq(brood_pipe_buffered(lender.writing.pipe), 0);
        cr_expect_eq(brood__pipe_keep(lender.writing.pipe), 0);
        lender_close(&lender);
    }
}

Test(pipe_lend_end, a_reader_that_goes_in_the_middle_is_a_broken_pipe)
{
    for (int keep = 0; keep < 2; keep++) {
        struct lender lender;
        lender_open(&lender);
        cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes, MUCH), 0);
        test_settle(lender.loop);
        cr_expect_eq(take_pattern(lender.peer, 4096, 0), 4096);
        close_peer(&lender);
        if (keep)
            cr_expect_eq(brood__pipe_keep(lender.writing.pipe), 0);
        test_run_until(lender.loop, &lender.writing.lost);
        cr_expect_str_eq(lender.writing.log, "made lost:EPIPE");
        lender_close(&lender);
    }
}

Test(pipe_lend_end, keeping_without_memory_loses_the_connection)
{
    struct lender lender;
    lender_open(&lender);
    cr_assert_eq(brood_pipe_write(lender.writing.pipe, lender.bytes, lender.capacity - PAGE), 0);
    let_out(lender.loop);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes, MORE), 0);
    test_fail_allocation(1, true);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    memset(lender.bytes, 0, MORE);
    cr_assert_eq(brood__pipe_keep(lender.writing.pipe), 0);
    test_run_until(lender.loop, &lender.writing.lost);
    cr_assert_str_eq(lender.writing.log, "made lost:ENOMEM");
    cr_assert_eq(available(lender.peer), writes_wait() ? lender.capacity - PAGE : lender.capacity);
    lender_close(&lender);
}

Test(pipe_lend_end, only_pipes_for_writing_are_lent_to)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    cr_assert_eq(brood__pipe_lend(reading.pipe, "x", 1), BROOD_EINVAL);
    cr_assert_eq(brood__pipe_lend(NULL, "x", 1), BROOD_EINVAL);
    close(peer);
    test_run_until(loop, &reading.lost);
    test_loop_close(loop);
}

/* Aborted or freed with its loop: the lent bytes are not looked at again. */
Test(pipe_lend_end, an_abort_forgets_what_was_lent)
{
    struct lender lender;
    lender_open(&lender);
    char *bytes = pattern_of(MUCH), *lent = malloc(MUCH);
    size_t before = lender.capacity - PAGE;
    cr_assert_eq(brood_pipe_write(lender.writing.pipe, bytes, before), 0);
    let_out(lender.loop);
    memcpy(lent, bytes + before, MUCH - before);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lent, MUCH - before), 0);
    brood__pipe_lose(lender.writing.pipe, 0);
    free(lent);
    free(bytes);
    cr_assert_eq(read_slowly(lender.loop, lender.peer, 30000),
                 writes_wait() ? before : lender.capacity, "a write in flight is taken back");
    cr_assert_str_eq(lender.writing.log, "made lost");
    lender_close(&lender);
}

/* ---- finish -------------------------------------------------------------------------------- */

Test(pipe_lend_end, finish_closes_after_what_is_buffered_and_does_not_give_up)
{
    struct lender lender;
    lender_open(&lender);
    brood_pipe *pipe = lender.writing.pipe;
    cr_assert_eq(brood_pipe_set_limits(pipe, MUCH, 0), 0);
    cr_assert_eq(brood_pipe_write(pipe, lender.bytes, MUCH), 0);
    brood__pipe_finish(pipe);
    brood__pipe_finish(pipe);
    cr_assert(brood_pipe_is_closing(pipe));
    cr_assert_eq(read_slowly(lender.loop, lender.peer, 30000), MUCH);
    test_run_until(lender.loop, &lender.writing.lost);
    size_t live = test_live_allocations();
    brood__pipe_finish(pipe);
    test_settle(lender.loop);
    cr_assert_eq(test_live_allocations(), live, "it is still its owner's");
    cr_assert_eq(brood_pipe_fd(pipe), -1);
    lender_close(&lender);
}

Test(pipe_lend_end, finish_ends_a_pipe_for_reading_too)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.keep_when_lost = true};
    int peer = record_reader(loop, &reading);
    test_settle(loop);
    put(peer, "unread");
    brood__pipe_finish(reading.pipe);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made lost");
    brood_pipe_close(reading.pipe);
    test_settle(loop);
    close(peer);
    test_loop_close(loop);
}
