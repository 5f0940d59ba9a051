/* Closing subprocess transports: when, how often and from where ever.
 *
 * SEMANTICS without a test: 36 (no destructors in C). */
#include "transports.h"

SUITE(close);

static void start(brood_loop *loop, struct recorder *recorder, const char *const *argv)
{
    brood_spawn_options options = {.argv = argv, THREE_PIPES};
    test_exec(loop, recorder, &options);
}

/* ---- kill or not ---------------------------------------------------------------------- */

Test(close, sem_32_it_kills_a_child_that_runs_and_closes_its_pipes)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "pause"));
    test_run_until(loop, &recorder.made);
    cr_assert_not(brood_subprocess_is_closing(recorder.transport));
    for (int i = 0; i < 3; i++)
        brood_subprocess_close(recorder.transport);
    cr_assert(brood_subprocess_is_closing(recorder.transport));
    for (int fd = 0; fd < 3; fd++)
        cr_assert(brood_pipe_is_closing(brood_subprocess_pipe(recorder.transport, fd)));
    cr_assert_str_eq(recorder.log, "made", "nothing calls back inline");
    test_run_until(loop, &recorder.lost);
    check_whole(&recorder, code_killed);
    finish_closed(loop, &recorder, &report);
}

static void close_a_zombie(bool after_made)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "byte", "0", "exit", "5"));
    if (after_made)
        test_run_until(loop, &recorder.made);
    cr_assert_eq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), "x", 1), 0);
    wait_for_zombie(&recorder);
    cr_assert_not(brood_subprocess_returncode(recorder.transport, NULL));
    brood_subprocess_close(recorder.transport);
    test_run_until(loop, &recorder.lost);
    check_whole(&recorder, 5);
    finish_closed(loop, &recorder, &report);
}

Test(close, sem_32_a_child_that_has_ended_unseen_keeps_its_own_code)
{
    close_a_zombie(true);
}

Test(close, sem_32_also_before_the_first_round)
{
    close_a_zombie(false);
}

Test(close, sem_33_after_it_the_exit_still_comes_and_the_output_is_empty)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "byte", "0", "out", "never", "pause"));
    test_run_until(loop, &recorder.made);
    brood_subprocess_close(recorder.transport);
    test_run_until(loop, &recorder.exited);
    cr_assert_eq(recorder.returncode, code_killed);
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(recorder.out[1].len, 0);
    finish_closed(loop, &recorder, &report);
}

Test(close, a_killed_child_gets_nothing_of_what_is_buffered)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    char *bytes = pattern_of(200000);
    start(loop, &recorder, ARGV(test_child(), "pause"));
    test_run_until(loop, &recorder.made);
    cr_assert_eq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), bytes, 200000), 1);
    brood_subprocess_close(recorder.transport);
    test_run_until(loop, &recorder.lost);
    check_whole(&recorder, code_killed);
    cr_assert_eq(recorder.lost_error[0], 0);
    finish_closed(loop, &recorder, &report);
    free(bytes);
}

/* The child has ended; a grandchild still copies stdin to our own pipe. */
Test(close, what_is_buffered_is_flushed_when_nobody_is_killed)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    int sink[2];
    char byte = 0, *bytes = pattern_of(200000);
    make_pipe(sink);
    brood_spawn_options options = {.argv = ARGV(test_child(), "fork", "cat", "--", "exit", "0"),
                                   .in.kind = BROOD_PIPE,
                                   .out = {.kind = BROOD_FD, .fd = end_of(sink[1])}};
    test_exec(loop, &recorder, &options);
    close(sink[1]);
    test_run_until(loop, &recorder.exited);
    while (byte != '\n') /* the grandchild's pid */
        cr_assert_eq(take_bytes(sink[0], &byte, 1), 1);
    cr_assert_geq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), bytes, 200000), 0);
    brood_subprocess_close(recorder.transport);
    for (size_t place = 0; place < 200000;) {
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        if (available(sink[0]) > 0)
            place += take_pattern(sink[0], 200000 - place, place);
    }
    finish_closed(loop, &recorder, &report);
    cr_assert_eq(take_pattern(sink[0], 1, 0), 0);
    close(sink[0]);
    free(bytes);
}

/* ---- when and where ------------------------------------------------------------------- */

Test(close, before_the_first_round_the_whole_story_is_still_told)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "pause"));
    brood_subprocess_close(recorder.transport);
    cr_assert_str_eq(recorder.log, "");
    test_run_until(loop, &recorder.lost);
    check_whole(&recorder, code_killed);
    finish_closed(loop, &recorder, &report);
}

Test(close, without_a_round_the_end_of_the_loop_frees_it)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "pause"));
    brood_subprocess_close(recorder.transport);
    test_loop_close(loop);
    cr_assert_str_eq(recorder.log, "");
}

enum moment { AT_MADE, AT_DATA1, AT_DATA2, AT_PIPE_LOST, AT_EXIT, AT_LOST };

struct closer {
    struct recorder recorder;
    enum moment when;
};

static void reached(struct closer *closer, enum moment moment)
{
    if (closer->when != moment)
        return;
    brood_subprocess_close(closer->recorder.transport);
    brood_subprocess_close(closer->recorder.transport);
}

static void closer_made(void *arg, brood_subprocess *transport)
{
    recorder_protocol.connection_made(arg, transport);
    reached(arg, AT_MADE);
}

static void closer_data(void *arg, int fd, const void *data, size_t len)
{
    recorder_protocol.pipe_data_received(arg, fd, data, len);
    reached(arg, fd == 1 ? AT_DATA1 : AT_DATA2);
}

static void closer_pipe_lost(void *arg, int fd, int error)
{
    recorder_protocol.pipe_connection_lost(arg, fd, error);
    reached(arg, AT_PIPE_LOST);
}

static void closer_exited(void *arg)
{
    recorder_protocol.process_exited(arg);
    reached(arg, AT_EXIT);
}

static void closer_lost(void *arg, int error)
{
    recorder_protocol.connection_lost(arg, error);
    reached(arg, AT_LOST);
}

static void close_at(enum moment when, const char *const *argv, brood_returncode returncode)
{
    static const brood_subprocess_protocol protocol = {
        .connection_made = closer_made,
        .pipe_data_received = closer_data,
        .pipe_connection_lost = closer_pipe_lost,
        .process_exited = closer_exited,
        .connection_lost = closer_lost,
    };
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct closer closer = {.when = when};
    brood_spawn_options options = {.argv = argv, THREE_PIPES};
    cr_assert_eq(
        brood_subprocess_exec(loop, &protocol, &closer, &options, &closer.recorder.transport), 0);
    test_run_until(loop, &closer.recorder.lost);
    check_whole(&closer.recorder, returncode);
    finish_closed(loop, &closer.recorder, &report);
}

Test(close, it_works_from_connection_made)
{
    close_at(AT_MADE, ARGV(test_child(), "pause"), code_killed);
}

Test(close, it_works_from_pipe_data_received)
{
    close_at(AT_DATA1, ARGV(test_child(), "out", "x", "err", "y", "pause"), code_killed);
    close_at(AT_DATA2, ARGV(test_child(), "out", "x", "err", "y", "pause"), code_killed);
}

Test(close, it_works_from_pipe_connection_lost)
{
    close_at(AT_PIPE_LOST, ARGV(test_child(), "close", "0", "pause"), code_killed);
    close_at(AT_PIPE_LOST, ARGV(test_child(), "close", "1", "pause"), code_killed);
    close_at(AT_PIPE_LOST, ARGV(test_child(), "close", "2", "pause"), code_killed);
}

Test(close, it_works_from_process_exited_and_connection_lost)
{
    close_at(AT_EXIT, ARGV(test_child(), "out", "x", "exit", "6"), 6);
    close_at(AT_LOST, ARGV(test_child(), "out", "x", "exit", "6"), 6);
}

static void close_transport(void *arg)
{
    struct recorder *recorder = arg;
    int64_t pid = brood_subprocess_pid(recorder->transport);
    brood_subprocess_close(recorder->transport);
    cr_assert(brood_subprocess_is_closing(recorder->transport));
    cr_assert_eq(brood_subprocess_pid(recorder->transport), pid);
    cr_assert_not_null(brood_subprocess_pipe(recorder->transport, 1));
}

Test(close, a_lost_transport_is_freed_at_the_end_of_the_round)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "exit", "0"));
    test_run_until(loop, &recorder.lost);
    test_settle(loop);
    cr_assert_eq(brood_call_soon(loop, close_transport, &recorder, NULL), 0);
    size_t live = test_live_allocations();
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_assert_eq(test_live_allocations(), live - 1, "the loop keeps the handle of the call");
    finish_closed(loop, &recorder, &report);
}

Test(close, a_lost_transport_and_its_loop_may_be_closed_at_once)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    start(loop, &recorder, ARGV(test_child(), "exit", "0"));
    test_run_until(loop, &recorder.lost);
    brood_subprocess_close(recorder.transport);
    brood_subprocess_close(recorder.transport);
    test_loop_close(loop);
}

Test(close, of_nothing_does_nothing)
{
    brood_subprocess_close(NULL);
    cr_assert(brood_subprocess_is_closing(NULL));
}

/* ---- the end of the loop ----------------------------------------------------------------- */

Test(close, sem_35_nothing_is_closed_by_itself)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    brood_returncode returncode;
    start(loop, &recorder, ARGV(test_child(), "exit", "8"));
    test_run_until(loop, &recorder.lost);
    test_settle(loop);
    cr_assert_not(brood_subprocess_is_closing(recorder.transport));
    cr_assert(brood_subprocess_returncode(recorder.transport, &returncode));
    cr_assert_eq(returncode, 8);
    cr_assert_eq(report.lines, 0);
    test_loop_close(loop);
    cr_assert_eq(report.lines, 1);
    cr_assert_str_eq(report.last, "closed with the loop: a subprocess");
}

/* A transport in every state that it can be in when its loop ends. */
Test(close, sem_35_closing_the_loop_ends_what_is_left_and_calls_nobody)
{
    enum { NEW, RUNNING, ZOMBIE, CLOSING, EXITED, LOST, COUNT };
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorders[COUNT] = {{0}};
    char logs[COUNT][sizeof recorders[0].log];
    for (int i = NEW + 1; i < COUNT; i++)
        start(loop, &recorders[i],
              i == LOST     ? ARGV(test_child(), "exit", "0")
              : i == ZOMBIE ? ARGV(test_child(), "byte", "0")
              : i == EXITED ? ARGV(test_child(), "fork", "eof", "0", "--", "exit", "0")
                            : ARGV(test_child(), "pause"));
    test_run_until(loop, &recorders[LOST].lost);
    test_run_until(loop, &recorders[EXITED].exited);
    brood_pipe_write(brood_subprocess_pipe(recorders[ZOMBIE].transport, 0), "x", 1);
    wait_for_zombie(&recorders[ZOMBIE]);
    brood_subprocess_close(recorders[CLOSING].transport);
    start(loop, &recorders[NEW], ARGV(test_child(), "pause"));
    for (int i = 0; i < COUNT; i++)
        memcpy(logs[i], recorders[i].log, sizeof logs[i]);
    test_loop_close(loop);
    cr_expect_not(test_has_children());
    cr_expect_eq(report.lines, COUNT, "each is reported");
    for (int i = 0; i < COUNT; i++) {
        cr_expect_str_eq(recorders[i].log, logs[i]);
        recorder_free(&recorders[i]);
    }
}
