/* A task in which the process forks: the child leaves the parent's loop alone, and may
 * have one of its own there and then. */
#include "fake_host_posix.h"
#include "sanitizers.h"
#include "support.h"

#include <sys/wait.h>
#include <unistd.h>

SUITE(wait_close_posix);

static int give_six(void *arg)
{
    return arg == NULL ? 6 : 0;
}

/* Runs in a child that was forked in a task. */
static int have_own_loop(void)
{
    brood_loop_options options = {.child_watcher = test_watcher()};
    brood_loop *own;
    brood_task *task;
    int result = 99;
    CHILD_CHECK(brood_loop_open(&own, &options) == 0);
    CHILD_CHECK(brood_sleep(own, BROOD_NOWAIT) == 0);
    CHILD_CHECK(brood_task_start(own, give_six, NULL, &task) == 0);
    CHILD_CHECK(brood_task_join(task, &result, test_deadline()) == 0);
    CHILD_CHECK(result == 6);
    brood_spawn_options spawn = {.argv = ARGV(test_child(), "exit", "4")};
    brood_result ran;
    CHILD_CHECK(brood_run(own, &spawn, NULL, 0, &ran, test_deadline()) == 0);
    CHILD_CHECK(ran.returncode == 4);
    brood_result_free(&ran);
    CHILD_CHECK(brood_loop_close(own) == 0);
    return 0;
}

static int fork_in_task(void *arg)
{
    int *line = arg, status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        int wrong = have_own_loop();
        _exit(wrong == 0 ? 0 : wrong % 256 == 0 ? 1 : wrong % 256);
    }
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        *line = WEXITSTATUS(status);
    return 0;
}

Test(wait_close_posix, a_child_born_in_a_task_may_have_a_loop_of_its_own)
{
    if (UNDER_TSAN)
        cr_skip_test(
            "ThreadSanitizer takes every other stack for a thread that the fork has ended");
    brood_loop *loop = test_loop();
    int line = -1;
    brood_task *task;
    cr_assert_eq(brood_task_start(loop, fork_in_task, &line, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_eq(line, 0, "the line in this file, modulo 256: %d", line);
    test_loop_close(loop);
}
