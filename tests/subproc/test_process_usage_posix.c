/* What a child has used: with what it has waited for, and lost when somebody else reaps it. */
#include "processes.h"

SUITE(process_usage_posix);

Test(process_usage_posix, a_grandchild_counts_once_it_has_been_waited_for)
{
    brood_loop *loop = test_loop();
    char command[4200];
    brood_usage usage = {0};
    brood_process *process;
    snprintf(command, sizeof command, "'%s' busy 30; exit 0", test_child());
    cr_assert_eq(brood_spawn(loop, &(brood_spawn_options){.shell = command}, &process), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_usage(process, &usage), 0);
    cr_expect_geq(usage.user_seconds, 0.02);
    close_all(process, loop);
}

/* The status may still be known to the kernel; what was used is not. */
Test(process_usage_posix, it_is_lost_when_the_host_has_reaped_the_child)
{
    NOT_UNDER_VALGRIND("Valgrind hides from the test what the kernel remembers");
    int status;
    brood_loop *loop = test_loop();
    brood_usage usage = {.user_seconds = -7};
    /* Some systems watch only what has not ended yet. */
    brood_process *process = spawn(loop, (brood_spawn_options){0}, CHILD("pause"));
    cr_assert_eq(brood_process_send_signal(process, SIGTERM), 0);
    pid_t pid = (pid_t)brood_process_pid(process);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(code_of(process), test_abilities().statuses_of_reaped ? -SIGTERM : BROOD_ELOST);
    cr_expect_eq(brood_process_usage(process, &usage), BROOD_ELOST);
    cr_expect_eq(usage.user_seconds, -7.0, "untouched");
    close_all(process, loop);
}

Test(process_usage_posix, a_run_whose_child_was_reaped_tells_zeros)
{
    brood_loop *loop = test_loop();
    brood_result result;
    signal(SIGCHLD, SIG_IGN); /* the system reaps */
    brood_loop_options options = {.child_watcher = BROOD_WATCH_PROCFD};
    brood_loop *other = NULL;
    if (brood_loop_open(&other, &options) < 0) {
        signal(SIGCHLD, SIG_DFL);
        test_loop_close(loop);
        cr_skip_test("no process descriptors here");
    }
    brood_spawn_options run = {.argv = CHILD("busy", "20", "out", "x", "exit", "7"), PIPE_OUT};
    cr_assert_eq(brood_run(other, &run, NULL, 0, &result, test_deadline()), 0);
    cr_expect_eq(result.returncode, test_abilities().statuses_of_reaped ? 7 : BROOD_ELOST);
    cr_expect(holds(&result.out, "x"));
    cr_expect_eq(result.usage.user_seconds, 0.0);
    cr_expect_eq(result.usage.max_rss_bytes, 0);
    brood_result_free(&result);
    test_loop_close(other);
    test_loop_close(loop);
    signal(SIGCHLD, SIG_DFL);
}
