/* drain: who waits until the buffer is down to the low mark, and what they are told
 * when that does not happen. */
#include "writer_recorder.h"

SUITE(writer_drain);

static int drain(brood_writer *writer, brood_time deadline)
{
    return brood_writer_drain(writer, deadline);
}

static void note_call(void *arg)
{
    *(bool *)arg = true;
}

/* ---- without pressure ---------------------------------------------------------------- */

static int drain_at_once(void *arg)
{
    struct sender *sender = arg;
    bool called = false;
    brood_handle *handle;
    cr_assert_eq(brood_call_soon(sender->loop, note_call, &called, &handle), 0);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(drain(sender->writer, BROOD_FOREVER), 0);
        cr_expect_eq(drain(sender->writer, BROOD_NOWAIT), 0);
    }
    cr_expect_not(called, "the loop has not run");
    if (!called)
        brood_handle_cancel(handle);
    return 0;
}

Test(writer_drain, sem_61_without_pressure_drain_makes_no_round)
{
    struct sender sender;
    uint64_t rounds = 1;
    brood_task *task;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, HIGH_MARK), 0);
    drain_at_once(&sender);
    cr_assert_eq(wait_outside(&sender, drain, BROOD_FOREVER, &rounds), 0);
    cr_assert_eq(rounds, 0);
    cr_assert_eq(brood_task_start(sender.loop, drain_at_once, &sender, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_assert_eq(wait_in_callback(&sender, drain), 0, "it does not have to wait");
    sender_close(&sender);
}

/* ---- while it closes ------------------------------------------------------------------- */

Test(writer_drain, sem_61_drain_makes_one_round_while_the_writer_closes)
{
    struct sender sender;
    uint64_t rounds;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 1000), 0);
    brood_writer_close(sender.writer);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(wait_outside(&sender, drain, BROOD_FOREVER, &rounds), 0, "it flushes");
        cr_expect_eq(rounds, 1);
    }
    sender_take(&sender, sender.capacity);
    int result = 0;
    for (int i = 0; i < 3 && result == 0; i++) {
        result = wait_outside(&sender, drain, BROOD_FOREVER, &rounds);
        cr_expect_eq(rounds, 1);
    }
    cr_expect_eq(result, BROOD_ECONNRESET);
    cr_expect_eq(wait_outside(&sender, drain, BROOD_FOREVER, &rounds), BROOD_ECONNRESET);
    cr_expect_eq(rounds, 0, "it is known by now");
    sender_close(&sender);
}

static int drain_while_it_closes(void *arg)
{
    struct sender *sender = arg;
    uint64_t round = sender->loop->round;
    bool called = false;
    cr_assert_eq(brood_call_soon(sender->loop, note_call, &called, NULL), 0);
    cr_expect_eq(drain(sender->writer, BROOD_FOREVER), 0);
    cr_expect(called, "others have had their turn");
    cr_expect_leq(sender->loop->round, round + 2, "the rest of this one, and one of its own");
    return 0;
}

Test(writer_drain, sem_61_a_task_yields_one_round_while_the_writer_closes)
{
    struct sender sender;
    brood_task *task;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 1000), 0);
    brood_writer_close(sender.writer);
    cr_assert_eq(brood_task_start(sender.loop, drain_while_it_closes, &sender, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    sender_close(&sender);
}

static int drain_and_be_disturbed(void *arg)
{
    struct sender *sender = arg;
    return drain(sender->writer, BROOD_FOREVER);
}

static void yield_and_disturb(bool cancel)
{
    struct sender sender;
    brood_task *task;
    int result = 0;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 1000), 0);
    brood_writer_close(sender.writer);
    cr_assert_eq(brood_task_start(sender.loop, drain_and_be_disturbed, &sender, &task), 0);
    cr_assert_eq(brood_loop_step(sender.loop, BROOD_NOWAIT), 0);
    if (cancel) {
        brood_task_cancel(task);
    } else {
        brood_writer_free(sender.writer);
        sender.writer = NULL;
    }
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, cancel ? BROOD_ECANCELED : BROOD_ECLOSED);
    cr_expect_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer_drain, sem_61_that_round_is_a_wait_like_others)
{
    yield_and_disturb(true);
    yield_and_disturb(false);
}

/* As one writes it: the results of the writes are not looked at. */
static int write_and_drain(void *arg)
{
    struct sender *sender = arg;
    int error = 0;
    for (int i = 0; i < 1000 && error == 0; i++) {
        brood_writer_write(sender->writer, "more", 4);
        error = drain(sender->writer, BROOD_FOREVER);
    }
    return error;
}

Test(writer_drain, sem_61_a_loop_of_writes_and_drains_sees_the_loss_and_ends)
{
    struct sender sender;
    for (int in_task = 0; in_task < 2; in_task++) {
        brood_task *task;
        int result = 0;
        sender_open(&sender);
        sender_close_peer(&sender);
        if (in_task) {
            cr_assert_eq(brood_task_start(sender.loop, write_and_drain, &sender, &task), 0);
            cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
        } else {
            result = write_and_drain(&sender);
        }
        cr_expect_eq(result, BROOD_ECONNRESET);
        sender_close(&sender);
    }
}

/* ---- over the mark ---------------------------------------------------------------------- */

Test(writer_drain, sem_59_drain_waits_down_to_the_low_mark)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, HIGH_MARK - 10000), 0);
    cr_assert_eq(sender_write(&sender, 10001), 1);
    waiting_start(&sender, &waiting, drain);
    test_settle(sender.loop);
    while (brood_writer_buffered(sender.writer) > HIGH_MARK / 4) {
        cr_assert_not(waiting.done);
        sender_take(&sender, 4096);
        test_settle(sender.loop);
    }
    cr_assert(waiting.done);
    cr_assert_eq(waiting_end(&waiting), 0);
    cr_assert_gt(brood_writer_buffered(sender.writer), 0);
    sender_close(&sender);
}

Test(writer_drain, sem_62_all_who_drain_go_on_together)
{
    struct sender sender;
    struct waiting waiting[5] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < 5; i++)
        waiting_start(&sender, &waiting[i], drain);
    test_settle(sender.loop);
    sender_take_until_buffered(&sender, HIGH_MARK / 4 + 4096);
    for (int i = 0; i < 5; i++)
        cr_expect_not(waiting[i].done);
    sender_take_until_buffered(&sender, HIGH_MARK / 4);
    for (int i = 0; i < 5; i++) {
        cr_expect(waiting[i].done);
        cr_expect_eq(waiting_end(&waiting[i]), 0);
    }
    sender_close(&sender);
}

static void write_more(void *arg)
{
    cr_assert_eq(sender_write(arg, HIGH_MARK + 1), 1);
}

/* In the round before: it runs before those who are woken in this one. */
static void write_more_soon(void *arg)
{
    call_soon(arg, write_more);
}

Test(writer_drain, who_is_woken_and_finds_it_over_the_mark_again_goes_on_waiting)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting, drain);
    test_settle(sender.loop);
    sender_take(&sender, sender.capacity);
    call_soon(&sender, write_more_soon);
    test_settle(sender.loop);
    cr_assert_not(waiting.done);
    cr_assert_gt(brood_writer_buffered(sender.writer), HIGH_MARK);
    sender_take_until_buffered(&sender, HIGH_MARK / 4);
    cr_assert_eq(waiting_end(&waiting), 0);
    sender_close(&sender);
}

Test(writer_drain, outside_of_tasks_it_drives_the_loop)
{
    struct sender sender;
    sender_open_pressed(&sender);
    sender_take_by_callback(&sender);
    cr_assert_eq(drain(sender.writer, test_deadline()), 0);
    cr_assert_leq(brood_writer_buffered(sender.writer), HIGH_MARK / 4);
    sender_close(&sender);
}

static void raise_limits(void *arg)
{
    struct sender *sender = arg;
    cr_assert_eq(brood_writer_set_limits(sender->writer, 1 << 20, 1 << 19), 0);
}

Test(writer_drain, sem_58_raising_the_marks_ends_the_wait)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting, drain);
    call_soon(&sender, raise_limits);
    cr_assert_eq(drain(sender.writer, test_deadline()), 0);
    cr_assert_eq(waiting_end(&waiting), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), HIGH_MARK + 1);
    sender_close(&sender);
}

Test(writer_drain, closing_the_writer_lets_drain_go_on_at_the_low_mark)
{
    struct sender sender;
    struct waiting waiting[2] = {{0}};
    sender_open_pressed(&sender);
    waiting_start(&sender, &waiting[0], drain);
    test_settle(sender.loop);
    brood_writer_close(sender.writer);
    waiting_start(&sender, &waiting[1], drain);
    test_settle(sender.loop);
    cr_assert_not(waiting[0].done);
    cr_assert_not(waiting[1].done);
    sender_take_until_buffered(&sender, HIGH_MARK / 4);
    cr_expect_eq(waiting_end(&waiting[0]), 0);
    cr_expect_eq(waiting_end(&waiting[1]), 0);
    sender_close(&sender);
}

/* ---- losses ------------------------------------------------------------------------------- */

static void lose_without_error(struct sender *sender)
{
    brood__pipe_lose(sender->writer->pipe, 0);
}

static void drain_and_lose(void (*lose)(struct sender *), int error)
{
    struct sender sender;
    struct waiting waiting[4] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < 4; i++)
        waiting_start(&sender, &waiting[i], drain);
    test_settle(sender.loop);
    lose(&sender);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(waiting_end(&waiting[i]), error);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(drain(sender.writer, test_deadline()), BROOD_ECONNRESET);
        cr_expect_eq(wait_in_callback(&sender, drain), BROOD_ECONNRESET);
    }
    sender_close(&sender);
}

Test(writer_drain, sem_62_on_a_loss_with_an_error_all_get_that_error)
{
    drain_and_lose(sender_close_peer, BROOD_EPIPE);
}

/* Departure: asyncio lets them go on as if the bytes had arrived. */
Test(writer_drain, sem_62_on_a_loss_without_an_error_all_get_econnreset)
{
    drain_and_lose(lose_without_error, BROOD_ECONNRESET);
}

static void close_peer(void *arg)
{
    sender_close_peer(arg);
}

Test(writer_drain, sem_63_a_loss_while_over_the_mark_is_the_error_itself)
{
    struct sender sender;
    sender_open_pressed(&sender);
    call_soon(&sender, close_peer);
    cr_assert_eq(drain(sender.writer, test_deadline()), BROOD_EPIPE);
    cr_assert_eq(drain(sender.writer, test_deadline()), BROOD_ECONNRESET);
    sender_close(&sender);
}

static void drain_after(void (*end)(brood_writer *writer))
{
    struct sender sender;
    uint64_t rounds;
    sender_open(&sender);
    if (end != NULL)
        end(sender.writer);
    else
        sender_close_peer(&sender);
    test_settle(sender.loop);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(wait_outside(&sender, drain, BROOD_FOREVER, &rounds), BROOD_ECONNRESET);
        cr_expect_eq(rounds, 0);
    }
    cr_expect_eq(wait_in_callback(&sender, drain), BROOD_ECONNRESET);
    sender_close(&sender);
}

Test(writer_drain, sem_63_drain_after_the_loss_is_econnreset)
{
    drain_after(NULL);
    drain_after(brood_writer_close);
}
