/* No zombie outlives its loop, whatever state its children are in. */
#include "live.h"

SUITE(watcher_close);

Test(watcher_close, live_children_are_killed_and_reaped)
{
    expect_all_gone(loop_with_live_children((brood_spawn_options){0}, ARGV("pause")));
}

Test(watcher_close, with_all_their_pipes)
{
    brood_spawn_options options = {
        .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE};
    brood_loop *loop = loop_with_live_children(options, ARGV("fill", "1", "1000000"));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    expect_all_gone(loop);
}

Test(watcher_close, zombies_that_have_not_been_noticed)
{
    brood_loop *loop = loop_with_live_children((brood_spawn_options){0}, ARGV("exit", "1"));
    for (int i = 0; i < LIVE; i++)
        wait_zombie(pids[i]);
    expect_all_gone(loop);
}

Test(watcher_close, trees)
{
    brood_spawn_options options = {.kill_tree = true};
    expect_all_gone(loop_with_live_children(options, ARGV("pause")));
}

Test(watcher_close, from_the_middle_of_things)
{
    for (int rounds = 0; rounds < 8; rounds++) {
        brood_spawn_options options = {.out.kind = BROOD_PIPE};
        brood_loop *loop =
            loop_with_live_children(options, rounds % 2 == 0 ? ARGV("exit", "0") : ARGV("pause"));
        for (int i = 0; i < rounds; i++)
            cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        expect_all_gone(loop);
    }
}

/* A transport that was closed when it was finished waits for the end of a round to be
 * freed, which may never come. */
Test(watcher_close, a_transport_closed_after_the_last_round_is_freed_with_the_loop)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "0")), 0);
    cr_assert(run_until(loop, &kid.lost));
    brood_subprocess_close(kid.transport);
    test_loop_close(loop);
    cr_expect_eq(test_live_allocations(), 0);
}
