/* The completion port fulfils the contract (backend.h): reads, writes and the reader's
 * going, by themselves and cancelled. */
#include "helpers_port_windows.h"
#include "spanned_op.h"
#include "support.h"

SUITE(iocp);

static struct brood__backend *port;
static struct port_pipe pipe;

static void open_all(void)
{
    port = port_open();
    port_pipe_open(port, &pipe);
}

static void close_all(void)
{
    cr_expect(pipe.channel.in == NULL && pipe.channel.out == NULL);
    port_pipe_close(port, &pipe);
    port_close(port);
}

static struct brood__op reading(void *data, size_t len)
{
    return spanned_op(BROOD__READ, data, len);
}

static struct brood__op writing(void *data, size_t len)
{
    return spanned_op(BROOD__WRITE, data, len);
}

static void cancel(struct brood__op *op)
{
    port->table->cancel(port, op);
}

static void expect_text(struct brood__op *op, const char *text)
{
    size_t length = strlen(text);
    cr_assert_eq(port_await(port, op), (ptrdiff_t)length);
    cr_expect_arr_eq((const char *)span_of(op)->data, text, length);
}

/* ---- reading -------------------------------------------------------------------------- */

Test(iocp, a_read_waits_until_something_comes_and_takes_it_when_it_is_finished)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block), *ripe = NULL;
    open_all();
    port_submit(port, &pipe, &read);
    port_expect_nothing(port);
    cr_expect_eq(read.state, BROOD__SUBMITTED);
    port_put(&pipe, "hello");
    cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
    cr_assert_eq(ripe, &read);
    cr_expect_eq(read.state, BROOD__RIPE);
    cr_expect_eq(port_available(&pipe), 5, "nothing has been taken yet");
    port_put(&pipe, " there");
    cr_assert(port_finish(port, &read));
    cr_expect_eq(read.result, 11, "what came meanwhile, too");
    cr_expect_arr_eq(block, "hello there", 11);
    close_all();
}

Test(iocp, a_read_takes_no_more_than_it_has_room_for)
{
    char block[3];
    struct brood__op read = reading(block, sizeof block);
    open_all();
    port_put(&pipe, "hello");
    port_submit(port, &pipe, &read);
    expect_text(&read, "hel");
    port_submit(port, &pipe, &read);
    expect_text(&read, "lo");
    close_all();
}

Test(iocp, a_read_without_memory_of_its_own_has_the_backends)
{
    struct brood__op read = reading(NULL, 0);
    open_all();
    port_submit(port, &pipe, &read);
    port_put(&pipe, "shared");
    expect_text(&read, "shared");
    close_all();
}

Test(iocp, the_end_comes_after_what_was_written_before)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block);
    open_all();
    port_put(&pipe, "last");
    port_hang_up(&pipe);
    port_submit(port, &pipe, &read);
    expect_text(&read, "last");
    for (int i = 0; i < 2; i++) {
        port_submit(port, &pipe, &read);
        cr_expect_eq(read.state, BROOD__RIPE, "it has failed at once: no packet will come");
        cr_expect(port->table->pending(port));
        cr_expect_eq(port_await(port, &read), 0);
        cr_expect_not(port->table->pending(port));
    }
    close_all();
}

Test(iocp, the_end_completes_a_read_that_waits)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block);
    open_all();
    port_submit(port, &pipe, &read);
    port_expect_nothing(port);
    port_hang_up(&pipe);
    cr_expect_eq(port_await(port, &read), 0);
    close_all();
}

/* Wine 8: nothing comes of it; Windows completes the read, which then waits again. */
Test(iocp, a_write_of_no_bytes_at_the_other_end_is_no_end)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block), *ripe = NULL;
    DWORD written;
    open_all();
    port_submit(port, &pipe, &read);
    cr_assert(WriteFile(pipe.theirs, "", 0, &written, NULL));
    if (port_wait(port, 5000000, &ripe, 1) > 0)
        cr_expect_not(port_finish(port, ripe));
    port_expect_nothing(port);
    cr_expect_eq(read.state, BROOD__SUBMITTED);
    port_put(&pipe, "x");
    expect_text(&read, "x");
    close_all();
}

/* ---- reading at once -------------------------------------------------------------------- */

Test(iocp, reading_at_once_answers_whatever_is_in_flight)
{
    char block[16], other[16];
    void *into = other;
    struct brood__op read = reading(block, sizeof block), *ripe = NULL;
    open_all();
    port_submit(port, &pipe, &read);
    cr_expect_eq(port->table->try_read(port, &pipe.channel, &into, sizeof other), BROOD_EAGAIN);
    port_put(&pipe, "first");
    cr_assert_eq(port->table->try_read(port, &pipe.channel, &into, sizeof other), 5);
    cr_expect_arr_eq(other, "first", 5);

    cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
    cr_expect_not(port_finish(port, ripe), "nothing is there after all: it stays in flight");
    port_expect_nothing(port);
    port_put(&pipe, "second");
    expect_text(&read, "second");
    into = NULL;
    port_put(&pipe, "third");
    cr_assert_eq(port->table->try_read(port, &pipe.channel, &into, 0), 5);
    cr_expect_arr_eq((const char *)into, "third", 5);
    port_hang_up(&pipe);
    cr_expect_eq(port->table->try_read(port, &pipe.channel, &into, 16), 0);
    close_all();
}

Test(iocp, nothing_is_ever_written_at_once)
{
    brood_slice part = {.data = "x", .len = 1};
    open_all();
    cr_expect(port->table->completes);
    cr_expect_eq(port->table->try_write(port, &pipe.channel, &part, 1), BROOD_EAGAIN);
    cr_expect_eq(port->table->descriptor(port), -1);
    close_all();
}

/* ---- writing ---------------------------------------------------------------------------- */

static char block_to_write[5 * PORT_QUOTA];

Test(iocp, a_write_that_is_done_at_once_completes_in_a_wait_all_the_same)
{
    struct brood__op write = writing(block_to_write, PORT_QUOTA);
    open_all();
    port_submit(port, &pipe, &write);
    cr_expect_neq(write.state, BROOD__IDLE);
    cr_expect_eq(port_await(port, &write), PORT_QUOTA);
    cr_expect_eq(port_take(&pipe, PORT_QUOTA), PORT_QUOTA);
    close_all();
}

Test(iocp, a_write_of_more_than_the_pipe_holds_waits_for_the_reader)
{
    struct brood__op write = writing(block_to_write, sizeof block_to_write);
    open_all();
    port_submit(port, &pipe, &write);
    port_expect_nothing(port);
    cr_expect_eq(port_take(&pipe, sizeof block_to_write), sizeof block_to_write);
    cr_expect_eq(port_await(port, &write), (ptrdiff_t)sizeof block_to_write);
    close_all();
}

Test(iocp, writing_to_one_who_has_gone_is_a_broken_pipe)
{
    struct brood__op write = writing(block_to_write, sizeof block_to_write);
    open_all();
    port_submit(port, &pipe, &write);
    port_expect_nothing(port);
    port_hang_up(&pipe);
    cr_expect_eq(port_await(port, &write), BROOD_EPIPE, "while it waited");
    port_submit(port, &pipe, &write);
    cr_expect_eq(write.state, BROOD__SETTLED);
    cr_expect_eq(port_await(port, &write), BROOD_EPIPE, "at once");
    close_all();
}

Test(iocp, both_ways_at_the_same_time)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block);
    struct brood__op write = writing(block_to_write, sizeof block_to_write);
    open_all();
    port_submit(port, &pipe, &read);
    port_submit(port, &pipe, &write);
    port_expect_nothing(port);
    port_put(&pipe, "answer");
    expect_text(&read, "answer");
    cr_expect_eq(port_take(&pipe, sizeof block_to_write), sizeof block_to_write);
    cr_expect_eq(port_await(port, &write), (ptrdiff_t)sizeof block_to_write);
    close_all();
}

/* ---- the reader's going -------------------------------------------------------------------- */

Test(iocp, a_reader_that_goes_is_noticed)
{
    struct brood__op gone = spanned_op(BROOD__POLL_GONE, NULL, 0);
    open_all();
    port_submit(port, &pipe, &gone);
    port_expect_nothing(port);
    port_hang_up(&pipe);
    cr_expect_eq(port_await(port, &gone), 0);
    close_all();
}

Test(iocp, what_is_written_to_the_end_that_is_written_to_is_dropped)
{
    struct brood__op gone = spanned_op(BROOD__POLL_GONE, NULL, 0), *ripe = NULL;
    open_all();
    port_submit(port, &pipe, &gone);
    for (int i = 0; i < 3; i++) {
        port_put(&pipe, "by mistake");
        cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
        cr_expect_not(port_finish(port, ripe));
        cr_expect_eq(port_available(&pipe), 0);
        port_expect_nothing(port);
    }
    port_put(&pipe, "and gone");
    port_hang_up(&pipe);
    cr_expect_eq(port_await(port, &gone), 0);
    close_all();
}

/* ---- cancelling -------------------------------------------------------------------------- */

Test(iocp, a_cancelled_read_has_lost_nothing)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block), *ripe = NULL;
    open_all();
    port_submit(port, &pipe, &read);
    cancel(&read);
    cr_expect_eq(port_await(port, &read), BROOD_ECANCELED, "while it waited");
    port_put(&pipe, "kept");
    port_submit(port, &pipe, &read);
    cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
    cancel(&read);
    cr_assert(port_finish(port, &read));
    cr_expect_eq(read.result, BROOD_ECANCELED, "when it was about to be finished");
    port_submit(port, &pipe, &read);
    expect_text(&read, "kept");
    close_all();
}

/* Its packet is in the port by then, or is not: it completes once, either way. */
Test(iocp, a_packet_may_come_after_the_cancellation)
{
    char block[16];
    struct brood__op read = reading(block, sizeof block);
    open_all();
    for (int i = 0; i < 50; i++) {
        port_submit(port, &pipe, &read);
        port_put(&pipe, "kept");
        if (i % 2 == 1)
            cancel(&read);
        cancel(&read);
        if (port_await(port, &read) == BROOD_ECANCELED) {
            port_submit(port, &pipe, &read);
            port_await(port, &read);
        }
        cr_assert_eq(read.result, 4);
        cr_assert_arr_eq(block, "kept", 4);
    }
    port_expect_nothing(port);
    close_all();
}

Test(iocp, a_cancelled_write_completes_once)
{
    struct brood__op write = writing(block_to_write, sizeof block_to_write);
    open_all();
    port_submit(port, &pipe, &write);
    port_expect_nothing(port);
    cancel(&write);
    cancel(&write);
    cr_expect_eq(port_await(port, &write), BROOD_ECANCELED);
    port_expect_nothing(port);
    close_all();
}

Test(iocp, a_write_that_is_done_is_not_cancelled_any_more)
{
    struct brood__op write = writing(block_to_write, 10), *ripe = NULL;
    open_all();
    port_submit(port, &pipe, &write);
    cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
    cancel(&write);
    cr_assert(port_finish(port, &write));
    cr_expect_eq(write.result, 10);
    close_all();
}

Test(iocp, a_cancelled_look_at_the_reader_can_be_begun_again)
{
    struct brood__op gone = spanned_op(BROOD__POLL_GONE, NULL, 0);
    open_all();
    port_submit(port, &pipe, &gone);
    cancel(&gone);
    cr_expect_eq(port_await(port, &gone), BROOD_ECANCELED);
    port_submit(port, &pipe, &gone);
    port_hang_up(&pipe);
    cr_expect_eq(port_await(port, &gone), 0);
    close_all();
}
