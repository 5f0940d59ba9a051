/* flush: until everything that was accepted has gone into the pipe. */
#include "writer_recorder.h"

SUITE(writer_flush);

static int flush(brood_writer *writer, brood_time deadline)
{
    return brood_writer_flush(writer, deadline);
}

Test(writer_flush, with_an_empty_buffer_it_makes_no_round)
{
    struct sender sender;
    uint64_t rounds;
    sender_open_full(&sender);
    cr_assert_eq(wait_outside(&sender, flush, BROOD_FOREVER, &rounds), 0);
    cr_assert_eq(rounds, 0);
    cr_assert_eq(wait_outside(&sender, flush, BROOD_NOWAIT, &rounds), 0);
    cr_assert_eq(rounds, 0);
    cr_assert_eq(wait_in_callback(&sender, flush), 0);
    sender_close(&sender);
}

Test(writer_flush, all_who_flush_wait_until_nothing_is_buffered)
{
    struct sender sender;
    struct waiting waiting[3] = {{0}};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 20000), 0);
    for (int i = 0; i < 3; i++)
        waiting_start(&sender, &waiting[i], flush);
    test_settle(sender.loop);
    while (brood_writer_buffered(sender.writer) > 0) {
        for (int i = 0; i < 3; i++)
            cr_assert_not(waiting[i].done);
        sender_take(&sender, 4096);
        test_settle(sender.loop);
    }
    for (int i = 0; i < 3; i++)
        cr_expect_eq(waiting_end(&waiting[i]), 0);
    cr_expect_eq(available(sender.peer) + sender.taken, sender.accepted);
    sender_close(&sender);
}

Test(writer_flush, outside_of_tasks_it_drives_the_loop)
{
    struct sender sender;
    sender_open_pressed(&sender);
    sender_take_by_callback(&sender);
    cr_assert_eq(flush(sender.writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    cr_assert_eq(sender.taken + available(sender.peer), sender.accepted);
    sender_close(&sender);
}

Test(writer_flush, what_is_written_meanwhile_is_waited_for_too)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 10), 0);
    waiting_start(&sender, &waiting, flush);
    test_settle(sender.loop);
    cr_assert_eq(sender_write(&sender, 8000), 0);
    sender_take(&sender, 4096);
    test_settle(sender.loop);
    cr_assert_not(waiting.done);
    sender_take(&sender, 8192);
    cr_assert_eq(waiting_end(&waiting), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    sender_close(&sender);
}

static void write_more(void *arg)
{
    cr_assert_eq(sender_write(arg, 70000), 1);
}

/* In the round before: it runs before those who are woken in this one. */
static void write_more_soon(void *arg)
{
    call_soon(arg, write_more);
}

Test(writer_flush, who_is_woken_and_finds_more_goes_on_waiting)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 4096), 0);
    waiting_start(&sender, &waiting, flush);
    test_settle(sender.loop);
    sender_take(&sender, 4096);
    call_soon(&sender, write_more_soon);
    test_settle(sender.loop);
    cr_assert_eq(brood_writer_buffered(sender.writer), 70000, "all before that has gone");
    cr_assert_not(waiting.done);
    sender_take_until_buffered(&sender, 0);
    cr_assert_eq(waiting_end(&waiting), 0);
    sender_close(&sender);
}

Test(writer_flush, it_works_while_the_writer_closes_and_after)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_pressed(&sender);
    brood_writer_close(sender.writer);
    waiting_start(&sender, &waiting, flush);
    test_settle(sender.loop);
    cr_assert_not(waiting.done);
    cr_assert_eq(sender_take_all(&sender), sender.accepted);
    cr_assert_eq(waiting_end(&waiting), 0);
    cr_assert_eq(brood_writer_wait_closed(sender.writer, test_deadline()), 0);
    cr_assert_eq(flush(sender.writer, BROOD_FOREVER), 0);
    cr_assert_eq(wait_in_callback(&sender, flush), 0);
    sender_close(&sender);
}

/* ---- losses --------------------------------------------------------------------------- */

Test(writer_flush, a_reader_that_goes_with_bytes_pending_is_a_broken_pipe)
{
    struct sender sender;
    struct waiting waiting[2] = {{0}};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 10), 0);
    for (int i = 0; i < 2; i++)
        waiting_start(&sender, &waiting[i], flush);
    test_settle(sender.loop);
    sender_close_peer(&sender);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(waiting_end(&waiting[i]), BROOD_EPIPE);
    cr_expect_eq(flush(sender.writer, BROOD_FOREVER), BROOD_EPIPE);
    sender_close(&sender);
}

Test(writer_flush, a_reader_that_goes_with_nothing_pending_leaves_nothing_to_flush)
{
    struct sender sender;
    sender_open_full(&sender);
    sender_close_peer(&sender);
    cr_assert_eq(flush(sender.writer, BROOD_FOREVER), 0);
    test_settle(sender.loop);
    cr_assert(brood_writer_is_closing(sender.writer));
    cr_assert_eq(flush(sender.writer, BROOD_FOREVER), 0);
    sender_close(&sender);
}

/* The loss is on its way, and the loop has not told yet. */
Test(writer_flush, right_after_a_write_that_broke_the_pipe_it_says_so)
{
    struct sender sender;
    sender_open(&sender);
    sender_close_peer(&sender);
    cr_assert_eq(sender_write(&sender, 10), BROOD_EPIPE);
    cr_expect_eq(flush(sender.writer, BROOD_FOREVER), BROOD_EPIPE);
    sender_close(&sender);
}

/* The connection can end without an error while bytes are buffered: what a child's
 * descendant still holds is closed when its grace is over. */
Test(writer_flush, it_does_not_say_that_dropped_bytes_have_gone_out)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting, flush);
    test_settle(sender.loop);
    brood__pipe_lose(sender.writer->pipe, 0);
    cr_expect_eq(waiting_end(&waiting), BROOD_ECONNRESET);
    cr_expect_eq(flush(sender.writer, BROOD_FOREVER), BROOD_ECONNRESET);
    sender_close(&sender);
}
