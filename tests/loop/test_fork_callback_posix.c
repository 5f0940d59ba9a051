/* A process that is forked inside a callback returns into a loop that is its
 * parent's: it must leave it without another callback. */
#include <sys/wait.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "support.h"

SUITE(fork_callback);

static int calls_after;

/* Both processes return from this into a running loop. */
static void fork_inside(void *arg)
{
    brood_call_soon(arg, host_count, &calls_after, NULL);
    brood_call_soon(arg, host_stop, arg, NULL);
    if (fork() == 0)
        alarm(60);
}

static void expect_child_to_leave(brood_loop *loop)
{
    int status;
    pid_t parent = getpid();
    int error = brood_loop_run(loop);
    if (getpid() != parent)
        _exit(error != BROOD_EFORK          ? 1
              : calls_after != 0            ? 2
              : brood_loop_close(loop) != 0 ? 3
              : test_live_allocations() > 0 ? 4
                                            : 0);
    cr_assert_eq(error, 0);
    cr_assert_eq(calls_after, 2);
    cr_assert_gt(wait(&status), 0);
    cr_assert(WIFEXITED(status));
    cr_expect_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
    test_loop_close(loop);
}

Test(fork_callback, a_child_born_in_a_posted_call_does_not_run_on)
{
    brood_loop *loop = test_loop();
    brood_call_soon(loop, fork_inside, loop, NULL);
    brood_call_soon(loop, host_count, &calls_after, NULL); /* of the same batch */
    expect_child_to_leave(loop);
}

Test(fork_callback, a_child_born_in_a_timer_does_not_run_on)
{
    brood_loop *loop = test_loop();
    brood_call_at(loop, 1, fork_inside, loop, NULL);
    brood_call_at(loop, 2, host_count, &calls_after, NULL);
    expect_child_to_leave(loop);
}

/* Two descriptors are ready; the first one's callback forks, once. */
static int first_ready[2], second_ready[2];

static void fork_once(void *arg)
{
    fork_inside(arg);
    brood_remove_reader(arg, first_ready[0]); /* refused in the child */
}

static void count_once(void *arg)
{
    calls_after++;
    brood_remove_reader(arg, second_ready[0]);
}

Test(fork_callback, a_child_born_in_an_event_does_not_take_the_next_one)
{
    brood_loop *loop = test_loop();
    host_pipe(first_ready);
    host_pipe(second_ready);
    host_put(first_ready[1], "x");
    host_put(second_ready[1], "x");
    brood_add_reader(loop, first_ready[0], fork_once, loop);
    brood_add_reader(loop, second_ready[0], count_once, loop);
    expect_child_to_leave(loop);
    host_pipe_close(first_ready);
    host_pipe_close(second_ready);
}
