/* The child watcher beside a host that has children and signal handlers of its own,
 * or takes SIGCHLD away. */
#include <stdatomic.h>

#include "helpers.h"

SUITE(watcher_host);

static const brood_spawn_options plain = {0};
static const brood_spawn_options with_stdin = {.in.kind = BROOD_PIPE};

/* The next child gets no process descriptor; only a SIGCHLD watcher can do with it. */
static bool is_foreign_status(pid_t pid, int expected)
{
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == expected;
}

/* ---- children of the host -------------------------------------------------------------- */

/* sem_30, too: a foreign child that ends while one of ours is being started is not
 * ours to reap. */
Test(watcher_host, sem_30_children_of_the_host_are_never_touched)
{
    pid_t foreign[4];
    struct kid kid = {0}, other = {0};
    foreign[0] = foreign_child(10); /* before the loop */
    brood_loop *loop = test_loop();
    wait_zombie(foreign[0]);
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "3")), 0);
    foreign[1] = foreign_child(11); /* beside ours */
    wait_zombie(foreign[1]);
    cr_assert(run_until(loop, &kid.lost));
    foreign[2] = foreign_child(12);
    wait_zombie(foreign[2]);
    if (test_watcher() == BROOD_WATCH_SIGCHLD)
        next_without_handle();
    cr_assert_eq(kid_start(loop, &other, plain, ARGV("exit", "4")), 0);
    cr_assert(run_until(loop, &other.lost));
    test_settle(loop);
    test_loop_close(loop);
    foreign[3] = foreign_child(13); /* after the loop */
    for (int i = 0; i < 4; i++)
        cr_expect(is_foreign_status(foreign[i], 10 + i), "foreign child %d", i);
    cr_expect_eq(kid.code, 3);
    cr_expect_eq(other.code, 4);
}

Test(watcher_host, closing_a_loop_leaves_the_hosts_running_children_alone)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    int status;
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("pause")), 0);
    pid_t foreign = fork();
    if (foreign == 0)
        for (;;)
            pause();
    test_loop_close(loop);
    cr_expect_eq(waitpid(foreign, &status, WNOHANG), 0);
    kill(foreign, SIGTERM);
    cr_assert_eq(waitpid(foreign, &status, 0), foreign);
    cr_expect(WIFSIGNALED(status));
}

/* ---- handlers of the host ---------------------------------------------------------------- */

static atomic_int handled;

static void handler(int signal)
{
    (void)signal;
    atomic_fetch_add(&handled, 1);
}

static volatile sig_atomic_t info_pid;

static void handler_with_info(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    info_pid = info->si_pid;
    atomic_fetch_add(&handled, 1);
}

Test(watcher_host, the_earlier_handler_is_called)
{
    struct sigaction action = {.sa_sigaction = handler_with_info,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    cr_assert_eq(sigaction(SIGCHLD, &action, NULL), 0);
    brood_loop *loop = test_loop();
    for (int i = 1; i <= 3; i++) {
        struct kid kid = {0};
        if (i > 1 && test_watcher() == BROOD_WATCH_SIGCHLD)
            next_without_handle(); /* so that ours is above it */
        cr_assert_eq(kid_start(loop, &kid, with_stdin, ARGV("eof", "0")), 0);
        test_settle(loop);
        brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
        cr_assert(run_until(loop, &kid.lost));
        cr_expect_geq(atomic_load(&handled), i);
        cr_expect_eq(info_pid, brood_subprocess_pid(kid.transport));
    }
    pid_t foreign = foreign_child(0);
    wait_zombie(foreign);
    cr_expect_eq(atomic_load(&handled), 4);
    cr_expect(is_foreign_status(foreign, 0));
    test_loop_close(loop);
    signal(SIGCHLD, SIG_DFL);
}

static void *disposition(void)
{
    struct sigaction now;
    sigaction(SIGCHLD, NULL, &now);
    return (void *)(uintptr_t)now.sa_handler;
}

static void run_one(int watcher, bool handle, void **during)
{
    struct kid kid = {0};
    brood_loop *loop = open_loop(watcher);
    if (!handle)
        next_without_handle();
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "0")), 0);
    *during = disposition();
    cr_assert(kid_finish(loop, &kid));
}

Test(watcher_host, procfd_installs_no_handler)
{
    if (!test_abilities().child_events)
        cr_skip_test("without process descriptors there is no such watcher");
    void *during, *before = disposition();
    unsigned calls = test_calls(FAULT_SIGACTION);
    run_one(BROOD_WATCH_PROCFD, true, &during);
    cr_expect_eq(test_calls(FAULT_SIGACTION), calls + TEST_CALLS_ARE_COUNTED,
                 "only the question of this test");
    cr_expect_eq(during, before);
    cr_expect_eq(disposition(), before);
}

Test(watcher_host, the_disposition_of_sigchld_is_restored_with_the_last_loop)
{
    static void (*const before[])(int) = {SIG_DFL, SIG_IGN, handler};
    for (size_t i = 0; i < 3; i++) {
        void *during, *expected = (void *)(uintptr_t)before[i];
        struct kid kid = {0};
        signal(SIGCHLD, before[i]);
        brood_loop *outer = open_loop(BROOD_WATCH_SIGCHLD);
        next_without_handle();
        cr_assert_eq(kid_start(outer, &kid, plain, ARGV("exit", "0")), 0);
        run_one(BROOD_WATCH_SIGCHLD, false, &during);
        cr_expect_neq(during, expected);
        cr_expect_neq(disposition(), expected, "another loop still needs it");
        cr_assert(kid_finish(outer, &kid));
        cr_expect_eq(disposition(), expected);
    }
    signal(SIGCHLD, SIG_DFL);
}

/* A host that ignores it would lose the statuses of ours too. */
Test(watcher_host, sigchld_is_the_hosts_alone_while_something_else_tells_of_every_child)
{
    static void (*const before[])(int) = {SIG_DFL, handler, SIG_IGN};
    if (!test_abilities().child_events)
        cr_skip_test("there is nothing else that tells");
    for (size_t i = 0; i < 3; i++) {
        void *during, *expected = (void *)(uintptr_t)before[i];
        signal(SIGCHLD, before[i]);
        run_one(BROOD_WATCH_SIGCHLD, true, &during);
        cr_expect_eq(during == expected, i < 2);
        cr_expect_eq(disposition(), expected);
    }
    signal(SIGCHLD, SIG_DFL);
}

static void forget(void *unused)
{
    (void)unused;
}

/* What a child has used is lost where the system takes its status. */
static void needs_its_own_watch(bool by_loop)
{
    brood_loop *first = open_loop(BROOD_WATCH_SIGCHLD), *second = open_loop(BROOD_WATCH_SIGCHLD);
    brood_process *one = NULL, *two = NULL;
    brood_spawn_options options = {.argv = ARGV(test_child(), "pause")};
    brood_usage usage;
    brood_returncode code = 0;
    if (by_loop)
        cr_assert_eq(brood_spawn(first, &options, &one), 0);
    else
        cr_assert_eq(brood_add_signal_handler(first, SIGCHLD, forget, NULL), 0);
    cr_assert_eq(brood_spawn(second, &options, &two), 0);
    if (!by_loop)
        cr_assert_eq(brood_remove_signal_handler(first, SIGCHLD), 0);
    test_loop_close(first);
    cr_assert_eq(brood_process_kill(two), 0);
    cr_assert_eq(brood_process_wait(two, &code, test_deadline()), 0);
    cr_expect_eq(code, -SIGKILL);
    cr_expect_eq(brood_process_usage(two, &usage), 0);
    brood_process_close(two);
    test_loop_close(second);
}

Test(watcher_host, statuses_are_kept_also_when_whoever_kept_them_first_has_gone)
{
    signal(SIGCHLD, SIG_IGN);
    needs_its_own_watch(true);
    needs_its_own_watch(false);
    signal(SIGCHLD, SIG_DFL);
}

Test(watcher_host, a_handler_of_the_host_that_came_later_is_left_in_place)
{
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0};
    next_without_handle();
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "0")), 0);
    signal(SIGCHLD, handler);
    cr_assert(kid_finish(loop, &kid));
    cr_expect_eq(disposition(), (void *)(uintptr_t)handler);
    signal(SIGCHLD, SIG_DFL);
}

/* ---- without SIGCHLD ------------------------------------------------------------------------ */

/* The code of a child that ends after its status can be somebody else's. */
static brood_returncode status_or_lost(brood_returncode code)
{
    return test_abilities().statuses_of_reaped ? code : BROOD_ELOST;
}

/* A child that ends when told; `before` and `after` are what SIGCHLD is set to before
 * the loop is opened and after the child was started. */
static brood_returncode ends_under(void (*before)(int), void (*after)(int))
{
    struct kid kid = {0};
    signal(SIGCHLD, before);
    brood_loop *loop = test_loop();
    cr_assert_eq(kid_start(loop, &kid, with_stdin, ARGV("eof", "0", "exit", "7")), 0);
    if (after != before)
        signal(SIGCHLD, after);
    test_settle(loop);
    cr_expect_not(kid.exited);
    brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
    cr_assert(run_until(loop, &kid.lost));
    brood_returncode code = kid.code;
    cr_assert(kid_finish(loop, &kid));
    signal(SIGCHLD, SIG_DFL);
    return code;
}

Test(watcher_host, a_host_that_ignores_sigchld_from_the_start_misses_nothing)
{
    brood_returncode code = ends_under(SIG_IGN, SIG_IGN);
    /* The handler of a SIGCHLD watcher undoes the ignoring. */
    cr_expect_eq(code, test_watcher() == BROOD_WATCH_SIGCHLD ? 7 : status_or_lost(7));
}

Test(watcher_host, a_host_that_ignores_sigchld_later_misses_nothing)
{
    NOT_UNDER_VALGRIND("Valgrind hides from the test what the kernel remembers");
    cr_expect_eq(ends_under(SIG_DFL, SIG_IGN), status_or_lost(7));
}

Test(watcher_host, a_host_that_takes_sigchld_away_misses_nothing)
{
    cr_expect_eq(ends_under(SIG_DFL, handler), 7);
    cr_expect_eq(ends_under(handler, SIG_DFL), 7);
}

static int blocked_everywhere(void)
{
    sigset_t mask;
    struct kid kid = {0};
    sigfillset(&mask);
    NEED(pthread_sigmask(SIG_BLOCK, &mask, NULL) == 0);
    brood_loop *loop = open_loop(test_watcher());
    NEED(kid_start(loop, &kid, plain, ARGV("exit", "7")) == 0);
    NEED(run_until(loop, &kid.lost) && kid.code == 7);
    return kid_finish(loop, &kid) ? 0 : __LINE__;
}

Test(watcher_host, a_host_that_blocks_sigchld_in_all_threads_misses_nothing)
{
    IN_FORK(blocked_everywhere);
}

Test(watcher_host, a_failed_spawn_is_clean_while_sigchld_is_ignored)
{
    signal(SIGCHLD, SIG_IGN);
    cr_expect_str_eq(refusal((brood_spawn_options){.argv = ARGV("/nonexistent")}),
                     "ENOENT exec /nonexistent");
    signal(SIGCHLD, SIG_DFL);
}

/* ---- a host that reaps everything ------------------------------------------------------------- */

static void reap_all(int signal)
{
    int saved = errno;
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

/* Started while the host's handler reaps whatever there is. */
static brood_returncode reaped_by_handler(int watcher, bool handle)
{
    struct kid kid = {0};
    signal(SIGCHLD, reap_all);
    brood_loop *loop = open_loop(watcher);
    if (!handle)
        next_without_handle();
    /* Some systems watch only what has not ended yet. */
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("pause")), 0);
    cr_assert_eq(brood_subprocess_terminate(kid.transport), 0);
    test_wait_gone(brood_subprocess_pid(kid.transport));
    cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
    cr_assert(run_until(loop, &kid.lost));
    brood_returncode code = kid.code;
    cr_assert(kid_finish(loop, &kid));
    signal(SIGCHLD, SIG_DFL);
    return code;
}

Test(watcher_host, sem_23_a_status_that_the_host_took_is_known_or_lost_and_never_invented)
{
    NOT_UNDER_VALGRIND("Valgrind hides from the test what the kernel remembers");
    cr_expect_eq(reaped_by_handler(test_watcher(), true), status_or_lost(-SIGTERM));
    cr_expect_eq(reaped_by_handler(BROOD_WATCH_SIGCHLD, false), BROOD_ELOST);
}

/* The pid may belong to anybody now.  The child does not end by itself: some systems watch
 * only what has not ended yet. */
Test(watcher_host, sem_25_a_pid_that_the_host_has_reaped_is_never_signalled)
{
    NOT_UNDER_VALGRIND("Valgrind hides from the test what the kernel remembers");
    for (int handle = 0; handle < 2; handle++) {
        struct kid kid = {0};
        brood_loop *loop = open_loop(handle ? test_watcher() : BROOD_WATCH_SIGCHLD);
        if (!handle)
            next_without_handle();
        cr_assert_eq(kid_start(loop, &kid, plain, ARGV("pause")), 0);
        pid_t pid = (pid_t)brood_subprocess_pid(kid.transport);
        kill(pid, SIGTERM);
        cr_assert_eq(waitpid(pid, NULL, 0), pid);
        for (int signal = 0; signal < 2; signal++) {
            cr_expect_eq(brood_subprocess_send_signal(kid.transport, signal * SIGTERM),
                         BROOD_ESRCH);
            cr_expect_eq(brood_subprocess_terminate(kid.transport), BROOD_ESRCH);
            cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
            cr_assert(run_until(loop, &kid.exited));
        }
        cr_expect_eq(kid.code, handle ? status_or_lost(-SIGTERM) : BROOD_ELOST);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(watcher_host, a_tree_whose_leader_the_host_has_reaped_is_not_killed_by_number)
{
    struct kid kid = {0};
    brood_loop *loop = test_loop();
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){.kill_tree = true}, ARGV("exit", "0")),
                 0);
    cr_assert(is_foreign_status((pid_t)brood_subprocess_pid(kid.transport), 0));
    cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
    cr_assert(kid_finish(loop, &kid));
}

Test(watcher_host, a_loop_is_closed_after_the_host_has_reaped_its_children)
{
    struct kid kids[2] = {{0}};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 2; i++) {
        brood_spawn_options options = {.kill_tree = i == 1};
        cr_assert_eq(kid_start(loop, &kids[i], options, ARGV("exit", "0")), 0);
        cr_assert(is_foreign_status((pid_t)brood_subprocess_pid(kids[i].transport), 0));
    }
    test_loop_close(loop);
}
