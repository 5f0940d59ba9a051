/* What a child has used: known with its status. */
#include "processes.h"

SUITE(process_usage);

static const brood_spawn_options plain = {0};

Test(process_usage, a_busy_child_has_used_time)
{
    NEEDS_USAGE;
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
    NEEDS_USAGE;
    brood_loop *loop = test_loop();
    brood_usage little = usage_of(loop, CHILD("touch", "1")),
                much = usage_of(loop, CHILD("touch", "64"));
    cr_expect_geq(much.max_rss_bytes, (uint64_t)60 << 20); /* Linux counts in batches of pages */
    cr_expect_lt(much.max_rss_bytes, (uint64_t)1 << 40);
    cr_expect_geq(little.max_rss_bytes, (uint64_t)1 << 20);
    test_loop_close(loop);
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
    cr_expect_eq(code_of(process), code_killed);
    cr_expect_eq(brood_process_usage(process, &usage), 0);
    cr_expect_geq(usage.user_seconds, 0.0);
    close_all(process, loop);
}

/* It is reaped when it is closed: where usage is told with the reaping there is none before. */
Test(process_usage, the_leader_of_a_tree_has_one_too)
{
    NEEDS_USAGE;
    brood_loop *loop = test_loop();
    brood_usage usage = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){.kill_tree = true}, CHILD("busy", "30"));
    cr_expect_eq(code_of(process), 0);
    if (test_abilities().usage_of_zombies) {
        cr_expect_eq(brood_process_usage(process, &usage), 0);
        cr_expect_geq(usage.user_seconds, 0.02);
        cr_expect_gt(usage.max_rss_bytes, 0);
    } else {
        cr_expect_eq(brood_process_usage(process, &usage), BROOD_ELOST);
    }
    close_all(process, loop);
}
