/* Signals to children on Unix: any signal, and groups of processes by their numbers. */
#include "helpers.h"

SUITE(watcher_signals_posix);

static const brood_spawn_options with_stdout = {.out.kind = BROOD_PIPE};

Test(watcher_signals_posix, any_signal_can_be_sent)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(
        kid_start(loop, &kid, with_stdout, ARGV("ignore", "15", "out", "ready\n", "pause")), 0);
    cr_assert(run_until(loop, &kid.spoke));
    cr_expect_eq(brood_subprocess_terminate(kid.transport), 0);
    test_settle(loop);
    cr_expect_not(kid.exited);
    cr_expect_eq(brood_subprocess_send_signal(kid.transport, SIGUSR2), 0);
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, -SIGUSR2);
    cr_assert(kid_finish(loop, &kid));
}

/* ---- descendants --------------------------------------------------------------------------- */

/* A child with a grandchild that holds its stdout; the grandchild's pid. */
static int64_t start_family(brood_loop *loop, struct kid *kid, const char *then)
{
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .kill_tree = true};
    cr_assert_eq(kid_start(loop, kid, options, ARGV("fork", "pause", "--", then)), 0);
    cr_assert(run_until(loop, &kid->spoke));
    return atoll(kid->text.data);
}

static bool is_zombie(int64_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* As long as the leader is a zombie nobody else can get the group's number. */
Test(watcher_signals_posix, the_leader_of_a_tree_holds_its_number_until_close)
{
    for (int way = 0; way < 3; way++) { /* kill, close, and close of the loop */
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        int64_t grandchild = start_family(loop, &kid, "--");
        int64_t pid = brood_subprocess_pid(kid.transport);
        cr_assert(run_until(loop, &kid.exited));
        cr_expect_eq(kid.code, 0);
        cr_expect(is_zombie(pid));
        cr_expect(test_process_exists(grandchild));
        cr_expect_eq(brood_subprocess_terminate(kid.transport), BROOD_ESRCH);
        if (way == 0)
            cr_expect_eq(brood_subprocess_kill(kid.transport), 0);
        if (way == 1)
            brood_subprocess_close(kid.transport);
        if (way < 2)
            cr_assert(run_until(loop, &kid.lost));
        cr_expect_eq(is_zombie(pid), way != 1);
        test_loop_close(loop);
        brood_buffer_free(&kid.text);
        cr_expect_not(is_zombie(pid));
        test_wait_gone(grandchild);
    }
}

Test(watcher_signals_posix, who_leaves_the_group_escapes)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .kill_tree = true};
    cr_assert_eq(kid_start(loop, &kid, options,
                           ARGV("fork", "setsid", "out", "away\n", "pause", "--", "pause")),
                 0);
    while (kid.text.len == 0 || strstr(kid.text.data, "away\n") == NULL)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    int64_t grandchild =
        atoll(strncmp(kid.text.data, "away\n", 5) == 0 ? kid.text.data + 5 : kid.text.data);
    while (grandchild == 0) {
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
        grandchild = atoll(kid.text.data + 5);
    }
    cr_assert_eq(brood_subprocess_kill(kid.transport), 0);
    cr_assert(run_until(loop, &kid.exited));
    cr_expect(test_process_exists(grandchild));
    kill((pid_t)grandchild, SIGKILL);
    cr_assert(kid_finish(loop, &kid));
    test_wait_gone(grandchild);
}

Test(watcher_signals_posix, a_leader_that_has_left_its_group_is_killed_all_the_same)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {.kill_tree = true,
                                   .out = {.kind = BROOD_PIPE},
                                   .argv = ARGV(test_child(), "join", "close", "1", "pause")};
    test_exec(loop, &recorder, &options);
    test_run_until(loop, &recorder.lost_pipe[1]); /* it has left */
    cr_expect_eq(brood_subprocess_kill(recorder.transport), 0);
    test_run_until(loop, &recorder.lost);
    cr_expect_eq(recorder.returncode, -9);
    test_loop_close(loop);
}
