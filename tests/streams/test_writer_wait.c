/* wait_closed: until the connection is no more, and by what it ended. */
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer_wait);

static int wait_closed(brood_writer *writer, brood_time deadline)
{
    return brood_writer_wait_closed(writer, deadline);
}

Test(writer_wait, sem_64_a_reader_that_goes_with_nothing_pending_is_a_clean_end)
{
    struct sender sender;
    sender_open_full(&sender);
    test_settle(sender.loop);
    cr_assert_not(brood_writer_is_closing(sender.writer));
    sender_close_peer(&sender);
    test_settle(sender.loop);
    cr_assert(brood_writer_is_closing(sender.writer));
    cr_assert_eq(wait_closed(sender.writer, BROOD_FOREVER), 0);
    sender_close(&sender);
}

Test(writer_wait, sem_64_a_reader_that_goes_with_bytes_pending_is_a_broken_pipe)
{
    struct sender sender;
    struct waiting waiting[2] = {{0}};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 1), 0);
    for (int i = 0; i < 2; i++)
        waiting_start(&sender, &waiting[i], wait_closed);
    test_settle(sender.loop);
    sender_close_peer(&sender);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(waiting_end(&waiting[i]), BROOD_EPIPE);
    cr_expect_eq(wait_closed(sender.writer, BROOD_FOREVER), BROOD_EPIPE);
    sender_close(&sender);
}

Test(writer_wait, sem_64_also_when_it_was_closing)
{
    struct sender sender;
    sender_open_pressed(&sender);
    brood_writer_close(sender.writer);
    sender_close_peer(&sender);
    cr_assert_eq(wait_closed(sender.writer, test_deadline()), BROOD_EPIPE);
    sender_close(&sender);
}

Test(writer_wait, sem_67_it_waits_until_all_has_gone_out)
{
    struct sender sender;
    struct waiting waiting[3] = {{0}};
    sender_open_pressed(&sender);
    for (int i = 0; i < 3; i++)
        waiting_start(&sender, &waiting[i], wait_closed);
    test_settle(sender.loop);
    brood_writer_close(sender.writer);
    while (brood_writer_buffered(sender.writer) > 0) {
        for (int i = 0; i < 3; i++)
            cr_assert_not(waiting[i].done);
        sender_take(&sender, 4096);
        test_settle(sender.loop);
    }
    for (int i = 0; i < 3; i++)
        cr_expect_eq(waiting_end(&waiting[i]), 0);
    cr_expect_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer_wait, outside_of_tasks_it_drives_the_loop)
{
    struct sender sender;
    sender_open_pressed(&sender);
    sender_take_by_callback(&sender);
    brood_writer_close(sender.writer);
    cr_assert_eq(wait_closed(sender.writer, test_deadline()), 0);
    cr_assert_eq(sender.taken + available(sender.peer), sender.accepted);
    cr_assert_eq(wait_in_callback(&sender, wait_closed), 0, "it is known by now");
    sender_close(&sender);
}

/* Whoever hears of the end may rely on the other side hearing of it too. */
Test(writer_wait, afterwards_the_other_end_sees_the_end)
{
    struct sender sender;
    sender_open(&sender);
    brood_writer_close(sender.writer);
    cr_assert_eq(wait_closed(sender.writer, test_deadline()), 0);
    cr_assert(is_readable(sender.peer));
    cr_assert_eq(take_pattern(sender.peer, 1, 0), 0);
    sender_close(&sender);
}
