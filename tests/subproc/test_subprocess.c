/* Subprocess transports: the order of events.  Bytes are in test_subprocess_data.c,
 * closing is in test_close.c.
 *
 * SEMANTICS without a test: 8 (a spawn call cannot be cancelled: it does not
 * wait), 20 (belongs to the stream layer's protocol).  7 has no connection_made
 * for each pipe here; what remains of it is the order. */
#include "transports.h"

SUITE(subprocess);

static const char *place_of(const struct recorder *recorder, const char *event)
{
    const char *place = strstr(recorder->log, event);
    cr_assert_not_null(place, "no %s: %s", event, recorder->log);
    return place;
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

Test(subprocess, sem_01_a_zeroed_struct_inherits_and_only_pipes_are_pipes)
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

Test(subprocess, sem_06_connection_made_is_first_though_the_child_is_over)
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
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x", "exit", "9"),
                                   .out.kind = BROOD_PIPE};
    test_exec(later->loop, &later->recorder, &options);
    wait_for_zombie(&later->recorder);
}

/* Started in a callback: its exit is seen in the same round, connection_made
 * comes in the next. */
Test(subprocess, sem_06_connection_made_is_first_though_the_exit_was_seen_before_it)
{
    struct later later = {.loop = test_loop()};
    cr_assert_eq(brood_call_soon(later.loop, start_and_wait, &later, NULL), 0);
    test_run_until(later.loop, &later.recorder.lost);
    cr_assert_eq(strncmp(later.recorder.log, "made data1 ", 11), 0, "%s", later.recorder.log);
    cr_assert_eq(later.recorder.returncode, 9);
    finish(later.loop, &later.recorder);
}

Test(subprocess, sem_07_pipes_are_made_in_the_order_stdin_stdout_stderr)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"), THREE_PIPES};
    test_exec(loop, &recorder, &options);
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
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE};
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
    brood_spawn_options options = {.argv =
                                       ARGV(test_child(), "fork", "eof", "0", "--", "exit", "3"),
                                   .in.kind = BROOD_PIPE,
                                   .out.kind = BROOD_PIPE};
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
    struct gate gate = gate_make();
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "close", "0", "close", "1", "close", "2", "byte", gate.name),
        GATE(&gate),
        THREE_PIPES};
    test_exec(loop, &recorder, &options);
    for (int fd = 0; fd < 3; fd++)
        test_run_until(loop, &recorder.lost_pipe[fd]);
    test_settle(loop);
    cr_assert_not(recorder.exited);
    cr_assert_not(recorder.lost);
    gate_pass(&gate);
    test_run_until(loop, &recorder.lost);
    cr_assert_not_null(strstr(recorder.log, " exit lost"), "%s", recorder.log);
    gate_end(&gate);
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

/* The child copies a file to a pipe that has room for all of it, and ends. */
static void deliver_before_exit(size_t len, int pipe_size)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    char *bytes = alphabet(len);
    intptr_t source = lent_text(bytes);
    rewind_lent(source);
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"),
                                   .out.kind = BROOD_PIPE,
                                   .in = {.kind = BROOD_FD, .fd = source},
                                   .pipe_size = pipe_size};
    test_exec(loop, &recorder, &options);
    close_lent(source);
    wait_for_zombie(&recorder);
    test_run_until(loop, &recorder.exited);
    test_run_until(loop, &recorder.lost);
    cr_assert_null(strstr(recorder.log, "exit data1"), "%s", recorder.log);
    cr_assert_eq(recorder.out[1].len, len);
    cr_assert_arr_eq(recorder.out[1].data, bytes, len);
    finish(loop, &recorder);
    free(bytes);
}

/* Stronger than asyncio's. */
Test(subprocess, sem_17_what_the_child_wrote_comes_before_its_exit)
{
    bool sized = test_abilities().sized_pipes;
    deliver_before_exit(sized ? 65536 : 8192, 0);
    if (sized)
        deliver_before_exit(1 << 20, 1 << 20);
}
