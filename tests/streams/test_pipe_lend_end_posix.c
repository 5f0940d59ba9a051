/* Bytes lent to a device, and to a pipe whose room cannot be waited for. */
#include <errno.h>
#include <fcntl.h>

#include "faults.h"
#include "full_device.h"
#include "lender.h"

SUITE(pipe_lend_end_posix);

Test(pipe_lend_end_posix, an_error_of_the_device_is_told_by_the_loss)
{
    NEEDS_FULL_DEVICE;
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    record_writing(loop, &writing, open_full_device());
    cr_assert_eq(brood__pipe_lend(writing.pipe, "x", 1), 0);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost:ENOSPC");
    test_loop_close(loop);
}

Test(pipe_lend_end_posix, a_device_that_cannot_be_polled_takes_everything)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(MUCH);
    record_writing(loop, &writing, open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 1000), 0);
    cr_assert_eq(brood__pipe_lend(writing.pipe, bytes, MUCH), 0);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    free(bytes);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}

Test(pipe_lend_end_posix, a_room_that_cannot_be_waited_for_is_a_lost_connection)
{
    struct lender lender;
    lender_open(&lender);
    test_fail_call(FAULT_POLLER_SET, 1, ENOMEM, 1);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, lender.bytes, MUCH), 0);
    test_run_until(lender.loop, &lender.writing.lost);
    test_fail_call(FAULT_POLLER_SET, 0, 0, 0);
    cr_assert_str_eq(lender.writing.log, "made lost:ENOMEM");
    lender_close(&lender);
}
