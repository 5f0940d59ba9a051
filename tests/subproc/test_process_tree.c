/* Processes whose descendants are ended with them, and those whose are not. */
#include "processes.h"

SUITE(process_tree);

/* Its grandchild holds stdout until it is ended. */
static brood_process *start_tree(brood_loop *loop, bool kill_tree, const char *last,
                                 int64_t *grandchild)
{
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, .kill_tree = kill_tree},
                                   CHILD("fork", "pause", "--", last, "0"));
    *grandchild = number_from(process);
    return process;
}

Test(process_tree, kill_ends_the_descendants_too)
{
    brood_loop *loop = test_loop();
    int64_t grandchild;
    brood_process *process = start_tree(loop, true, "pause", &grandchild);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(code_of(process), code_killed);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    close_all(process, loop);
    test_wait_gone(grandchild);
}

Test(process_tree, kill_reaches_those_who_are_left_after_the_end)
{
    brood_loop *loop = test_loop();
    int64_t grandchild;
    brood_process *process = start_tree(loop, true, "exit", &grandchild);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_terminate(process), BROOD_ESRCH);
    cr_expect_eq(brood_process_send_signal(process, SIGINT), BROOD_ESRCH);
    cr_expect(test_process_exists(grandchild));
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.01)), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect_eq(code_of(process), 0, "its own end stays what it was");
    close_all(process, loop);
    test_wait_gone(grandchild);
}

Test(process_tree, signals_to_a_tree_that_was_killed_find_nobody)
{
    brood_loop *loop = test_loop();
    int64_t grandchild;
    brood_process *process = start_tree(loop, true, "pause", &grandchild);
    cr_expect_eq(brood_process_kill(process), 0);
    wait_zombie(brood_process_pid(process));
    cr_expect_eq(brood_process_send_signal(process, 0), BROOD_ESRCH);
    cr_expect_eq(brood_process_terminate(process), BROOD_ESRCH);
    cr_expect_eq(code_of(process), code_killed);
    cr_expect_eq(brood_process_terminate(process), BROOD_ESRCH);
    close_all(process, loop);
    test_wait_gone(grandchild);
}

Test(process_tree, close_ends_the_descendants_in_any_state)
{
    brood_loop *loop = test_loop();
    for (int state = 0; state < 3; state++) {
        int64_t grandchild;
        brood_process *process = start_tree(loop, true, state == 0 ? "pause" : "exit", &grandchild);
        if (state == 2)
            cr_expect_eq(code_of(process), 0);
        brood_process_close(process);
        test_wait_gone(grandchild);
        while (test_has_children())
            cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    }
    test_loop_close(loop);
}

Test(process_tree, one_that_has_finished_still_ends_a_silent_descendant)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, .kill_tree = true},
                                   CHILD("fork", "close", "1", "pause", "--"));
    int64_t grandchild = number_from(process);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect(test_process_exists(grandchild));
    brood_process_close(process);
    test_wait_gone(grandchild);
    test_loop_close(loop);
}

Test(process_tree, a_loop_that_is_closed_ends_the_tree)
{
    brood_loop *loop = test_loop();
    int64_t grandchildren[2];
    start_tree(loop, true, "pause", &grandchildren[0]);
    cr_expect_eq(code_of(start_tree(loop, true, "exit", &grandchildren[1])), 0);
    test_loop_close(loop);
    test_wait_gone(grandchildren[0]);
    test_wait_gone(grandchildren[1]);
}

Test(process_tree, without_it_descendants_live_on)
{
    brood_loop *loop = test_loop();
    int64_t grandchild;
    brood_process *process = start_tree(loop, false, "pause", &grandchild);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(code_of(process), code_killed);
    cr_expect_eq(brood_process_kill(process), BROOD_ESRCH);
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.01)), BROOD_ETIMEDOUT);
    close_all(process, loop);
    cr_expect(test_process_exists(grandchild));
    kill_process(grandchild);
    test_wait_gone(grandchild);
}
