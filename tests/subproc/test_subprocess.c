/* Subprocess transports: the order of events, and bytes both ways.
 *
 * SEMANTICS without a test: 8 (a spawn call cannot be cancelled: it does not
 * wait), 20 (belongs to the stream layer's protocol).  7 has no connection_made
 * for each pipe here; what remains of it is the order. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../streams/pipe_recorder.h"

SUITE(subprocess);

#define PIPE {.kind = BROOD_PIPE}
#define THREE_PIPES .in = PIPE, .out = PIPE, .err = PIPE

/* Until the child is a zombie; the loop knows nothing of it yet. */
static void wait_for_zombie(const struct recorder *recorder)
{
    siginfo_t info;
    id_t pid = (id_t)brood_subprocess_pid(recorder->transport);
    cr_assert_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

static const char *place_of(const struct recorder *recorder, const char *event)
{
    const char *place = strstr(recorder->log, event);
    cr_assert_not_null(place, "no %s: %s", event, recorder->log);
    return place;
}

static void finish(brood_loop *loop, struct recorder *recorder)
{
    test_run_until(loop, &recorder->lost);
    brood_subprocess_close(recorder->transport);
    test_settle(loop);
    test_loop_close(loop);
    recorder_free(recorder);
}

Test(subprocess, a_child_is_started_read_and_seen_to_end)
{
    struct recorder recorder = {0};
    brood_spawn_options options = {.out = {.kind = BROOD_PIPE}};
    cr_assert_eq(test_run_child(&recorder, options, ARGV("out", "hello", "exit", "7")), 7);
    cr_assert_str_eq(recorder.out[1].data, "hello");
    cr_assert_eq(strncmp(recorder.log, "made data1 ", 11), 0, "%s", recorder.log);
    recorder_free(&recorder);
}

Test(subprocess, sem_1_a_zeroed_struct_inherits_and_only_pipes_are_pipes)
{
    brood_loop *loop = test_loop();
    struct recorder recorders[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0")};
        options.out.kind = i == 0 ? BROOD_INHERIT : BROOD_PIPE;
        test_exec(loop, &recorders[i], &options);
        for (int fd = -1; fd < 4; fd++)
            cr_expect_eq(brood_subprocess_pipe(recorders[i].transport, fd) != NULL,
                         i == 1 && fd == 1);
    }
    test_run_until(loop, &recorders[1].lost);
    brood_subprocess_close(recorders[1].transport);
    finish(loop, &recorders[0]);
}

/* ---- order ------------------------------------------------------------------------ */

Test(subprocess, sem_6_connection_made_is_first_though_the_child_is_over)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x", "err", "y"), THREE_PIPES};
    test_exec(loop, &recorder, &options);
    wait_for_zombie(&recorder);
    cr_assert_str_eq(recorder.log, "");
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(strncmp(recorder.log, "made ", 5), 0, "%s", recorder.log);
    cr_assert_str_eq(recorder.out[1].data, "x");
    cr_assert_str_eq(recorder.out[2].data, "y");
    finish(loop, &recorder);
}

struct later {
    brood_loop *loop;
    struct recorder recorder;
};

static void start_and_wait(void *arg)
{
    struct later *later = arg;
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x", "exit", "9"), .out = PIPE};
    test_exec(later->loop, &later->recorder, &options);
    wait_for_zombie(&later->recorder);
}

/* Started in a callback: its exit is seen in the same round, connection_made
 * comes in the next. */
Test(subprocess, sem_6_connection_made_is_first_though_the_exit_was_seen_before_it)
{
    struct later later = {.loop = test_loop()};
    cr_assert_eq(brood_call_soon(later.loop, start_and_wait, &later, NULL), 0);
    test_run_until(later.loop, &later.recorder.lost);
    cr_assert_eq(strncmp(later.recorder.log, "made data1 ", 11), 0, "%s", later.recorder.log);
    cr_assert_eq(later.recorder.returncode, 9);
    finish(later.loop, &later.recorder);
}

Test(subprocess, sem_7_pipes_are_made_in_the_order_stdin_stdout_stderr)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"), THREE_PIPES};
    test_exec(loop, &recorder, &options);
    intptr_t fds[3];
    for (int fd = 0; fd < 3; fd++)
        fds[fd] = brood_pipe_fd(brood_subprocess_pipe(recorder.transport, fd));
    cr_assert_lt(fds[0], fds[1]);
    cr_assert_lt(fds[1], fds[2]);
    test_run_until(loop, &recorder.made);
    for (int fd = 0; fd < 3; fd++)
        brood_pipe_close(brood_subprocess_pipe(recorder.transport, fd));
    test_run_until(loop, &recorder.lost);
    cr_assert_lt(place_of(&recorder, "lost0"), place_of(&recorder, "lost1"));
    cr_assert_lt(place_of(&recorder, "lost1"), place_of(&recorder, "lost2"));
    finish(loop, &recorder);
}

Test(subprocess, sem_12_each_pipe_has_all_its_data_and_then_one_loss)
{
    struct recorder recorder = {0};
    brood_spawn_options options = {.out = PIPE, .err = PIPE};
    test_run_child(&recorder, options, ARGV("fill", "1", "300000", "fill", "2", "200000"));
    cr_assert_eq(recorder.out[1].len, 300000);
    cr_assert_eq(recorder.out[2].len, 200000);
    for (int fd = 1; fd < 3; fd++) {
        const char *after = place_of(&recorder, fd == 1 ? "lost1" : "lost2") + 1;
        cr_assert_null(strstr(after, fd == 1 ? "data1" : "data2"), "%s", recorder.log);
        cr_assert_null(strstr(after, fd == 1 ? "lost1" : "lost2"), "%s", recorder.log);
        cr_assert_eq(recorder.lost_error[fd], 0);
    }
    recorder_free(&recorder);
}

/* The grandchild prints nothing, but holds stdout until its stdin ends. */
Test(subprocess, sem_13_the_exit_does_not_wait_for_a_grandchild_that_holds_stdout)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "fork", "eof", "0", "--", "exit", "3"), .in = PIPE, .out = PIPE};
    test_exec(loop, &recorder, &options);
    test_run_until(loop, &recorder.exited);
    test_settle(loop);
    cr_assert_str_eq(recorder.log, "made data1 exit");
    brood_pipe_close(brood_subprocess_pipe(recorder.transport, 0));
    test_run_until(loop, &recorder.lost);
    cr_assert_str_eq(recorder.log, "made data1 exit lost0 lost1 lost");
    cr_assert_eq(recorder.returncode, 3);
    finish(loop, &recorder);
}

Test(subprocess, sem_14_a_child_may_close_its_pipes_and_live_on)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    int gate[2];
    make_pipe(gate);
    brood_child_fd extra = {.child = 3, .parent = gate[0]};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "close", "0", "close", "1", "close", "2", "byte", "3"),
        .fds = &extra, .fd_count = 1, THREE_PIPES};
    test_exec(loop, &recorder, &options);
    for (int fd = 0; fd < 3; fd++)
        test_run_until(loop, &recorder.lost_pipe[fd]);
    test_settle(loop);
    cr_assert_not(recorder.exited);
    cr_assert_not(recorder.lost);
    put(gate[1], "!");
    test_run_until(loop, &recorder.lost);
    cr_assert_not_null(strstr(recorder.log, " exit lost"), "%s", recorder.log);
    close(gate[0]);
    close(gate[1]);
    finish(loop, &recorder);
}

Test(subprocess, sem_15_without_pipes_there_are_three_events)
{
    struct recorder recorder = {0};
    cr_assert_eq(test_run_child(&recorder, (brood_spawn_options){0}, ARGV("exit", "2")), 2);
    cr_assert_str_eq(recorder.log, "made exit lost");
}

/* The recorder insists that its argument is 0. */
Test(subprocess, sem_16_connection_lost_is_last_and_once_with_any_pipes)
{
    for (int set = 0; set < 8; set++) {
        struct recorder recorder = {0};
        brood_spawn_options options = {0};
        brood_stdio *ends[] = {&options.in, &options.out, &options.err};
        for (int fd = 0; fd < 3; fd++)
            ends[fd]->kind = (set >> fd & 1) != 0 ? BROOD_PIPE : BROOD_DEVNULL;
        test_run_child(&recorder, options, ARGV("out", "x", "err", "y"));
        for (int fd = 0; fd < 3; fd++)
            cr_expect_eq(recorder.lost_pipe[fd], (set >> fd & 1) != 0);
        char padded[sizeof recorder.log + 2];
        snprintf(padded, sizeof padded, "%s ", recorder.log);
        cr_expect_str_eq(strstr(padded, " lost "), " lost ", "%s", recorder.log);
        recorder_free(&recorder);
    }
}

static void deliver_before_exit(const char *count, size_t len, int pipe_size)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "fill", "1", count), .out = PIPE,
                                   .pipe_size = pipe_size};
    test_exec(loop, &recorder, &options);
    wait_for_zombie(&recorder);
    test_run_until(loop, &recorder.exited);
    cr_assert_eq(recorder.out[1].len, len);
    test_run_until(loop, &recorder.lost);
    cr_assert_null(strstr(recorder.log, "exit data1"), "%s", recorder.log);
    cr_assert_eq(recorder.out[1].len, len);
    finish(loop, &recorder);
}

/* Stronger than asyncio's. */
Test(subprocess, sem_17_what_the_child_wrote_comes_before_its_exit)
{
    deliver_before_exit("65536", 65536, 0);
    deliver_before_exit("1048576", 1048576, 1048576);
}

/* ---- pausing ---------------------------------------------------------------------- */

Test(subprocess, paused_at_the_exit_the_data_comes_after_it)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "late"), .out = PIPE};
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

Test(subprocess, paused_nothing_is_buffered_and_the_child_blocks)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "fill", "1", "8000000", "err", "done"), .out = PIPE, .err = PIPE};
    test_exec(loop, &recorder, &options);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    int fd = (int)brood_pipe_fd(out);
    cr_assert_eq(brood_pipe_pause_reading(out), 0);
    size_t live = test_live_allocations(), resident = test_resident_bytes();
    brood_time deadline = test_deadline();
    while (available(fd) < capacity_of(fd)) {
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

Test(subprocess, write_eof_makes_the_child_see_the_end)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat", "exit", "4"), .in = PIPE,
                                   .out = PIPE};
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
    int waves;   /* writes that were told to wait */
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

Test(subprocess, sixteen_mebibytes_come_back_as_they_went)
{
    struct echo echo = {.loop = test_loop(), .bytes = pattern_of(ECHOED)};
    brood_subprocess_protocol protocol = recorder_protocol;
    protocol.connection_made = echo_made;
    protocol.pipe_data_received = echo_data;
    protocol.pause_writing = echo_pause;
    protocol.resume_writing = echo_resume;
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"), .in = PIPE, .out = PIPE};
    cr_assert_eq(brood_subprocess_exec(echo.loop, &protocol, &echo, &options,
                                       &echo.recorder.transport), 0);
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

Test(subprocess, sem_67_connection_made_may_write_everything_and_end_it)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_subprocess_protocol protocol = recorder_protocol;
    protocol.connection_made = write_and_end;
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"), .in = PIPE, .out = PIPE};
    cr_assert_eq(brood_subprocess_exec(loop, &protocol, &recorder, &options, &recorder.transport), 0);
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(recorder.out[1].len, 300000);
    finish(loop, &recorder);
}

Test(subprocess, the_pipes_of_a_transport_can_be_asked_until_it_is_freed)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x"), .in = PIPE, .out = PIPE};
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
