/* Sockets as the child's standard descriptors: what the child is given, and how each
 * direction ends, above all where one socket serves both.  What it does to whole
 * processes is in test_process_socket_posix.c. */
#include <poll.h>

#include "processes.h"

SUITE(spawn_socket_posix);

#define BOTH_WAYS .in.kind = BROOD_SOCKET, .out.kind = BROOD_SOCKET

static brood_pipe *pipe_of(const struct kid *kid, int fd)
{
    return brood_subprocess_pipe(kid->transport, fd);
}

static int number_of(const struct kid *kid, int fd)
{
    return (int)brood_pipe_fd(pipe_of(kid, fd));
}

/* Something is there to be read; the loop makes no round. */
static bool wait_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, 60000) == 1;
}

/* One who is started with these and has read its first byte; what it says is left. */
static void start_paused(brood_loop *loop, struct kid *kid, const char *const *arguments)
{
    cr_assert_eq(kid_start(loop, kid, (brood_spawn_options){BOTH_WAYS}, arguments), 0);
    cr_assert_eq(brood_pipe_pause_reading(pipe_of(kid, 1)), 0);
}

/* ---- what the child is given --------------------------------------------------------- */

Test(spawn_socket_posix, the_child_has_sockets_where_they_were_asked_for)
{
    static const struct {
        int in, out, err;
        const char *seen;
    } cases[] = {
        {BROOD_SOCKET, BROOD_PIPE, BROOD_DEVNULL, "s p f\n"},
        {BROOD_PIPE, BROOD_SOCKET, BROOD_DEVNULL, "p s f\n"},
        {BROOD_DEVNULL, BROOD_PIPE, BROOD_SOCKET, "f p s\n"},
        {BROOD_PIPE, BROOD_SOCKET, BROOD_SOCKET, "p s s\n"},
        {BROOD_SOCKET, BROOD_SOCKET, BROOD_DEVNULL, "s s=0 f\n"},
        {BROOD_SOCKET, BROOD_SOCKET, BROOD_SOCKET, "s s=0 s\n"},
        {BROOD_SOCKET, BROOD_SOCKET, BROOD_STDOUT, "s s=0 s=0\n"},
        {BROOD_DEVNULL, BROOD_SOCKET, BROOD_STDOUT, "f s s=1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_spawn_options options = {
            .in.kind = cases[i].in, .out.kind = cases[i].out, .err.kind = cases[i].err};
        cr_expect_str_eq(look(options, ARGV("report", "kinds")), cases[i].seen, "%zu", i);
    }
}

Test(spawn_socket_posix, the_childs_ends_block_and_ours_do_not)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {BOTH_WAYS, .err.kind = BROOD_SOCKET};
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("report", "fds")), 0);
    for (int fd = 0; fd < 3; fd++) {
        cr_expect_neq(fcntl(number_of(&kid, fd), F_GETFL) & O_NONBLOCK, 0);
        cr_expect_neq(fcntl(number_of(&kid, fd), F_GETFD) & FD_CLOEXEC, 0);
    }
    cr_expect_neq(number_of(&kid, 0), number_of(&kid, 1));
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_str_eq(kid.text.data, "0 1 2\n");
    cr_assert(kid_finish(loop, &kid));
}

Test(spawn_socket_posix, every_mixture_carries_input_output_and_errors)
{
    for (int mixture = 0; mixture < 8; mixture++) {
        brood_loop *loop = test_loop();
        struct recorder recorder = {.close_when_lost = true};
        brood_spawn_options options = {
            .argv = ARGV(test_child(), "cat", "err", "oops"),
            .in.kind = mixture & 1 ? BROOD_SOCKET : BROOD_PIPE,
            .out.kind = mixture & 2 ? BROOD_SOCKET : BROOD_PIPE,
            .err.kind = mixture & 4 ? BROOD_SOCKET : BROOD_PIPE,
        };
        test_exec(loop, &recorder, &options);
        test_run_until(loop, &recorder.made);
        brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
        cr_assert_eq(brood_pipe_write(in, "hello", 5), 0);
        cr_assert_eq(brood_pipe_write_eof(in), 0);
        test_run_until(loop, &recorder.lost);
        cr_expect_str_eq(recorder.out[1].data, "hello", "%d", mixture);
        cr_expect_str_eq(recorder.out[2].data, "oops", "%d", mixture);
        for (int fd = 0; fd < 3; fd++)
            cr_expect_eq(recorder.lost_error[fd], 0, "%d: %s", mixture, recorder.log);
        test_loop_close(loop);
        recorder_free(&recorder);
    }
}

Test(spawn_socket_posix, a_size_that_nobody_asked_for_may_be_refused)
{
    test_fail_call(FAULT_SETSOCKOPT, 1, ENOBUFS, 1);
    cr_expect_str_eq(look((brood_spawn_options){.out.kind = BROOD_SOCKET}, ARGV("out", "x")), "x");
    cr_expect_str_eq(
        look((brood_spawn_options){.out.kind = BROOD_SOCKET, .pipe_size = 8192}, ARGV("out", "x")),
        "ENOBUFS pipe_size 8192");
    test_fail_call(FAULT_SETSOCKOPT, 0, 0, 0);
}

/* ---- one socket both ways, and the end of one --------------------------------------------- */

Test(spawn_socket_posix, the_end_of_the_input_leaves_the_output)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){BOTH_WAYS},
                           ARGV("out", "ready\n", "end", "0", "fill", "1", "2000000", "exit", "4")),
                 0);
    cr_assert(run_until(loop, &kid.spoke));
    cr_assert_eq(brood_pipe_write(pipe_of(&kid, 0), "input", 5), 0);
    cr_assert_eq(brood_pipe_write_eof(pipe_of(&kid, 0)), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 4);
    cr_expect_eq(kid.text.len, 2000006);
    cr_assert(kid_finish(loop, &kid));
}

Test(spawn_socket_posix, input_that_waits_is_flushed_before_its_end)
{
    enum { SIZE = 3000000 };
    char *input = alphabet(SIZE);
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){BOTH_WAYS}, ARGV("cat", "exit", "4")),
                 0);
    cr_assert_geq(brood_pipe_write(pipe_of(&kid, 0), input, SIZE), 0);
    cr_assert_eq(brood_pipe_write_eof(pipe_of(&kid, 0)), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 4);
    cr_expect_eq(kid.text.len, SIZE);
    cr_expect(is_alphabet(kid.text.data, kid.text.len));
    cr_assert(kid_finish(loop, &kid));
    free(input);
}

/* What shutdown(SHUT_RD) makes of the peer's writes is Linux' own affair: see brood.h. */
Test(spawn_socket_posix, the_end_of_the_output_breaks_the_next_write_and_leaves_the_input)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    start_paused(loop, &kid, ARGV("byte", "0", "fill", "1", "1"));
    brood_pipe_close(pipe_of(&kid, 1));
    cr_assert(run_until(loop, &kid.lost_pipe[1]));
    cr_expect_not(kid.lost_pipe[0]);
    cr_assert_eq(brood_pipe_write(pipe_of(&kid, 0), "x", 1), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, code_broken_pipe);
    cr_assert(kid_finish(loop, &kid));
}

/* Of which Linux sometimes gives no signal; but never does the child find a reset. */
Test(spawn_socket_posix, the_end_of_the_output_breaks_a_write_that_waits)
{
    for (int i = 0; i < 20; i++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = i % 2 ? BROOD_SOCKET : BROOD_DEVNULL,
                                       .out.kind = BROOD_SOCKET};
        cr_assert_eq(kid_start(loop, &kid, options, ARGV("choke", "1")), 0);
        cr_assert_eq(brood_pipe_pause_reading(pipe_of(&kid, 1)), 0);
        cr_assert(wait_readable(number_of(&kid, 1)));
        brood_pipe_close(pipe_of(&kid, 1));
        cr_assert(run_until(loop, &kid.lost));
        if (kid.code != code_broken_pipe)
            cr_expect_eq(kid.code, EPIPE, "%d", (int)kid.code);
        cr_assert(kid_finish(loop, &kid));
    }
}

/* Closing a socket with bytes in it resets its peer, which would then find an error where
 * the end of its input should be. */
Test(spawn_socket_posix, output_that_nobody_reads_does_not_spoil_the_end_of_the_input)
{
    for (int output_first = 0; output_first < 2; output_first++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        start_paused(loop, &kid, ARGV("fill", "1", "20000", "end", "0", "exit", "4"));
        cr_assert(wait_readable(number_of(&kid, 1)));
        cr_assert_eq(brood_pipe_write(pipe_of(&kid, 0), "input", 5), 0);
        for (int i = 0; i < 2; i++) {
            int fd = i == 0 ? output_first : !output_first;
            brood_pipe_close(pipe_of(&kid, fd));
            cr_assert(run_until(loop, &kid.lost_pipe[fd]));
        }
        cr_assert(run_until(loop, &kid.lost));
        cr_expect_eq(kid.code, 4, "%d: %d", output_first, (int)kid.code);
        cr_assert(kid_finish(loop, &kid));
    }
}

/* ---- how the child ends it ------------------------------------------------------------------ */

Test(spawn_socket_posix, input_left_unread_does_not_spoil_the_output)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "byte", "0", "fill", "1", "3000000", "exit", "4"), BOTH_WAYS};
    test_exec(loop, &recorder, &options);
    cr_assert_eq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), "xy", 2), 0);
    test_run_until(loop, &recorder.lost);
    cr_expect_eq(recorder.returncode, 4);
    cr_expect_eq(recorder.out[1].len, 3000000);
    cr_expect_eq(recorder.lost_error[0], 0, "%s", recorder.log);
    cr_expect_eq(recorder.lost_error[1], 0, "%s", recorder.log);
    test_loop_close(loop);
    recorder_free(&recorder);
}

Test(spawn_socket_posix, its_end_is_seen_without_writing)
{
    static const int outs[] = {BROOD_PIPE, BROOD_SOCKET};
    for (size_t i = 0; i < 2; i++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = BROOD_SOCKET, .out.kind = outs[i]};
        cr_assert_eq(kid_start(loop, &kid, options, ARGV("close", "0", "close", "1", "pause")), 0);
        cr_assert(run_until(loop, &kid.lost_pipe[0]));
        cr_assert(run_until(loop, &kid.lost_pipe[1]));
        cr_expect_not(kid.exited);
        cr_assert_eq(brood_subprocess_kill(kid.transport), 0);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(spawn_socket_posix, of_one_socket_the_child_closes_both_numbers_or_none)
{
    for (int fd = 0; fd < 2; fd++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){BOTH_WAYS},
                               fd == 0 ? ARGV("out", "ready\n", "close", "0", "eof", "1")
                                       : ARGV("out", "ready\n", "close", "1", "eof", "0")),
                     0);
        cr_assert(run_until(loop, &kid.spoke));
        test_settle(loop);
        cr_expect_not(kid.lost_pipe[0] || kid.lost_pipe[1]);
        cr_assert_eq(brood_pipe_write_eof(pipe_of(&kid, 0)), 0);
        cr_assert(run_until(loop, &kid.lost));
        cr_expect_eq(kid.code, 0);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(spawn_socket_posix, the_child_can_shut_its_output_and_go_on_reading)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){BOTH_WAYS},
                           ARGV("out", "all", "shut", "1", "byte", "0", "end", "0", "exit", "4")),
                 0);
    cr_assert(run_until(loop, &kid.lost_pipe[1]));
    cr_expect_not(kid.lost_pipe[0]);
    cr_assert_eq(brood_pipe_write(pipe_of(&kid, 0), "xy", 2), 0);
    cr_assert_eq(brood_pipe_write_eof(pipe_of(&kid, 0)), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 4);
    cr_expect_str_eq(kid.text.data, "all");
    cr_assert(kid_finish(loop, &kid));
}

static int write_after_the_end(void)
{
    signal(SIGPIPE, SIG_DFL);
    for (int one = 0; one < 2; one++) {
        brood_loop *loop = open_loop(test_watcher());
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = BROOD_SOCKET,
                                       .out.kind = one ? BROOD_SOCKET : BROOD_DEVNULL};
        NEED(kid_start(loop, &kid, options, ARGV("exit", "0")) == 0);
        wait_zombie(brood_subprocess_pid(kid.transport));
        NEED(brood_pipe_write(pipe_of(&kid, 0), "x", 1) == BROOD_EPIPE);
        NEED(kid_finish(loop, &kid));
    }
    return 0;
}

Test(spawn_socket_posix, a_write_that_nobody_will_read_raises_no_signal)
{
    IN_FORK(write_after_the_end);
}

/* ---- the parent ------------------------------------------------------------------------------- */

static brood_loop *shared_loop;

static int close_the_copy(void)
{
    NEED(brood_loop_close(shared_loop) == 0);
    return 0;
}

Test(spawn_socket_posix, a_forked_process_that_closes_its_copy_ends_nothing)
{
    struct kid kid = {0};
    shared_loop = test_loop();
    cr_assert_eq(
        kid_start(shared_loop, &kid, (brood_spawn_options){BOTH_WAYS}, ARGV("line", "cat")), 0);
    test_settle(shared_loop);
    IN_FORK(close_the_copy);
    cr_assert_eq(brood_pipe_write(pipe_of(&kid, 0), "line\n", 5), 0);
    cr_assert(run_until(shared_loop, &kid.spoke));
    cr_assert_eq(brood_pipe_write_eof(pipe_of(&kid, 0)), 0);
    cr_assert(run_until(shared_loop, &kid.lost));
    cr_expect_eq(kid.code, 0);
    cr_expect_str_eq(kid.text.data, "line\n");
    cr_assert(kid_finish(shared_loop, &kid));
}

static int closed; /* bit N: the parent has closed N */

static int without_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (closed >> fd & 1)
            close(fd);
    brood_loop *loop = open_loop(test_watcher());
    struct kid kid = {0};
    brood_spawn_options options = {BOTH_WAYS, .err.kind = BROOD_SOCKET};
    NEED(kid_start(loop, &kid, options, ARGV("report", "fds", "cat")) == 0);
    for (int fd = 0; fd < 3; fd++)
        NEED((fcntl(fd, F_GETFD) >= 0) == ((closed >> fd & 1) == 0));
    NEED(brood_pipe_write(pipe_of(&kid, 0), "in", 2) == 0);
    NEED(brood_pipe_write_eof(pipe_of(&kid, 0)) == 0);
    NEED(run_until(loop, &kid.lost) && kid.code == 0);
    NEED(strcmp(kid.text.data, "0 1 2\nin") == 0);
    for (int fd = 0; fd < 3; fd++)
        NEED((fcntl(fd, F_GETFD) >= 0) == ((closed >> fd & 1) == 0));
    return kid_finish(loop, &kid) ? 0 : __LINE__;
}

Test(spawn_socket_posix, a_parent_without_standard_descriptors_can_spawn)
{
    for (closed = 1; closed < 8; closed++)
        IN_FORK(without_standard_descriptors);
}
