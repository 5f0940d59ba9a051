/* No zombie outlives its loop, whatever state a child on Unix can be in. */
#include "live.h"

SUITE(watcher_close_posix);

Test(watcher_close_posix, children_that_ignore_what_can_be_ignored)
{
    expect_all_gone(
        loop_with_live_children((brood_spawn_options){0}, ARGV("ignore", "15", "pause")));
}

Test(watcher_close_posix, stopped_children)
{
    brood_loop *loop = loop_with_live_children((brood_spawn_options){0}, ARGV("pause"));
    siginfo_t info;
    for (int i = 0; i < LIVE; i++) {
        cr_assert_eq(kill((pid_t)pids[i], SIGSTOP), 0);
        while (waitid(P_PID, (id_t)pids[i], &info, WSTOPPED | WNOWAIT) < 0)
            cr_assert_eq(errno, EINTR);
    }
    expect_all_gone(loop);
}

Test(watcher_close_posix, children_of_another_user)
{
    if (geteuid() != 0)
        cr_skip_test("only root can start them");
    brood_spawn_options options = {.shell = "exec sleep 1000",
                                   .set_user = true,
                                   .user = 65534,
                                   .set_group = true,
                                   .group = 65534};
    expect_all_gone(loop_with_live_children(options, NULL));
}

/* Those without a process descriptor. */
Test(watcher_close_posix, children_without_a_handle)
{
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    static const char *const ends[] = {"pause", "cat", "args"};
    for (int i = 0; i < 3; i++) {
        next_without_handle();
        cr_assert_eq(
            kid_start(loop, &kids[i], (brood_spawn_options){.in.kind = BROOD_PIPE}, ARGV(ends[i])),
            0);
    }
    test_loop_close(loop);
    cr_expect_not(test_has_children());
}
