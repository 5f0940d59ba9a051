/* The thread's own loop on Unix: the descriptors that it needs, those of the host,
 * signals and forks. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "faults.h"
#include "support.h"

SUITE(default_posix);

static brood_loop *default_loop(void)
{
    brood_loop *loop = NULL;
    cr_assert_eq(brood_loop_default(&loop), 0);
    cr_assert_not_null(loop);
    return loop;
}

Test(default_posix, that_cannot_be_made_fails_what_asked_for_it)
{
    brood_loop *loop = NULL;
    brood_task *task = NULL;
    for (unsigned nth = 1; nth <= 2; nth++) {
        test_fail_call(nth == 1 ? FAULT_POLLER_OPEN : FAULT_WAKER_OPEN, 1, EMFILE, 1);
        cr_expect_eq(brood_loop_default(&loop), BROOD_EMFILE);
        cr_expect_eq(brood_sleep(NULL, BROOD_NOWAIT), BROOD_EMFILE);
        cr_expect_eq(brood_task_start(NULL, NULL, NULL, &task), BROOD_EMFILE);
        cr_expect_eq(brood_loop_run(NULL), BROOD_EMFILE);
        cr_expect_eq(brood_loop_fd(NULL), -1);
        test_fail_call(nth == 1 ? FAULT_POLLER_OPEN : FAULT_WAKER_OPEN, 0, 0, 0);
    }
    cr_expect_null(loop);
    cr_expect_null(task);
    cr_expect_eq(brood_sleep(NULL, BROOD_NOWAIT), 0, "the next try works");
    test_loop_close(default_loop());
}

Test(default_posix, null_serves_for_the_hosts_descriptors_and_signals)
{
    int ends[2], calls = 0;
    host_pipe(ends);
    host_put(ends[1], "x");
    cr_assert_eq(brood_add_reader(NULL, ends[0], host_count, &calls), 0);
    cr_assert_eq(brood_add_writer(NULL, ends[1], host_count, &calls), 0);
    cr_assert_eq(brood_add_signal_handler(NULL, SIGUSR1, host_count, &calls), 0);
    raise(SIGUSR1);
    cr_assert_eq(brood_loop_step(NULL, BROOD_NOWAIT), 0);
    cr_expect_eq(calls, 3);
    cr_expect_eq(brood_remove_reader(NULL, ends[0]), 0);
    cr_expect_eq(brood_remove_writer(NULL, ends[1]), 0);
    cr_expect_eq(brood_remove_signal_handler(NULL, SIGUSR1), 0);
    test_loop_close(default_loop());
    host_pipe_close(ends);
}

/* ---- forks ----------------------------------------------------------------------------- */

static int give_two(void *arg)
{
    return arg == NULL ? 2 : 0;
}

static int without_loop; /* how many descriptors there are */

static int use_own_after_fork(void *parents)
{
    brood_loop *own = NULL, *again = NULL;
    brood_task *task;
    int result = 99;
    CHILD_CHECK(brood_loop_step(parents, BROOD_NOWAIT) == BROOD_EFORK);
    CHILD_CHECK(brood_task_start(NULL, give_two, NULL, &task) == 0);
    CHILD_CHECK(brood_task_join(task, &result, test_deadline()) == 0 && result == 2);
    CHILD_CHECK(brood_loop_default(&own) == 0 && brood_loop_default(&again) == 0);
    CHILD_CHECK(own == again);
    CHILD_CHECK(brood_loop_close(own) == 0);
    /* The copy has been given back; two are those by which the result is told. */
    CHILD_CHECK(test_count_descriptors() == without_loop + 2);
    CHILD_CHECK(test_live_allocations() == 0);
    return 0;
}

Test(default_posix, sem_90_after_a_fork_there_is_a_new_one)
{
    without_loop = test_count_descriptors();
    brood_loop *loop = default_loop();
    int calls = 0;
    cr_assert_eq(host_fork(use_own_after_fork, loop), 0, "see the line in this file");
    cr_expect_eq(default_loop(), loop);
    cr_assert_eq(brood_call_soon(NULL, host_count, &calls, NULL), 0);
    cr_assert_eq(brood_sleep(NULL, BROOD_NOWAIT), 0);
    cr_expect_eq(calls, 1);
    test_loop_close(loop);
}
