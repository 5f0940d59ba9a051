/* Subprocess transports: bytes both ways, with and without pauses. */
#include "transports.h"

SUITE(subprocess_data);

/* ---- pausing ---------------------------------------------------------------------- */

Test(subprocess_data, paused_at_the_exit_the_data_comes_after_it)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "late"),
                                   .out.kind = BROOD_PIPE};
    test_exec(loop, &recorder, &options);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    cr_assert_eq(brood_pipe_pause_reading(out), 0);
    test_run_until(loop, &recorder.exited);
    test_settle(loop);
    cr_assert_str_eq(recorder.log, "made exit");
    cr_assert_eq(brood_pipe_resume_reading(out), 0);
    test_run_until(loop, &recorder.lost);
    cr_assert_str_eq(recorder.log, "made exit data1 lost1 lost");
    cr_assert_str_eq(recorder.out[1].data, "late");
    finish(loop, &recorder);
}

Test(subprocess_data, paused_nothing_is_buffered_and_the_child_blocks)
{
    enum { CAPACITY = 4096 };
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv =
                                       ARGV(test_child(), "fill", "1", "8000000", "err", "done"),
                                   .out.kind = BROOD_PIPE,
                                   .err.kind = BROOD_PIPE,
                                   .pipe_size = CAPACITY};
    test_exec(loop, &recorder, &options);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    cr_assert_eq(brood_pipe_pause_reading(out), 0);
    size_t live = test_live_allocations(), resident = test_resident_bytes();
    brood_time deadline = test_deadline();
    while (available_at(brood_pipe_fd(out)) < CAPACITY) {
        cr_assert_eq(brood_loop_step(loop, brood_in(0.001)), 0);
        cr_assert_lt(brood_now(), deadline);
    }
    test_settle(loop);
    cr_assert_str_eq(recorder.log, "made");
    cr_assert_eq(test_live_allocations(), live);
    cr_assert_lt(test_resident_bytes(), resident + (1 << 20));
    cr_assert_eq(brood_pipe_resume_reading(out), 0);
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(recorder.out[1].len, 8000000);
    cr_assert_str_eq(recorder.out[2].data, "done");
    finish(loop, &recorder);
}

/* ---- bytes both ways ----------------------------------------------------------------- */

Test(subprocess_data, write_eof_makes_the_child_see_the_end)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat", "exit", "4"),
                                   .in.kind = BROOD_PIPE,
                                   .out.kind = BROOD_PIPE};
    test_exec(loop, &recorder, &options);
    brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
    test_run_until(loop, &recorder.made);
    cr_assert_eq(brood_pipe_write(in, "over and out", 12), 0);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    cr_assert_eq(brood_pipe_write(in, "more", 4), BROOD_ECLOSED);
    test_run_until(loop, &recorder.lost);
    cr_assert_str_eq(recorder.out[1].data, "over and out");
    cr_assert_eq(recorder.returncode, 4);
    finish(loop, &recorder);
}

enum { ECHOED = 16 << 20 };

struct echo {
    struct recorder recorder;
    brood_loop *loop;
    char *bytes;
    size_t written;
    int waves; /* writes that were told to wait */
    bool paused;
};

/* A write that returns 1 will be answered by both calls: no more until then. */
static void feed(struct echo *echo)
{
    brood_pipe *in = brood_subprocess_pipe(echo->recorder.transport, 0);
    int result = 0;
    for (size_t len = 1000; result == 0 && echo->written < ECHOED; len = len * 3 % 200003 + 1) {
        if (len > ECHOED - echo->written)
            len = ECHOED - echo->written;
        result = brood_pipe_write(in, echo->bytes + echo->written, len);
        cr_assert_geq(result, 0);
        echo->written += len;
    }
    echo->waves += result;
    if (echo->written == ECHOED)
        cr_assert_eq(brood_pipe_write_eof(in), 0);
}

static void echo_made(void *arg, brood_subprocess *transport)
{
    recorder_protocol.connection_made(arg, transport);
    feed(arg);
}

static void echo_pause(void *arg)
{
    struct echo *echo = arg;
    cr_assert_not(echo->paused);
    echo->paused = true;
}

static void echo_resume(void *arg)
{
    struct echo *echo = arg;
    cr_assert(echo->paused);
    echo->paused = false;
    if (echo->written < ECHOED)
        feed(echo);
}

static void read_again(void *arg)
{
    struct echo *echo = arg;
    brood_pipe_resume_reading(brood_subprocess_pipe(echo->recorder.transport, 1));
}

static void echo_data(void *arg, int fd, const void *data, size_t len)
{
    struct echo *echo = arg;
    recorder_protocol.pipe_data_received(arg, fd, data, len);
    cr_assert_eq(brood_pipe_pause_reading(brood_subprocess_pipe(echo->recorder.transport, 1)), 0);
    cr_assert_eq(brood_call_soon(echo->loop, read_again, echo, NULL), 0);
}

Test(subprocess_data, sixteen_mebibytes_come_back_as_they_went)
{
    struct echo echo = {.loop = test_loop(), .bytes = pattern_of(ECHOED)};
    brood_subprocess_protocol protocol = recorder_protocol;
    protocol.connection_made = echo_made;
    protocol.pipe_data_received = echo_data;
    protocol.pause_writing = echo_pause;
    protocol.resume_writing = echo_resume;
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    cr_assert_eq(
        brood_subprocess_exec(echo.loop, &protocol, &echo, &options, &echo.recorder.transport), 0);
    test_run_until(echo.loop, &echo.recorder.lost);
    cr_assert_gt(echo.waves, 1);
    cr_assert_eq(echo.recorder.out[1].len, ECHOED);
    cr_assert_arr_eq(echo.recorder.out[1].data, echo.bytes, ECHOED);
    finish(echo.loop, &echo.recorder);
    free(echo.bytes);
}

static void write_and_end(void *arg, brood_subprocess *transport)
{
    brood_pipe *in = brood_subprocess_pipe(transport, 0);
    char *bytes = pattern_of(300000);
    recorder_protocol.connection_made(arg, transport);
    cr_assert_geq(brood_pipe_write(in, bytes, 300000), 0);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    free(bytes);
}

Test(subprocess_data, sem_67_connection_made_may_write_everything_and_end_it)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_subprocess_protocol protocol = recorder_protocol;
    protocol.connection_made = write_and_end;
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    cr_assert_eq(brood_subprocess_exec(loop, &protocol, &recorder, &options, &recorder.transport),
                 0);
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(recorder.out[1].len, 300000);
    finish(loop, &recorder);
}

Test(subprocess_data, the_pipes_of_a_transport_can_be_asked_until_it_is_freed)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "out", "x"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    test_exec(loop, &recorder, &options);
    test_run_until(loop, &recorder.lost);
    test_settle(loop);
    brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    cr_assert(brood_pipe_is_closing(in) && brood_pipe_is_closing(out));
    cr_assert_eq(brood_pipe_fd(in), -1);
    cr_assert_eq(brood_pipe_write(in, "x", 1), BROOD_ECLOSED);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    cr_assert_eq(brood_pipe_resume_reading(out), BROOD_ECLOSED);
    brood_pipe_close(in);
    brood_pipe_abort(out);
    test_settle(loop);
    cr_assert(brood_pipe_is_closing(out), "closing a pipe does not free it");
    finish(loop, &recorder);
}
