/* Writing to a device that takes everything. */
#include <fcntl.h>

#include "pipe_recorder.h"

SUITE(pipe_write_posix);

Test(pipe_write_posix, sem_69_a_device_that_cannot_be_polled_takes_everything)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    record_writing(loop, &writing, open("/dev/null", O_WRONLY | O_CLOEXEC));
    char *bytes = pattern_of(1 << 20);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 1 << 20), 0);
        test_settle(loop);
    }
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    cr_assert_str_eq(writing.log, "made");
    brood_pipe_close(writing.pipe);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}
