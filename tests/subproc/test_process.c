/* Processes: what they are made of, signals, and a start that fails. */
#include "processes.h"

SUITE(process);

static const brood_spawn_options plain = {0};

/* ---- what there is ----------------------------------------------------------------- */

Test(process, the_streams_are_there_where_pipes_were_asked_for)
{
    brood_loop *loop = test_loop();
    for (int mask = 0; mask < 8; mask++) {
        brood_spawn_options options = {.in.kind = mask & 1 ? BROOD_PIPE : BROOD_DEVNULL,
                                       .out.kind = mask & 2 ? BROOD_PIPE : BROOD_INHERIT,
                                       .err.kind = mask & 4 ? BROOD_PIPE : BROOD_INHERIT};
        brood_process *process = spawn(loop, options, CHILD("exit", "4"));
        cr_expect_eq(brood_process_stdin(process) != NULL, (mask & 1) != 0);
        cr_expect_eq(brood_process_stdout(process) != NULL, (mask & 2) != 0);
        cr_expect_eq(brood_process_stderr(process) != NULL, (mask & 4) != 0);
        cr_expect(test_process_exists(brood_process_pid(process)));
        cr_expect_eq(code_of(process), 4);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process, err_that_goes_where_out_goes_has_no_reader)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_spawn_options options = {PIPE_OUT, .err.kind = BROOD_STDOUT};
    brood_process *process = spawn(loop, options, CHILD("out", "a", "err", "b"));
    cr_expect_null(brood_process_stderr(process));
    cr_expect_eq(
        brood_reader_read_all(brood_process_stdout(process), &out, SIZE_MAX, test_deadline()), 2);
    cr_expect(holds(&out, "ab"));
    brood_buffer_free(&out);
    close_all(process, loop);
}

Test(process, the_pid_is_the_childs_also_after_its_end)
{
    brood_loop *loop = test_loop();
    char expected[32];
    brood_slice line;
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT}, CHILD("report", "session"));
    int length =
        snprintf(expected, sizeof expected, "pid %lld ", (long long)brood_process_pid(process));
    int64_t pid = brood_process_pid(process);
    cr_assert_gt(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()),
                 length);
    cr_expect_eq(strncmp(line.data, expected, (size_t)length), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_pid(process), pid);
    close_all(process, loop);
}

Test(process, the_return_code_is_not_known_before_the_loop_has_run)
{
    brood_loop *loop = test_loop();
    brood_returncode code = -1000;
    brood_process *process = spawn(loop, plain, CHILD("exit", "7"));
    wait_zombie(brood_process_pid(process));
    cr_expect_not(brood_process_returncode(process, &code));
    cr_expect_eq(code, -1000, "untouched");
    cr_expect_eq(code_of(process), 7);
    cr_expect(brood_process_returncode(process, NULL));
    cr_expect(brood_process_returncode(process, &code));
    cr_expect_eq(code, 7);
    close_all(process, loop);
}

/* ---- NULL ------------------------------------------------------------------------------ */

Test(process, questions_about_null_have_harmless_answers)
{
    brood_usage usage;
    cr_expect_null(brood_process_stdin(NULL));
    cr_expect_null(brood_process_stdout(NULL));
    cr_expect_null(brood_process_stderr(NULL));
    cr_expect_eq(brood_process_pid(NULL), -1);
    cr_expect_not(brood_process_returncode(NULL, NULL));
    cr_expect_not(brood_process_was_cut(NULL));
    cr_expect_eq(brood_process_wait(NULL, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_process_wait_finished(NULL, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_process_communicate(NULL, NULL, 0, NULL, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_process_send_signal(NULL, SIGTERM), BROOD_EINVAL);
    cr_expect_eq(brood_process_terminate(NULL), BROOD_EINVAL);
    cr_expect_eq(brood_process_kill(NULL), BROOD_EINVAL);
    cr_expect_eq(brood_process_usage(NULL, &usage), BROOD_EINVAL);
    brood_process_close(NULL);
    brood_process_detach(NULL);
}

/* ---- signals ----------------------------------------------------------------------------- */

static int send_term(brood_process *process)
{
    return brood_process_send_signal(process, SIGTERM);
}

static const struct {
    int (*send)(brood_process *process);
    const brood_returncode *code;
} senders[] = {{send_term, &code_terminated},
               {brood_process_terminate, &code_terminated},
               {brood_process_kill, &code_killed}};
enum { SENDERS = sizeof senders / sizeof senders[0] };

Test(process, signals_end_it)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < SENDERS; i++) {
        brood_process *process = spawn(loop, plain, CHILD("pause"));
        cr_expect_eq(senders[i].send(process), 0);
        cr_expect_eq(code_of(process), *senders[i].code);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process, after_the_end_a_signal_finds_nobody)
{
    brood_loop *loop = test_loop();
    for (int seen = 0; seen < 2; seen++) {
        brood_process *process = spawn(loop, plain, CHILD("exit", "3"));
        wait_zombie(brood_process_pid(process));
        if (seen)
            code_of(process);
        for (int i = 0; i < SENDERS; i++)
            cr_expect_eq(senders[i].send(process), BROOD_ESRCH, "%d", seen);
        cr_expect_eq(code_of(process), 3, "no signal has changed it");
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process, a_number_that_is_no_signal_is_refused)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    cr_expect_eq(brood_process_send_signal(process, 1000), BROOD_EINVAL);
    cr_expect_eq(brood_process_send_signal(process, -1), BROOD_EINVAL);
    cr_expect_eq(brood_process_send_signal(process, 0), 0, "only whether it is there");
    cr_expect_not(brood_process_returncode(process, NULL));
    close_all(process, loop);
}

/* ---- a start that fails ------------------------------------------------------------------- */

static void refused(brood_spawn_options options, int error, const char *step, const char *what)
{
    brood_loop *loop = test_loop();
    brood_process *untouched = (brood_process *)(void *)&loop, *process = untouched;
    brood_spawn_failure failure = {.step = ""};
    brood_spawn(loop, &(brood_spawn_options){0}, &process); /* makes the loop's watcher */
    make_room(loop);
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    options.failure = &failure;
    cr_expect_eq(brood_spawn(loop, &options, &process), error);
    cr_expect_eq(failure.error, error);
    cr_expect_str_eq(failure.step, step);
    cr_expect_str_eq(failure.what, what);
    cr_expect_eq(process, untouched);
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), allocations);
    cr_expect_not(test_has_children());
    test_settle(loop);
    test_loop_close(loop);
}

Test(process, a_start_that_fails_leaves_nothing_and_says_why)
{
    refused((brood_spawn_options){.argv = ARGV("/nonexistent"), ALL_PIPES}, BROOD_ENOENT, "exec",
            "/nonexistent");
    refused((brood_spawn_options){.argv = CHILD("exit", "0"), ALL_PIPES, .cwd = "/nonexistent"},
            BROOD_ENOENT, "chdir", "/nonexistent");
    refused((brood_spawn_options){.argv = ARGV("/"), ALL_PIPES}, BROOD_EACCES, "exec", "/");
}

Test(process, a_start_without_options_or_without_a_place_for_the_result_is_refused)
{
    brood_loop *loop = test_loop();
    brood_process *process = NULL;
    brood_spawn_options options = {.argv = CHILD("exit", "0")};
    cr_expect_eq(brood_spawn(loop, NULL, &process), BROOD_EINVAL);
    cr_expect_eq(brood_spawn(loop, &options, NULL), BROOD_EINVAL);
    options.pipe_grace_seconds = -1;
    cr_expect_eq(brood_spawn(loop, &options, &process), BROOD_EINVAL);
    cr_expect_null(process);
    cr_expect_not(test_has_children());
    test_loop_close(loop);
}

/* ---- the thread's own loop ------------------------------------------------------------------- */

Test(process, without_a_loop_it_lives_in_the_threads_own)
{
    brood_loop *loop;
    brood_buffer out = {0};
    brood_process *process = spawn(NULL, (brood_spawn_options){PIPE_OUT}, CHILD("out", "own"));
    cr_expect_eq(
        brood_reader_read_all(brood_process_stdout(process), &out, SIZE_MAX, test_deadline()), 3);
    cr_expect(holds(&out, "own"));
    cr_expect_eq(code_of(process), 0);
    brood_buffer_free(&out);
    cr_assert_eq(brood_loop_default(&loop), 0);
    close_all(process, loop);
}
