/* The three events of a process: its exit, the end of each pipe, and both; waited for
 * by anybody, any number of times. */
#include "processes.h"

SUITE(process_wait);

static const brood_spawn_options plain = {0};

static int wait_exit(void *arg)
{
    brood_returncode code = -1000;
    int error = brood_process_wait(arg, &code, test_deadline());
    return error < 0 ? error : (int)code;
}

static int wait_both(void *arg)
{
    brood_returncode code = -1000;
    int error = brood_process_wait_finished(arg, &code, test_deadline());
    return error < 0 ? error : (int)code;
}

/* ---- many, and again ------------------------------------------------------------------- */

enum { WAITERS = 20 };

Test(process_wait, sem_21_many_wait_for_one_exit_and_all_get_its_code)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_task *tasks[WAITERS];
    brood_process *process =
        spawn(loop, (brood_spawn_options){GATE(&gate)}, CHILD("byte", gate.name, "exit", "9"));
    for (int i = 0; i < WAITERS; i++)
        tasks[i] = start_task(loop, i % 2 == 0 ? wait_exit : wait_both, process);
    test_settle(loop);
    gate_pass(&gate);
    for (int i = 0; i < WAITERS; i++)
        cr_expect_eq(join_task(tasks[i]), 9);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_wait, sem_21_one_that_is_cancelled_leaves_the_others)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_task *tasks[WAITERS];
    brood_process *process =
        spawn(loop, (brood_spawn_options){GATE(&gate)}, CHILD("byte", gate.name, "exit", "9"));
    for (int i = 0; i < WAITERS; i++)
        tasks[i] = start_task(loop, wait_exit, process);
    test_settle(loop);
    brood_task_cancel(tasks[3]);
    cr_expect_eq(join_task(tasks[3]), BROOD_ECANCELED);
    cr_expect_not(brood_process_returncode(process, NULL), "the child goes on");
    cr_expect_eq(brood_process_send_signal(process, 0), 0);
    gate_pass(&gate);
    for (int i = 0; i < WAITERS; i++)
        if (i != 3)
            cr_expect_eq(join_task(tasks[i]), 9);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_wait, sem_21_after_the_exit_it_returns_at_once_any_number_of_times)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("exit", "9"));
    cr_expect_eq(code_of(process), 9);
    cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    for (int i = 0; i < 5; i++) {
        brood_returncode code = -1000, both = -1000;
        cr_expect_eq(brood_process_wait(process, &code, BROOD_NOWAIT), 0);
        cr_expect_eq(brood_process_wait_finished(process, &both, BROOD_NOWAIT), 0);
        cr_expect_eq(code, 9);
        cr_expect_eq(both, 9);
        cr_expect_eq(brood_process_wait(process, NULL, BROOD_NOWAIT), 0);
    }
    close_all(process, loop);
}

Test(process_wait, a_deadline_ends_the_wait_and_not_the_child)
{
    brood_loop *loop = test_loop();
    brood_returncode code = -1000;
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    cr_expect_eq(brood_process_wait(process, &code, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_wait(process, &code, brood_in(0.01)), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_wait_finished(process, &code, brood_in(0.01)), BROOD_ETIMEDOUT);
    cr_expect_eq(code, -1000, "untouched");
    cr_expect_eq(brood_process_send_signal(process, 0), 0);
    brood_process_kill(process);
    cr_expect_eq(code_of(process), code_killed);
    close_all(process, loop);
}

/* One look is enough for what has happened already. */
Test(process_wait, a_deadline_that_has_passed_still_looks_once)
{
    brood_loop *loop = test_loop();
    brood_returncode code = -1000;
    brood_process *process = spawn(loop, plain, CHILD("exit", "9"));
    wait_zombie(brood_process_pid(process));
    test_settle(loop);
    cr_expect_eq(brood_process_wait(process, &code, BROOD_NOWAIT), 0);
    cr_expect_eq(code, 9);
    close_all(process, loop);
}

Test(process_wait, stopping_the_loop_ends_a_wait_outside_of_tasks)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    brood_loop_stop(loop);
    cr_expect_eq(brood_process_wait(process, NULL, test_deadline()), BROOD_ECANCELED);
    brood_process_kill(process);
    cr_expect_eq(code_of(process), code_killed);
    close_all(process, loop);
}

/* ---- in a callback ------------------------------------------------------------------------ */

struct asked {
    brood_process *process;
    int exit, both;
    bool called;
};

static void ask(void *arg)
{
    struct asked *asked = arg;
    asked->exit = brood_process_wait(asked->process, NULL, BROOD_FOREVER);
    asked->both = brood_process_wait_finished(asked->process, NULL, BROOD_FOREVER);
    asked->called = true;
}

Test(process_wait, in_a_callback_only_what_has_happened_is_answered)
{
    brood_loop *loop = test_loop();
    struct asked asked = {.process = spawn(loop, plain, CHILD("pause"))};
    cr_assert_eq(brood_call_soon(loop, ask, &asked, NULL), 0);
    test_run_until(loop, &asked.called);
    cr_expect_eq(asked.exit, BROOD_EWAIT);
    cr_expect_eq(asked.both, BROOD_EWAIT);
    brood_process_kill(asked.process);
    cr_assert_eq(brood_process_wait_finished(asked.process, NULL, test_deadline()), 0);
    asked.called = false;
    cr_assert_eq(brood_call_soon(loop, ask, &asked, NULL), 0);
    test_run_until(loop, &asked.called);
    cr_expect_eq(asked.exit, 0);
    cr_expect_eq(asked.both, 0);
    close_all(asked.process, loop);
}

/* ---- exit and pipes --------------------------------------------------------------------------- */

/* Our form of 22 is the one of asyncio's later versions. */
Test(process_wait, sem_22_wait_ends_with_the_exit_though_a_grandchild_holds_stdout)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
              CHILD("fork", "eof", gate.name, "out", "late", "--", "exit", "6"));
    brood_task *exit = start_task(loop, wait_exit, process);
    brood_task *both = start_task(loop, wait_both, process);
    cr_expect_eq(join_task(exit), 6, "asked before the exit");
    cr_expect_eq(code_of(process), 6, "asked after it");
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.02)), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_reader_wait_eof(brood_process_stdout(process), brood_in(0.02)),
                 BROOD_ETIMEDOUT);
    gate_end(&gate);
    cr_expect_eq(join_task(both), 6);
    cr_expect_eq(brood_reader_buffered(brood_process_stdout(process)), 4);
    close_all(process, loop);
}

static int wait_eof(void *arg)
{
    return brood_reader_wait_eof(brood_process_stdout(arg), test_deadline());
}

static int wait_closed(void *arg)
{
    return brood_writer_wait_closed(brood_process_stdin(arg), test_deadline());
}

Test(process_wait, the_end_of_each_pipe_is_an_event_of_its_own)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
              CHILD("out", "x", "close", "1", "byte", gate.name, "close", "0", "byte", gate.name));
    brood_task *ends[2] = {start_task(loop, wait_eof, process),
                           start_task(loop, wait_eof, process)};
    brood_task *closed = start_task(loop, wait_closed, process);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(join_task(ends[i]), 0);
    cr_expect_eq(brood_reader_buffered(brood_process_stdout(process)), 1, "ended, but not read");
    cr_expect_not(brood_writer_is_closing(brood_process_stdin(process)));
    gate_pass(&gate);
    cr_expect_eq(join_task(closed), 0);
    cr_expect_eq(brood_process_wait(process, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(code_of(process), 0);
    gate_end(&gate);
    close_all(process, loop);
}

/* ---- stdin, when nobody is left who could want it ------------------------------------------------- */

Test(process_wait, sem_20_stdin_is_closed_when_the_outputs_and_the_child_have_ended)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)},
              CHILD("fork", "close", "1", "close", "2", "eof", gate.name, "--", "exit", "1"));
    brood_writer *input = brood_process_stdin(process);
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 1);
    /* The grandchild still holds stdin; that delays nothing. */
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect(brood_writer_is_closing(input));
    cr_expect_eq(brood_writer_write(input, "x", 1), BROOD_ECLOSED);
    cr_expect_eq(brood_writer_wait_closed(input, BROOD_NOWAIT), 0);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_wait, sem_20_not_while_an_output_is_open)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)},
                                   CHILD("fork", "close", "1", "line", "eof", gate.name, "--"));
    brood_writer *input = brood_process_stdin(process);
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_reader_wait_eof(brood_process_stdout(process), test_deadline()), 0);
    test_settle(loop);
    cr_expect_not(brood_writer_is_closing(input), "stderr is still open");
    cr_expect_eq(brood_writer_write(input, "x", 1), 0);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_wait, sem_20_what_stdin_has_buffered_still_goes_out)
{
    enum { MUCH = 300000 };
    brood_loop *loop = test_loop();
    struct gate gate = gate_make(), told = gate_make(), answer = gate_make_back();
    char text[32], *input = alphabet(MUCH);
    gate_add(&gate, &told);
    gate_add(&gate, &answer);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                                   CHILD("fork", "close", "1", "byte", told.name, "count", "0",
                                         answer.name, "--", "byte", gate.name));
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(brood_writer_write(brood_process_stdin(process), input, MUCH), 1);
    gate_pass(&gate);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_reader_wait_eof(brood_process_stdout(process), test_deadline()), 0);
    test_settle(loop);
    cr_expect(brood_writer_is_closing(brood_process_stdin(process)));
    gate_pass(&told);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    gate_hear(&answer, text, sizeof text);
    cr_expect_eq(atoi(text), MUCH);
    gate_end(&gate);
    gate_end(&told);
    gate_end(&answer);
    free(input);
    close_all(process, loop);
}
