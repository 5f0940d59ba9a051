/* drain, flush and wait_closed when they do not get what they wait for: deadlines,
 * cancellation, places where one cannot wait.  Nothing is lost by any of it. */
#include "writer_recorder.h"

SUITE(writer_patience);

static writer_wait *const waits[] = {brood_writer_drain, brood_writer_flush,
                                     brood_writer_wait_closed};
enum { WAITS = sizeof waits / sizeof *waits };

/* The writer is as if nobody had waited. */
static void check_usable(struct sender *sender)
{
    struct waiting waiting[WAITS] = {{0}};
    cr_expect_eq(brood_writer_buffered(sender->writer), HIGH_MARK + 1);
    cr_expect_eq(sender_write(sender, 100), 1);
    for (int i = 0; i < WAITS; i++)
        waiting_start(sender, &waiting[i], waits[i]);
    test_settle(sender->loop);
    brood_writer_close(sender->writer);
    cr_expect_eq(sender_take_all(sender), sender->accepted);
    for (int i = 0; i < WAITS; i++)
        cr_expect_eq(waiting_end(&waiting[i]), 0, "%d", i);
}

static void time_out(writer_wait *wait, brood_time deadline)
{
    struct sender sender;
    struct waiting waiting = {.deadline = deadline};
    sender_open_pressed(&sender);
    cr_expect_eq(wait(sender.writer, deadline), BROOD_ETIMEDOUT);
    waiting_start(&sender, &waiting, wait);
    cr_expect_eq(waiting_end(&waiting), BROOD_ETIMEDOUT);
    check_usable(&sender);
    sender_close(&sender);
}

Test(writer_patience, a_deadline_ends_a_wait_and_nothing_else)
{
    for (int i = 0; i < WAITS; i++) {
        time_out(waits[i], brood_in(0.002));
        time_out(waits[i], 1);
    }
}

Test(writer_patience, who_may_not_wait_looks_once)
{
    for (int i = 0; i < WAITS; i++) {
        struct sender sender;
        uint64_t rounds;
        sender_open_pressed(&sender);
        cr_expect_eq(wait_outside(&sender, waits[i], BROOD_NOWAIT, &rounds), BROOD_ETIMEDOUT);
        cr_expect_eq(rounds, 1);
        check_usable(&sender);
        sender_close(&sender);
    }
}

/* What one look at the system brings is an answer. */
static void look(writer_wait *wait, bool in_task)
{
    struct sender sender;
    struct waiting waiting = {.deadline = 1};
    sender_open_full(&sender);
    if (wait == brood_writer_wait_closed) {
        brood_writer_close(sender.writer);
    } else {
        cr_assert_eq(brood_writer_set_limits(sender.writer, 10, 0), 0);
        cr_assert_eq(sender_write(&sender, 11), 1);
        test_settle(sender.loop);
    }
    sender_take(&sender, sender.capacity);
    if (in_task) {
        waiting_start(&sender, &waiting, wait);
        cr_expect_eq(waiting_end(&waiting), 0);
    } else {
        cr_expect_eq(wait(sender.writer, BROOD_NOWAIT), 0);
    }
    cr_expect_eq(available(sender.peer) + sender.taken, sender.accepted);
    sender_close(&sender);
}

Test(writer_patience, what_one_look_brings_is_an_answer)
{
    for (int i = 0; i < WAITS; i++) {
        look(waits[i], false);
        look(waits[i], true);
    }
}

static void cancel_one(writer_wait *wait, bool before_it_waits)
{
    struct sender sender;
    struct waiting waiting[2] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < 2; i++)
        waiting_start(&sender, &waiting[i], wait);
    if (!before_it_waits)
        test_settle(sender.loop);
    brood_task_cancel(waiting[0].task);
    cr_expect_eq(waiting_end(&waiting[0]), BROOD_ECANCELED);
    cr_expect_not(waiting[1].done, "only that one");
    check_usable(&sender);
    cr_expect_eq(waiting_end(&waiting[1]), 0);
    sender_close(&sender);
}

Test(writer_patience, a_cancellation_ends_one_wait_and_nothing_else)
{
    for (int i = 0; i < WAITS; i++) {
        cancel_one(waits[i], false);
        cancel_one(waits[i], true);
    }
}

static void stop(void *arg)
{
    struct sender *sender = arg;
    brood_loop_stop(sender->loop);
}

Test(writer_patience, stopping_the_loop_ends_a_wait_outside_of_tasks)
{
    for (int i = 0; i < WAITS; i++) {
        struct sender sender;
        sender_open_pressed(&sender);
        call_soon(&sender, stop);
        cr_expect_eq(waits[i](sender.writer, test_deadline()), BROOD_ECANCELED);
        check_usable(&sender);
        sender_close(&sender);
    }
}

Test(writer_patience, nobody_waits_in_a_callback)
{
    for (int i = 0; i < WAITS; i++) {
        struct sender sender;
        sender_open_pressed(&sender);
        cr_expect_eq(wait_in_callback(&sender, waits[i]), BROOD_EWAIT);
        check_usable(&sender);
        sender_close(&sender);
    }
}

static int wait_for_another_loops(void *arg)
{
    struct sender *sender = arg;
    for (int i = 0; i < WAITS; i++)
        cr_expect_eq(waits[i](sender->writer, test_deadline()), BROOD_EWAIT, "%d", i);
    return 0;
}

Test(writer_patience, a_task_does_not_wait_for_another_loops_writer)
{
    struct sender sender;
    brood_loop *loop = test_loop();
    brood_task *task;
    sender_open_pressed(&sender);
    cr_assert_eq(brood_task_start(loop, wait_for_another_loops, &sender, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    check_usable(&sender);
    sender_close(&sender);
    test_loop_close(loop);
}

Test(writer_patience, waiting_needs_no_memory)
{
    struct sender sender;
    struct waiting waiting[WAITS] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < WAITS; i++)
        waiting_start(&sender, &waiting[i], waits[i]);
    test_fail_allocation(1, true);
    for (int i = 0; i < WAITS; i++)
        cr_expect_eq(waits[i](sender.writer, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    brood_writer_close(sender.writer);
    cr_expect_eq(sender_take_all(&sender), sender.accepted);
    for (int i = 0; i < WAITS; i++)
        cr_expect_eq(waiting_end(&waiting[i]), 0);
    cr_expect_not(test_allocation_failed());
    test_fail_allocation(0, false);
    sender_close(&sender);
}

/* ---- a reader that never reads -------------------------------------------------------- */

struct producer {
    struct sender sender;
    size_t most;     /* that was ever buffered    */
    size_t accepted; /* when it was refused first */
    int time_outs;
};

static int write_and_drain(void *arg)
{
    static const char block[4096];
    struct producer *producer = arg;
    while (producer->time_outs < 50) {
        if (brood_writer_write(producer->sender.writer, block, sizeof block) < 0)
            return -1;
        size_t buffered = brood_writer_buffered(producer->sender.writer);
        if (buffered > producer->most)
            producer->most = buffered;
        producer->accepted += sizeof block;
        int error;
        while ((error = brood_writer_drain(producer->sender.writer, brood_in(1e-4))) < 0) {
            if (error != BROOD_ETIMEDOUT)
                return error;
            if (++producer->time_outs == 50)
                break;
        }
    }
    return 0;
}

Test(writer_patience, a_reader_that_never_reads_keeps_who_drains_blocked_and_memory_flat)
{
    struct producer producer = {0};
    brood_task *task;
    int result = -1;
    sender_open(&producer.sender);
    cr_assert_eq(brood_task_start(producer.sender.loop, write_and_drain, &producer, &task), 0);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    cr_expect_eq(producer.time_outs, 50);
    cr_expect_gt(producer.most, HIGH_MARK);
    cr_expect_leq(producer.most, HIGH_MARK + 4096);
    producer.sender.accepted = producer.accepted;
    cr_expect(sender_accounts(&producer.sender));
    if (!writes_wait()) {
        cr_expect_eq(brood_writer_buffered(producer.sender.writer), producer.most);
        cr_expect_eq(producer.accepted, producer.sender.capacity + producer.most);
    }
    sender_close(&producer.sender);
}
