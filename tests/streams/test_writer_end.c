/* How writers end: write_eof, close, a reader that goes, free, and the end of the
 * loop. */
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer_end);

static void check_refuses(struct sender *sender)
{
    size_t buffered = brood_writer_buffered(sender->writer);
    brood_slice part = {.data = "late", .len = 4};
    cr_expect(brood_writer_is_closing(sender->writer));
    cr_expect_eq(brood_writer_write(sender->writer, "late", 4), BROOD_ECLOSED);
    cr_expect_eq(brood_writer_write(sender->writer, "", 0), BROOD_ECLOSED);
    cr_expect_eq(brood_writer_writelines(sender->writer, &part, 1), BROOD_ECLOSED);
    cr_expect_eq(brood_writer_write_eof(sender->writer), 0);
    cr_expect_eq(brood_writer_buffered(sender->writer), buffered);
}

static void write_eof(struct sender *sender)
{
    cr_assert_eq(brood_writer_write_eof(sender->writer), 0);
}

static void close_twice(struct sender *sender)
{
    brood_writer_close(sender->writer);
    brood_writer_close(sender->writer);
}

static void refuse_after(void (*end)(struct sender *), bool full)
{
    struct sender sender;
    if (full)
        sender_open_pressed(&sender);
    else
        sender_open(&sender);
    end(&sender);
    check_refuses(&sender);
    test_settle(sender.loop);
    check_refuses(&sender);
    cr_expect_eq(sender_take_all(&sender), sender.accepted, "nothing late arrives");
    cr_expect_eq(brood_writer_wait_closed(sender.writer, test_deadline()), 0);
    check_refuses(&sender);
    sender_close(&sender);
}

/* Departure: asyncio discards them in silence. */
Test(writer_end, sem_66_writing_after_the_end_is_refused)
{
    refuse_after(write_eof, false);
    refuse_after(close_twice, false);
    refuse_after(write_eof, true);
    refuse_after(close_twice, true);
}

Test(writer_end, sem_66_writing_after_a_loss_is_refused)
{
    struct sender sender;
    sender_open(&sender);
    sender_close_peer(&sender);
    test_settle(sender.loop);
    check_refuses(&sender);
    sender_close(&sender);

    sender_open(&sender);
    sender_close_peer(&sender);
    cr_assert_eq(brood_writer_write(sender.writer, "x", 1), BROOD_EPIPE, "not noticed yet");
    let_out(sender.loop);
    check_refuses(&sender);
    cr_assert_eq(brood_writer_wait_closed(sender.writer, test_deadline()), BROOD_EPIPE);
    sender_close(&sender);
}

Test(writer_end, sem_66_end_of_file_may_be_written_twice_and_closes)
{
    struct sender sender;
    sender_open(&sender);
    cr_assert_eq(sender_write(&sender, 5), 0);
    cr_assert_eq(brood_writer_write_eof(sender.writer), 0);
    cr_assert_eq(brood_writer_write_eof(sender.writer), 0);
    cr_assert(brood_writer_is_closing(sender.writer));
    cr_assert_eq(brood_writer_wait_closed(sender.writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_write_eof(sender.writer), 0);
    cr_assert_eq(sender_take_all(&sender), 5);
    sender_close(&sender);
}

Test(writer_end, sem_67_close_sends_what_is_buffered_before_the_end)
{
    struct sender sender;
    sender_open_pressed(&sender);
    brood_writer_close(sender.writer);
    cr_assert(brood_writer_is_closing(sender.writer));
    test_settle(sender.loop);
    cr_assert_eq(brood_writer_buffered(sender.writer), HIGH_MARK + 1);
    cr_assert_eq(brood_writer_wait_closed(sender.writer, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(sender_take_all(&sender), sender.accepted);
    cr_assert_eq(brood_writer_wait_closed(sender.writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    sender_close(&sender);
}

Test(writer_end, sem_67_a_lost_connection_drops_what_is_buffered)
{
    struct sender sender;
    sender_open_pressed(&sender);
    brood__pipe_lose(sender.writer->pipe, 0);
    cr_assert_eq(brood_writer_wait_closed(sender.writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    cr_assert_eq(sender_take_all(&sender), sender.capacity);
    sender_close(&sender);
}

/* ---- free -------------------------------------------------------------------------- */

Test(writer_end, free_sends_what_is_buffered_while_the_loop_runs)
{
    struct sender sender;
    sender_open_pressed(&sender);
    size_t live = test_live_allocations();
    brood_writer_free(sender.writer);
    sender.writer = NULL;
    cr_assert_eq(test_live_allocations(), live, "it is needed for that");
    cr_assert_eq(sender_take_all(&sender), sender.accepted);
    test_settle(sender.loop);
    cr_assert_lt(test_live_allocations(), live - 1, "the writer and its pipe have gone");
    sender_close(&sender);
}

Test(writer_end, free_before_the_first_round_sends_what_is_buffered)
{
    struct sender sender = {.loop = test_loop(), .bytes = pattern_of(SENDER_BYTES)};
    intptr_t end = make_write_end(&sender.peer);
    cr_assert_eq(brood_writer_connect(sender.loop, end, &sender.writer), 0);
    cr_assert_geq(sender_write(&sender, 200000), 0);
    brood_writer_free(sender.writer);
    sender.writer = NULL;
    cr_assert_eq(sender_take_all(&sender), 200000);
    sender_close(&sender);
}

Test(writer_end, free_after_the_loss_frees_within_a_round)
{
    struct sender sender;
    sender_open(&sender);
    sender_close_peer(&sender);
    test_settle(sender.loop);
    cr_assert(brood_writer_is_closing(sender.writer));
    size_t live = test_live_allocations();
    brood_writer_free(sender.writer);
    sender.writer = NULL;
    cr_assert_eq(brood_loop_step(sender.loop, BROOD_NOWAIT), 0);
    cr_assert_eq(test_live_allocations(), live - 2, "the writer and its pipe");
    sender_close(&sender);
}

static void free_now(void *arg)
{
    struct sender *sender = arg;
    brood_writer_free(sender->writer);
    sender->writer = NULL;
}

Test(writer_end, free_in_a_callback_and_while_the_reader_goes)
{
    struct sender sender;
    sender_open_pressed(&sender);
    call_soon(&sender, free_now);
    sender_close_peer(&sender);
    test_settle(sender.loop);
    cr_assert_null(sender.writer);
    sender_close(&sender);
}

static void free_while_waiting(writer_wait *wait, bool also_lost)
{
    struct sender sender;
    struct waiting waiting[3] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < 3; i++)
        waiting_start(&sender, &waiting[i], wait);
    test_settle(sender.loop);
    for (int i = 0; i < 3; i++)
        cr_assert_not(waiting[i].done);
    if (also_lost)
        sender_close_peer(&sender);
    free_now(&sender);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(waiting_end(&waiting[i]), BROOD_ECLOSED);
    if (!also_lost)
        cr_expect_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer_end, whoever_waits_for_a_writer_that_is_freed_gets_eclosed)
{
    for (int also_lost = 0; also_lost < 2; also_lost++) {
        free_while_waiting(brood_writer_drain, also_lost != 0);
        free_while_waiting(brood_writer_flush, also_lost != 0);
        free_while_waiting(brood_writer_wait_closed, also_lost != 0);
    }
}

/* The loss comes in this round, free_now early in the next one. */
static void lose_then_free(void *arg)
{
    struct sender *sender = arg;
    brood__pipe_lose(sender->writer->pipe, 0);
    call_soon(sender, free_now);
}

Test(writer_end, eclosed_is_also_for_those_who_were_woken_and_have_not_gone_on)
{
    struct sender sender;
    struct waiting waiting[3] = {{0}};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting[0], brood_writer_drain);
    waiting_start(&sender, &waiting[1], brood_writer_flush);
    waiting_start(&sender, &waiting[2], brood_writer_wait_closed);
    test_settle(sender.loop);
    call_soon(&sender, lose_then_free);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(waiting_end(&waiting[i]), BROOD_ECLOSED);
    sender_close(&sender);
}

/* ---- the end of the loop -------------------------------------------------------------- */

/* The writer's end is closed: this comes to its end without a loop. */
static size_t take_rest(struct sender *sender)
{
    size_t n;
    while ((n = take_pattern(sender->peer, 65536, sender->taken)) > 0)
        sender->taken += n;
    return sender->taken;
}

Test(writer_end, a_loop_that_is_closed_ends_its_writers_and_says_so)
{
    struct loop_report report;
    struct sender sender[2];
    brood_loop *loop = reporting_loop(&report);
    for (int i = 0; i < 2; i++)
        sender_open_on(&sender[i], loop);
    cr_assert_eq(sender_write(&sender[1], sender[1].capacity), 0);
    let_out(loop);
    cr_assert_eq(sender_write(&sender[1], sender[1].capacity), 0);
    test_loop_close(loop);
    cr_expect_geq(report.lines, 2);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(take_rest(&sender[i]), i == 0 ? 0 : sender[i].capacity);
        close(sender[i].peer);
        free(sender[i].bytes);
    }
}

Test(writer_end, a_loop_that_is_closed_cancels_those_who_wait)
{
    struct sender sender;
    struct waiting waiting[3] = {{0}};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting[0], brood_writer_drain);
    waiting_start(&sender, &waiting[1], brood_writer_flush);
    waiting_start(&sender, &waiting[2], brood_writer_wait_closed);
    test_settle(sender.loop);
    test_loop_close(sender.loop);
    for (int i = 0; i < 3; i++) {
        cr_expect(waiting[i].done);
        cr_expect_eq(waiting[i].result, BROOD_ECANCELED);
    }
    close(sender.peer);
    free(sender.bytes);
}

Test(writer_end, a_loop_that_is_closed_frees_writers_that_were_freed_and_still_flush)
{
    struct loop_report report;
    struct sender sender;
    sender_open_on(&sender, reporting_loop(&report));
    cr_assert_eq(sender_write(&sender, sender.capacity), 0);
    let_out(sender.loop);
    cr_assert_eq(sender_write(&sender, sender.capacity + 1), 1);
    free_now(&sender);
    test_settle(sender.loop);
    test_loop_close(sender.loop);
    cr_expect_eq(take_rest(&sender), sender.capacity);
    close(sender.peer);
    free(sender.bytes);
}
