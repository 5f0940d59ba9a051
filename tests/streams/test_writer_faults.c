/* Writers when memory fails: each failure changes nothing. */
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer_faults);

/* ---- connecting ------------------------------------------------------------------------ */

/* false: there was no nth allocation to fail. */
static bool connect_without_memory(size_t nth)
{
    brood_loop *loop = test_loop();
    brood_writer *writer = NULL;
    int peer;
    intptr_t end = make_write_end(&peer);
    size_t live = test_live_allocations();
    test_fail_allocation(nth, false);
    int error = brood_writer_connect(loop, end, &writer);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    cr_expect_eq(error, failed ? BROOD_ENOMEM : 0);
    if (failed) {
        cr_expect_null(writer);
        cr_expect_eq(test_live_allocations(), live);
        cr_expect(is_untouched(end));
        test_settle(loop);
        cr_expect_eq(brood_writer_connect(loop, end, &writer), 0, "the next attempt works");
    }
    cr_expect_eq(brood_writer_write(writer, "x", 1), 0);
    cr_expect_eq(available(peer), 1);
    brood_writer_free(writer);
    test_settle(loop);
    test_loop_close(loop);
    close(peer);
    return failed;
}

Test(writer_faults, connecting_without_memory_changes_nothing)
{
    size_t nth = 1;
    while (connect_without_memory(nth))
        nth++;
    cr_expect_gt(nth, writes_wait() ? 2 : 3,
                 "the writer, its pipe; on Unix a place in the backend");
}

/* ---- writing ----------------------------------------------------------------------------- */

Test(writer_faults, a_write_without_memory_writes_nothing_and_can_be_repeated)
{
    struct sender sender;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 100), 0);
    test_fail_allocation(1, true);
    cr_expect_eq(sender_write(&sender, 100000), BROOD_ENOMEM);
    cr_expect(test_allocation_failed());
    test_fail_allocation(0, false);
    cr_expect_not(brood_writer_is_closing(sender.writer));
    cr_expect_eq(brood_writer_buffered(sender.writer), 100);
    cr_expect_eq(sender_write(&sender, 100000), 1);
    brood_writer_close(sender.writer);
    cr_expect_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer_faults, more_than_can_ever_be_buffered_is_refused)
{
    struct sender sender;
    sender_open_full(&sender);
    cr_expect_eq(brood_writer_write(sender.writer, "x", BROOD_MAX_BUFFERED + 1), BROOD_ENOBUFS);
    cr_expect_eq(brood_writer_buffered(sender.writer), 0);
    cr_expect_not(brood_writer_is_closing(sender.writer));
    sender_close(&sender);
}
