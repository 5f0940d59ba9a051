/* Reading from sockets and devices. */
#include <fcntl.h>
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_read_posix);

Test(pipe_read_posix, a_reset_connection_is_lost_with_its_error_and_has_no_end)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int ends[2];
    make_sockets(ends);
    put(ends[0], "never read");
    record_reading(loop, &reading, ends[0]);
    close(ends[1]);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made lost:ECONNRESET");
    test_loop_close(loop);
}

Test(pipe_read_posix, a_device_that_cannot_be_polled_is_read_all_the_same)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder null = {0}, zero = {.discard = true};
    record_reading(loop, &null, open("/dev/null", O_RDONLY | O_CLOEXEC));
    record_reading(loop, &zero, open("/dev/zero", O_RDONLY | O_CLOEXEC));
    test_run_until(loop, &null.lost);
    cr_assert_str_eq(null.log, "made eof lost");
    while (zero.received < 1 << 20)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    brood_pipe_close(zero.pipe);
    test_run_until(loop, &zero.lost);
    cr_assert_str_eq(zero.log, "made data lost");
    test_loop_close(loop);
}

Test(pipe_read_posix, a_busy_pipe_starves_no_other)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder busy = {.discard = true}, quiet = {0};
    record_reading(loop, &busy, open("/dev/zero", O_RDONLY | O_CLOEXEC));
    int peer = record_reader(loop, &quiet);
    test_settle(loop);
    put(peer, "me too");
    int before = busy.counts[PIPE_DATA];
    while (quiet.received == 0)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_assert_leq(busy.counts[PIPE_DATA] - before, 4);
    close(peer);
    test_loop_close(loop);
    pipe_recorder_free(&quiet);
}
