/* Reading from sockets and devices. */
#include <fcntl.h>
#include <unistd.h>

#include "io_posix.h"
#include "pipe.h"
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

/* ---- more than one read takes, in a socket that nobody else has --------------------------- */

enum { WAITING = 150000 };

/* The next read is in flight already, without a question, when a callback does this. */
static void act_on_data(brood_loop *loop, void (*act)(struct pipe_recorder *),
                        struct pipe_recorder *reading)
{
    char *bytes = pattern_of(WAITING);
    int ends[2];
    make_sockets(ends);
    cr_assert_eq(brood__io_set_socket_size(ends[0], ends[1], 2 * WAITING), 0);
    put_bytes(ends[0], bytes, WAITING);
    *reading = (struct pipe_recorder){.on[PIPE_DATA] = act};
    record_reading(loop, reading, ends[1]);
    reading->pipe->channel.steady = true;
    close(ends[0]);
    free(bytes);
    test_settle(loop);
}

static void check_pattern(const struct pipe_recorder *reading)
{
    for (size_t i = 0; i < reading->bytes.len; i++)
        cr_assert_eq(reading->bytes.data[i], pattern_at(i));
}

static void pause_and_resume(struct pipe_recorder *recorder)
{
    cr_assert_eq(brood_pipe_pause_reading(recorder->pipe), 0);
    cr_assert_eq(brood_pipe_resume_reading(recorder->pipe), 0);
}

Test(pipe_read_posix, a_socket_is_closed_and_aborted_between_two_reads_of_what_it_holds)
{
    void (*const ways[])(struct pipe_recorder *) = {do_close, do_abort};
    for (int i = 0; i < 2; i++) {
        brood_loop *loop = test_loop();
        struct pipe_recorder reading;
        act_on_data(loop, ways[i], &reading);
        cr_expect_str_eq(reading.log, "made data lost");
        cr_expect_eq(reading.counts[PIPE_DATA], 1);
        cr_expect_lt(reading.received, WAITING);
        test_loop_close(loop);
        pipe_recorder_free(&reading);
    }
}

Test(pipe_read_posix, a_socket_is_paused_between_two_reads_of_what_it_holds)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading;
    act_on_data(loop, do_pause, &reading);
    for (int pieces = 1; !reading.lost; pieces++) {
        cr_assert_eq(reading.counts[PIPE_DATA], pieces);
        cr_assert_lt(pieces, 100);
        cr_assert_eq(brood_pipe_resume_reading(reading.pipe), 0);
        test_settle(loop);
    }
    cr_expect_eq(reading.received, WAITING);
    check_pattern(&reading);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_read_posix, a_socket_that_goes_on_in_the_callback_that_paused_it_loses_nothing)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading;
    act_on_data(loop, pause_and_resume, &reading);
    cr_expect_str_eq(reading.log, "made data eof lost");
    cr_expect_eq(reading.received, WAITING);
    check_pattern(&reading);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
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
