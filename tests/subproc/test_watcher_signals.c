/* Signals to children: whom they reach, and when they no longer reach anybody. */
#include "processes.h"

SUITE(watcher_signals);

/* A child with a grandchild that holds its stdout; the grandchild's pid. */
static int64_t start_family(brood_loop *loop, struct kid *kid, bool tree, const char *then)
{
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .kill_tree = tree};
    cr_assert_eq(kid_start(loop, kid, options, ARGV("fork", "pause", "--", then)), 0);
    cr_assert(run_until(loop, &kid->spoke));
    return atoll(kid->text.data);
}

Test(watcher_signals, sem_28_terminate_is_sigterm_and_kill_is_sigkill)
{
    static int (*const calls[])(brood_subprocess *) = {brood_subprocess_terminate,
                                                       brood_subprocess_kill};
    for (int i = 0; i < 2; i++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("pause")), 0);
        cr_expect_eq(brood_subprocess_send_signal(kid.transport, 0), 0);
        cr_expect_eq(brood_subprocess_send_signal(kid.transport, 1000), BROOD_EINVAL);
        cr_assert_eq(calls[i](kid.transport), 0);
        cr_assert(run_until(loop, &kid.exited));
        cr_expect_eq(kid.code, i == 0 ? code_terminated : code_killed);
        cr_assert(kid_finish(loop, &kid));
    }
}

static void expect_no_process(brood_subprocess *transport)
{
    cr_expect_eq(brood_subprocess_send_signal(transport, 0), BROOD_ESRCH);
    cr_expect_eq(brood_subprocess_send_signal(transport, SIGTERM), BROOD_ESRCH);
    cr_expect_eq(brood_subprocess_terminate(transport), BROOD_ESRCH);
    cr_expect_eq(brood_subprocess_kill(transport), BROOD_ESRCH);
}

/* Our departure: asyncio says nothing while a pipe is still open. */
Test(watcher_signals, sem_24_a_signal_for_a_process_that_has_ended_always_says_so)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    int64_t grandchild = start_family(loop, &kid, false, "pause");
    brood_subprocess_kill(kid.transport);
    wait_zombie(brood_subprocess_pid(kid.transport));
    expect_no_process(kid.transport); /* ended, but not noticed */
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_not(kid.lost_pipe[1]);
    expect_no_process(kid.transport); /* noticed, a pipe is still open */
    kill_process(grandchild);
    cr_assert(run_until(loop, &kid.lost));
    expect_no_process(kid.transport); /* finished */
    brood_subprocess_close(kid.transport);
    expect_no_process(kid.transport); /* and closed */
    cr_assert(kid_finish(loop, &kid));
}

Test(watcher_signals, sem_25_a_race_with_the_natural_end_never_changes_the_code)
{
    enum { AT_ONCE = 50 };
    const int rounds = test_on_windows() ? 4 : 20; /* processes cost more there */
    static struct kid kids[AT_ONCE];
    brood_loop *loop = test_loop();
    int natural = 0, signalled = 0;
    for (int round = 0; round < rounds; round++) {
        memset(kids, 0, sizeof kids);
        for (int i = 0; i < AT_ONCE; i++) {
            cr_assert_eq(kid_start(loop, &kids[i], (brood_spawn_options){0}, ARGV("exit", "3")), 0);
            for (int spin = 0; spin < i * 400; spin++)
                __asm__ volatile("" ::: "memory"); /* so that either may win */
            int error = brood_subprocess_send_signal(kids[i].transport, SIGTERM);
            cr_expect(error == 0 || error == BROOD_ESRCH, "%s", brood_errname(error));
        }
        for (int i = 0; i < AT_ONCE; i++) {
            cr_assert(run_until(loop, &kids[i].lost));
            natural += kids[i].code == 3;
            signalled += kids[i].code == code_terminated;
            brood_subprocess_close(kids[i].transport);
        }
        test_settle(loop);
    }
    cr_expect_eq(natural + signalled, rounds * AT_ONCE);
    test_loop_close(loop);
}

/* ---- descendants --------------------------------------------------------------------------- */

Test(watcher_signals, sem_26_kill_ends_the_child_and_not_its_children)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    int64_t grandchild = start_family(loop, &kid, false, "pause");
    cr_assert_eq(brood_subprocess_kill(kid.transport), 0);
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, code_killed);
    test_settle(loop);
    cr_expect_not(kid.lost_pipe[1], "the grandchild still holds it");
    cr_expect(test_process_exists(grandchild));
    kill_process(grandchild);
    cr_assert(run_until(loop, &kid.lost));
    cr_assert(kid_finish(loop, &kid));
    test_wait_gone(grandchild);
}

Test(watcher_signals, with_kill_tree_kill_ends_them_all)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    int64_t grandchild = start_family(loop, &kid, true, "pause");
    cr_assert_eq(brood_subprocess_kill(kid.transport), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, code_killed);
    cr_assert(kid_finish(loop, &kid));
    test_wait_gone(grandchild);
}

Test(watcher_signals, with_kill_tree_terminate_is_for_the_leader_alone)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    int64_t grandchild = start_family(loop, &kid, true, "pause");
    cr_assert_eq(brood_subprocess_terminate(kid.transport), 0);
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, code_terminated);
    cr_expect(test_process_exists(grandchild));
    cr_assert_eq(brood_subprocess_kill(kid.transport), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_assert(kid_finish(loop, &kid));
    test_wait_gone(grandchild);
}

/* The tree is there for as long as somebody of it lives. */
Test(watcher_signals, a_tree_without_its_leader_can_be_killed_until_close)
{
    for (int way = 0; way < 3; way++) { /* kill, close, and close of the loop */
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        int64_t grandchild = start_family(loop, &kid, true, "--");
        cr_assert(run_until(loop, &kid.exited));
        cr_expect_eq(kid.code, 0);
        cr_expect(test_process_exists(grandchild));
        cr_expect_eq(brood_subprocess_terminate(kid.transport), BROOD_ESRCH);
        if (way == 0)
            cr_expect_eq(brood_subprocess_kill(kid.transport), 0);
        if (way == 1)
            brood_subprocess_close(kid.transport);
        if (way < 2)
            cr_assert(run_until(loop, &kid.lost));
        test_loop_close(loop);
        brood_buffer_free(&kid.text);
        test_wait_gone(grandchild);
    }
}

/* The tree's pipes are lost, so that the transport is finished; yet somebody lives. */
Test(watcher_signals, a_tree_without_pipes_is_ended_by_a_late_close)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {.out.kind = BROOD_PIPE, .kill_tree = true};
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("fork", "close", "1", "pause", "--", "--")),
                 0);
    cr_assert(run_until(loop, &kid.lost));
    int64_t grandchild = atoll(kid.text.data);
    cr_expect(test_process_exists(grandchild));
    cr_assert(kid_finish(loop, &kid));
    test_wait_gone(grandchild);
}
