/* What a child has used: known with its status, and lost with it. */
#include "processes.h"

SUITE(process_usage);

static const brood_spawn_options plain = {0};

Test(process_usage, a_busy_child_has_used_time)
{
    brood_loop *loop = test_loop();
    brood_usage usage = {0};
    brood_process *process = spawn(loop, plain, CHILD("busy", "30"));
    cr_expect_eq(code_of(process), 0);
    cr_assert_eq(brood_process_usage(process, &usage), 0);
    cr_expect_geq(usage.user_seconds, 0.02);
    cr_expect_lt(usage.user_seconds, 50.0);
    cr_expect_geq(usage.system_seconds, 0.0);
    close_all(process, loop);
}

static brood_usage usage_of(brood_loop *loop, const char *const *argv)
{
    brood_usage usage = {0};
    brood_process *process = spawn(loop, plain, argv);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_usage(process, &usage), 0);
    brood_process_close(process);
    return usage;
}

Test(process_usage, memory_is_counted_in_bytes)
{
    brood_loop *loop = test_loop();
    brood_usage little = usage_of(loop, CHILD("touch", "1")),
                much = usage_of(loop, CHILD("touch", "64"));
    cr_expect_geq(much.max_rss_bytes, (uint64_t)64 << 20);
    cr_expect_lt(much.max_rss_bytes, (uint64_t)1 << 40);
    cr_expect_geq(little.max_rss_bytes, (uint64_t)1 << 20);
    test_loop_close(loop);
}

Test(process_usage, a_grandchild_counts_once_it_has_been_waited_for)
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

Test(process_usage, it_is_not_known_before_the_end)
{
    brood_loop *loop = test_loop();
    brood_usage usage = {.user_seconds = -7};
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    cr_expect_eq(brood_process_usage(process, &usage), BROOD_EAGAIN);
    cr_expect_eq(brood_process_usage(process, NULL), BROOD_EINVAL);
    brood_process_kill(process);
    wait_zombie(brood_process_pid(process));
    cr_expect_eq(brood_process_usage(process, &usage), BROOD_EAGAIN, "the loop has not run");
    cr_expect_eq(usage.user_seconds, -7.0, "untouched");
    cr_expect_eq(code_of(process), -SIGKILL);
    cr_expect_eq(brood_process_usage(process, &usage), 0);
    cr_expect_geq(usage.user_seconds, 0.0);
    close_all(process, loop);
}

Test(process_usage, the_leader_of_a_tree_has_one_too)
{
    brood_loop *loop = test_loop();
    brood_usage usage = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){.kill_tree = true}, CHILD("busy", "30"));
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_usage(process, &usage), 0);
    cr_expect_geq(usage.user_seconds, 0.02);
    cr_expect_gt(usage.max_rss_bytes, 0);
    close_all(process, loop);
}

/* The status may still be known to the kernel; what was used is not. */
Test(process_usage, it_is_lost_when_the_host_has_reaped_the_child)
{
    int status;
    brood_loop *loop = test_loop();
    brood_usage usage = {.user_seconds = -7};
    brood_process *process = spawn(loop, plain, CHILD("exit", "7"));
    pid_t pid = (pid_t)brood_process_pid(process);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(code_of(process), kernel_remembers_status() ? 7 : BROOD_ELOST);
    cr_expect_eq(brood_process_usage(process, &usage), BROOD_ELOST);
    cr_expect_eq(usage.user_seconds, -7.0, "untouched");
    close_all(process, loop);
}

Test(process_usage, a_run_whose_child_was_reaped_tells_zeros)
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
    cr_expect_eq(result.returncode, kernel_remembers_status() ? 7 : BROOD_ELOST);
    cr_expect(holds(&result.out, "x"));
    cr_expect_eq(result.usage.user_seconds, 0.0);
    cr_expect_eq(result.usage.max_rss_bytes, 0);
    brood_result_free(&result);
    test_loop_close(other);
    test_loop_close(loop);
    signal(SIGCHLD, SIG_DFL);
}
