/* Ending children: what stands for signals, and whole trees by their job. */
#include <stdio.h>

#include "helpers_act_windows.h"

SUITE(kill_windows);

enum { SIGNAL_KILL = 9, SIGNAL_TERMINATE = 15, SIGNAL_BREAK = 21 };

static const brood_spawn_options plain = {0};

static brood_process *spawn(brood_loop *loop, brood_spawn_options options, const char *const *argv)
{
    brood_process *process = NULL;
    options.argv = argv;
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    return process;
}

static brood_process *spawn_pausing(brood_loop *loop)
{
    return spawn(loop, plain, ARGV(test_child(), "pause"));
}

static brood_returncode code_of(brood_process *process)
{
    brood_returncode code = -1000;
    cr_assert_eq(brood_process_wait(process, &code, test_deadline()), 0);
    return code;
}

/* Ends a process that is nobody's; false: there was none. */
static bool end_stranger(int64_t pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)pid);
    if (process == NULL)
        return false;
    bool ended = WaitForSingleObject(process, 0) == WAIT_TIMEOUT && TerminateProcess(process, 5) &&
                 WaitForSingleObject(process, 60000) == WAIT_OBJECT_0;
    CloseHandle(process);
    return ended;
}

/* ---- one child ------------------------------------------------------------------------------ */

Test(kill_windows, a_child_that_is_ended_by_us_gives_1)
{
    brood_loop *loop = test_loop();
    int (*const ways[])(brood_process *) = {brood_process_kill, brood_process_terminate};
    for (int i = 0; i < 2; i++) {
        brood_process *process = spawn_pausing(loop);
        cr_expect_eq(ways[i](process), 0);
        cr_expect_eq(code_of(process), 1);
        cr_expect_eq(ways[i](process), BROOD_ESRCH);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(kill_windows, some_signals_mean_something)
{
    brood_loop *loop = test_loop();
    static const int ends[] = {SIGNAL_KILL, SIGNAL_TERMINATE};
    for (int i = 0; i < 2; i++) {
        brood_process *process = spawn_pausing(loop);
        cr_expect_eq(brood_process_send_signal(process, 0), 0);
        cr_expect_eq(brood_process_send_signal(process, ends[i]), 0);
        cr_expect_eq(code_of(process), 1);
        cr_expect_eq(brood_process_send_signal(process, 0), BROOD_ESRCH);
        cr_expect_eq(brood_process_send_signal(process, ends[i]), BROOD_ESRCH);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(kill_windows, other_signals_are_refused)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn_pausing(loop);
    for (int signal = -3; signal < 70; signal++)
        if (signal != 0 && signal != SIGNAL_KILL && signal != SIGNAL_TERMINATE &&
            signal != SIGNAL_BREAK)
            cr_expect_eq(brood_process_send_signal(process, signal), BROOD_EINVAL, "%d", signal);
    cr_expect_eq(brood_process_send_signal(process, 0), 0, "it lives");
    brood_process_close(process);
    test_loop_close(loop);
}

/* In the host's own group the host would hear it, too. */
Test(kill_windows, a_break_is_for_a_group_of_the_childs_own)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){0}, ARGV(test_child(), "pause"));
    cr_expect_eq(brood_process_send_signal(process, SIGNAL_BREAK), BROOD_EPERM);
    cr_expect_eq(brood_process_send_signal(process, 0), 0, "it lives");
    brood_process_close(process);
    test_loop_close(loop);
}

/* Not to be had by a program without a console; Wine 8 fails in a way of its own. */
Test(kill_windows, a_break_is_sent_or_not_to_be_had)
{
    brood_loop *loop = test_loop();
    brood_process *process =
        spawn(loop, (brood_spawn_options){.set_process_group = true}, ARGV(test_child(), "pause"));
    int error = brood_process_send_signal(process, SIGNAL_BREAK);
    if (!under_wine())
        cr_expect(error == 0 || error == BROOD_ENOSYS, "%s", brood_errname(error));
    if (error < 0)
        cr_expect_eq(brood_process_send_signal(process, 0), 0, "it lives");
    brood_process_close(process);
    test_loop_close(loop);
}

Test(kill_windows, a_child_that_has_ended_unseen_is_gone_as_well)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, ARGV(test_child(), "exit", "6"));
    test_wait_gone(brood_process_pid(process));
    cr_expect_eq(brood_process_kill(process), BROOD_ESRCH);
    cr_expect_eq(brood_process_terminate(process), BROOD_ESRCH);
    cr_expect_eq(brood_process_send_signal(process, 0), BROOD_ESRCH);
    cr_expect_eq(code_of(process), 6);
    brood_process_close(process);
    test_loop_close(loop);
}

Test(kill_windows, what_a_killed_child_had_written_is_read)
{
    brood_loop *loop = test_loop();
    char text[8] = "";
    brood_process *process = spawn(loop, (brood_spawn_options){.out.kind = BROOD_PIPE},
                                   ARGV(test_child(), "out", "said", "pause"));
    brood_reader *out = brood_process_stdout(process);
    cr_expect_eq(brood_reader_readexactly(out, text, 4, NULL, test_deadline()), 4);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(brood_reader_read(out, text, sizeof text, test_deadline()), 0);
    cr_expect_eq(code_of(process), 1);
    brood_process_close(process);
    test_loop_close(loop);
}

/* ---- trees ------------------------------------------------------------------------------------- */

/* A child that does as told after it has made a grandchild, which waits; *grandchild. */
static brood_process *spawn_family(brood_loop *loop, bool kill_tree, const char *then,
                                   const char *argument, int64_t *grandchild)
{
    brood_slice line;
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .kill_tree = kill_tree};
    brood_process *process =
        spawn(loop, options, ARGV(test_child(), "fork", "pause", "--", then, argument));
    cr_assert_gt(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()), 1);
    *grandchild = strtoll(line.data, NULL, 10);
    cr_assert_gt(*grandchild, 0);
    return process;
}

Test(kill_windows, a_tree_is_killed_with_its_child)
{
    int64_t grandchild;
    brood_loop *loop = test_loop();
    brood_process *process = spawn_family(loop, true, "pause", NULL, &grandchild);
    cr_expect(test_process_exists(grandchild));
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(code_of(process), 1);
    test_wait_gone(grandchild);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect_eq(brood_process_kill(process), BROOD_ESRCH);
    brood_process_close(process);
    test_loop_close(loop);
}

Test(kill_windows, a_tree_is_killed_after_its_child)
{
    int64_t grandchild;
    brood_loop *loop = test_loop();
    brood_process *process = spawn_family(loop, true, "exit", "4", &grandchild);
    cr_expect_eq(code_of(process), 4);
    cr_expect(test_process_exists(grandchild));
    cr_expect_eq(brood_process_terminate(process), BROOD_ESRCH, "which means the child alone");
    cr_expect_eq(brood_process_kill(process), 0);
    test_wait_gone(grandchild);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect_eq(brood_process_kill(process), BROOD_ESRCH);
    brood_process_close(process);
    test_loop_close(loop);
}

Test(kill_windows, closing_kills_the_tree)
{
    int64_t grandchildren[3];
    brood_loop *loop = test_loop();
    brood_process_close(spawn_family(loop, true, "pause", NULL, &grandchildren[0]));
    test_wait_gone(grandchildren[0]);
    brood_process *process = spawn_family(loop, true, "exit", "0", &grandchildren[1]);
    cr_expect_eq(code_of(process), 0);
    brood_process_close(process);
    test_wait_gone(grandchildren[1]);
    spawn_family(loop, true, "pause", NULL, &grandchildren[2]);
    test_loop_close(loop);
    test_wait_gone(grandchildren[2]);
}

Test(kill_windows, without_kill_tree_grandchildren_live_on)
{
    int64_t grandchildren[2];
    brood_loop *loop = test_loop();
    brood_process *process = spawn_family(loop, false, "pause", NULL, &grandchildren[0]);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(code_of(process), 1);
    cr_expect_eq(brood_process_kill(process), BROOD_ESRCH);
    cr_expect(end_stranger(grandchildren[0]));
    /* Its end of the pipe was the last one. */
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    brood_process_close(process);
    spawn_family(loop, false, "pause", NULL, &grandchildren[1]);
    test_loop_close(loop);
    cr_expect(end_stranger(grandchildren[1]));
}

Test(kill_windows, terminate_means_the_child_alone)
{
    int64_t grandchild;
    brood_loop *loop = test_loop();
    brood_process *process = spawn_family(loop, true, "pause", NULL, &grandchild);
    cr_expect_eq(brood_process_terminate(process), 0);
    cr_expect_eq(code_of(process), 1);
    cr_expect(test_process_exists(grandchild));
    cr_expect_eq(brood_process_kill(process), 0);
    test_wait_gone(grandchild);
    brood_process_close(process);
    test_loop_close(loop);
}

/* ---- letting go ---------------------------------------------------------------------------------- */

Test(kill_windows, a_detached_child_lives_on)
{
    for (int tree = 0; tree < 2; tree++) {
        brood_loop *loop = test_loop();
        brood_process *process =
            spawn(loop, (brood_spawn_options){.kill_tree = tree == 1}, ARGV(test_child(), "pause"));
        int64_t pid = brood_process_pid(process);
        brood_process_detach(process);
        test_settle(loop);
        cr_expect(test_process_exists(pid));
        test_loop_close(loop);
        cr_expect(test_process_exists(pid));
        cr_expect(end_stranger(pid));
    }
}

Test(kill_windows, a_detached_child_that_ends_leaves_nothing)
{
    brood_loop *loop = test_loop();
    size_t before = test_live_allocations();
    for (int i = 0; i < 10; i++) {
        brood_process *process = spawn(loop, plain, ARGV(test_child(), "exit", "0"));
        int64_t pid = brood_process_pid(process);
        brood_process_detach(process);
        test_wait_gone(pid);
        test_settle(loop);
    }
    cr_expect_leq(test_live_allocations(), before + 1, "the watcher");
    test_loop_close(loop);
}
