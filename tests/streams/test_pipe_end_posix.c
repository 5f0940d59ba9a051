/* How pipes for writing end where a socket or a device is one, and where a write shows at
 * once that nobody reads. */
#include <fcntl.h>
#include <unistd.h>

#include "full_device.h"
#include "pipe_recorder.h"

SUITE(pipe_end_posix);

Test(pipe_end_posix, sem_65_a_socket_with_something_to_read_has_not_gone)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int ends[2];
    make_sockets(ends);
    record_writing(loop, &writing, ends[0]);
    put(ends[1], "readable");
    test_settle(loop);
    cr_assert_not(brood_pipe_is_closing(writing.pipe));
    cr_assert_eq(brood_loop_next(loop), BROOD_FOREVER);
    close(ends[1]);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}

Test(pipe_end_posix, sem_68_a_write_error_ends_the_connection_but_never_inline)
{
    NEEDS_FULL_DEVICE;
    brood_loop *loop = test_loop();
    struct pipe_recorder full = {0}, gone = {0};
    record_writing(loop, &full, open_full_device());
    close(record_writer(loop, &gone));
    cr_assert_eq(brood_pipe_write(full.pipe, "x", 1), BROOD_ENOSPC);
    cr_assert_eq(brood_pipe_write(gone.pipe, "x", 1), BROOD_EPIPE);
    cr_assert_eq(brood_pipe_write(gone.pipe, "x", 1), BROOD_ECLOSED);
    cr_assert_str_eq(full.log, "");
    cr_assert_str_eq(gone.log, "");
    cr_assert(brood_pipe_is_closing(gone.pipe));
    test_run_until(loop, &full.lost);
    test_run_until(loop, &gone.lost);
    cr_assert_str_eq(full.log, "made lost:ENOSPC");
    cr_assert_str_eq(gone.log, "made lost:EPIPE");
    test_loop_close(loop);
}
