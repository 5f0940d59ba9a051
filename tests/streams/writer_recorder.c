/* Writers in the states that the tests begin with, and those who wait for them. */
#include "writer_recorder.h"

#include <unistd.h>

/* ---- the writer --------------------------------------------------------------- */

void sender_open_on(struct sender *sender, brood_loop *loop)
{
    *sender = (struct sender){.loop = loop, .bytes = pattern_of(SENDER_BYTES)};
    intptr_t end = make_write_end(&sender->peer);
    sender->capacity = capacity_of(sender->peer);
    cr_assert_lt(sender->capacity, SENDER_BYTES / 4);
    cr_assert_eq(brood_writer_connect(loop, end, &sender->writer), 0);
    test_settle(loop);
}

void sender_open(struct sender *sender)
{
    sender_open_on(sender, test_loop());
}

void sender_open_full(struct sender *sender)
{
    sender_open(sender);
    cr_assert_eq(sender_write(sender, sender->capacity), 0);
    let_out(sender->loop);
    cr_assert_eq(brood_writer_buffered(sender->writer), 0);
}

void sender_open_pressed(struct sender *sender)
{
    enum { LAST = HIGH_MARK / 4 + 4096 };
    sender_open_full(sender);
    cr_assert_eq(sender_write(sender, HIGH_MARK + 1 - LAST), 0);
    cr_assert_eq(sender_write(sender, LAST), 1);
    cr_assert_eq(brood_writer_buffered(sender->writer), HIGH_MARK + 1);
    test_settle(sender->loop);
}

void sender_close_keeping_loop(struct sender *sender)
{
    brood_writer_free(sender->writer);
    sender_close_peer(sender);
    test_settle(sender->loop);
    free(sender->bytes);
}

void sender_close(struct sender *sender)
{
    sender_close_keeping_loop(sender);
    test_loop_close(sender->loop);
}

int sender_write(struct sender *sender, size_t len)
{
    cr_assert_leq(sender->accepted + len, SENDER_BYTES);
    int result = brood_writer_write(sender->writer, sender->bytes + sender->accepted, len);
    if (result >= 0)
        sender->accepted += len;
    return result;
}

/* ---- the other end ------------------------------------------------------------- */

void sender_take(struct sender *sender, size_t len)
{
    cr_assert_geq(available(sender->peer), len);
    while (len > 0) {
        size_t n = take_pattern(sender->peer, len, sender->taken);
        sender->taken += n;
        len -= n;
    }
}

void sender_take_until_buffered(struct sender *sender, size_t buffered)
{
    while (brood_writer_buffered(sender->writer) > buffered) {
        sender_take(sender, 4096);
        test_settle(sender->loop);
    }
}

size_t sender_take_all(struct sender *sender)
{
    size_t n = 1;
    brood_time deadline = test_deadline();
    while (n > 0) {
        cr_assert_eq(brood_loop_step(sender->loop, BROOD_NOWAIT), 0);
        cr_assert_lt(brood_now(), deadline);
        if (is_readable(sender->peer)) {
            n = take_pattern(sender->peer, 65536, sender->taken);
            sender->taken += n;
        }
    }
    return sender->taken;
}

void sender_close_peer(struct sender *sender)
{
    if (sender->peer < 0)
        return;
    unwatch_peer(sender->loop, sender->peer);
    close(sender->peer);
    sender->peer = -1;
}

static void take_some(void *arg)
{
    struct sender *sender = arg;
    size_t n = take_pattern(sender->peer, 65536, sender->taken);
    sender->taken += n;
    if (n == 0)
        unwatch_peer(sender->loop, sender->peer);
}

void sender_take_by_callback(struct sender *sender)
{
    watch_peer(sender->loop, sender->peer, take_some, sender);
}

/* ---- those who wait -------------------------------------------------------------- */

static int wait_in_task(void *arg)
{
    struct waiting *waiting = arg;
    waiting->result = waiting->wait(waiting->writer, waiting->deadline);
    waiting->done = true;
    return waiting->result;
}

void waiting_start(struct sender *sender, struct waiting *waiting, writer_wait *wait)
{
    waiting->wait = wait;
    waiting->writer = sender->writer;
    if (waiting->deadline == 0)
        waiting->deadline = test_deadline();
    cr_assert_eq(brood_task_start(sender->loop, wait_in_task, waiting, &waiting->task), 0);
}

int waiting_end(struct waiting *waiting)
{
    int result = 1;
    cr_assert_eq(brood_task_join(waiting->task, &result, test_deadline()), 0);
    cr_assert(waiting->done);
    return result;
}

static void wait_now(void *arg)
{
    struct waiting *waiting = arg;
    waiting->result = waiting->wait(waiting->writer, test_deadline());
    waiting->done = true;
}

int wait_in_callback(struct sender *sender, writer_wait *wait)
{
    struct waiting waiting = {.wait = wait, .writer = sender->writer};
    cr_assert_eq(brood_call_soon(sender->loop, wait_now, &waiting, NULL), 0);
    test_run_until(sender->loop, &waiting.done);
    return waiting.result;
}

int wait_outside(struct sender *sender, writer_wait *wait, brood_time deadline, uint64_t *rounds)
{
    uint64_t before = sender->loop->round;
    int result = wait(sender->writer, deadline);
    *rounds = sender->loop->round - before;
    return result;
}

void call_soon(struct sender *sender, void (*call)(void *arg))
{
    cr_assert_eq(brood_call_soon(sender->loop, call, sender, NULL), 0);
}
