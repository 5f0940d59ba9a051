/* The child watcher: how ends are noticed, and what each of them is told to be. */
#include "processes.h"

SUITE(watcher);

static const brood_spawn_options plain = {0};
static const brood_spawn_options with_stdin = {.in.kind = BROOD_PIPE};

/* ---- codes ------------------------------------------------------------------------------ */

Test(watcher, exit_statuses_are_told_as_they_are)
{
    static const char *const codes[][2] = {
        {"1", "[1]"}, {"127", "[127]"}, {"128", "[128]"}, {"255", "[255]"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        cr_expect_str_eq(look(plain, ARGV("exit", codes[i][0])), codes[i][1]);
}

Test(watcher, sem_18_the_code_is_not_known_until_the_loop_runs)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_returncode code = 77;
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "5")), 0);
    wait_zombie(brood_subprocess_pid(kid.transport));
    cr_expect_not(brood_subprocess_returncode(kid.transport, &code));
    cr_expect_eq(code, 77);
    cr_expect_eq(brood_subprocess_send_signal(kid.transport, 0), BROOD_ESRCH);
    cr_expect_not(brood_subprocess_returncode(kid.transport, &code));
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, 5);
    cr_assert(brood_subprocess_returncode(kid.transport, &code));
    cr_expect_eq(code, 5);
    cr_assert(kid_finish(loop, &kid));
}

/* ---- many at once ------------------------------------------------------------------------ */

enum { MANY = 70 }; /* more than a thread of the system waits for on Windows */

Test(watcher, sem_29_many_ends_between_two_rounds_are_all_reported)
{
    static struct kid kids[MANY];
    brood_loop *loop = test_loop();
    for (int i = 0; i < MANY; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", i);
        cr_assert_eq(kid_start(loop, &kids[i], with_stdin, ARGV("eof", "0", "exit", code)), 0);
    }
    for (int i = 0; i < 4; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    for (int i = 0; i < MANY; i++)
        brood_pipe_abort(brood_subprocess_pipe(kids[i].transport, 0));
    for (int i = 0; i < 4; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    for (int i = 0; i < MANY; i++)
        wait_zombie(brood_subprocess_pid(kids[i].transport));
    for (int i = 0; i < MANY; i++) {
        cr_assert(run_until(loop, &kids[i].exited), "%d", i);
        cr_expect_eq(kids[i].code, i);
    }
    cr_expect_not(test_has_children());
    test_loop_close(loop);
}

/* sem_30: here nothing is reaped that is not known, so that nothing has to be
 * remembered or matched; see sem_30 in test_watcher_host_posix.c.
 * sem_31: C has no exceptions to hand on.
 * sem_88: nothing is attached or detached: a watcher lives as long as its loop.  The
 * race that a rescan would close is this one. */
Test(watcher, sem_29_an_end_before_registration_is_reported_with_it)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "3")), 0);
    wait_zombie(brood_subprocess_pid(kid.transport));
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, 3);
    cr_assert(kid_finish(loop, &kid));
}

/* A replaced handler of a pid has no counterpart: each child has one transport, and
 * what it tells is told once. */
static int exits;

static void count_exit(void *arg)
{
    (void)arg;
    exits++;
}

Test(watcher, sem_29_an_end_is_reported_once)
{
    const brood_subprocess_protocol protocol = {.process_exited = count_exit};
    brood_loop *loop = test_loop();
    brood_subprocess *transports[10];
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0")};
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(brood_subprocess_exec(loop, &protocol, NULL, &options, &transports[i]), 0);
        wait_zombie(brood_subprocess_pid(transports[i]));
    }
    for (brood_time deadline = test_deadline(); exits < 10 && brood_now() < deadline;)
        cr_assert_eq(brood_loop_step(loop, deadline), 0);
    test_settle(loop);
    cr_expect_eq(exits, 10);
    test_loop_close(loop);
}

/* ---- several loops ------------------------------------------------------------------------ */

Test(watcher, loops_in_two_threads_each_get_their_own_children)
{
    static struct kids_of_thread workers[2] = {{.first = 0}, {.first = 77}};
    test_thread *threads[2];
    test_child();
    for (int i = 0; i < 2; i++) {
        workers[i].watcher = test_watcher();
        threads[i] = test_thread_start(run_kids, &workers[i]);
    }
    for (int i = 0; i < 2; i++) {
        test_thread_join(threads[i]);
        cr_expect_eq(workers[i].wrong, 0, "loop %d: %d", i, workers[i].wrong);
    }
}
