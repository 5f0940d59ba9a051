/* The child watcher on Unix: ends by signals, under one signal, and without process
 * descriptors. */
#include "helpers.h"

SUITE(watcher_posix);

static const brood_spawn_options plain = {0};
static const brood_spawn_options with_stdin = {.in.kind = BROOD_PIPE};

/* Only a SIGCHLD watcher can do with a child that has no process descriptor. */
static int start_without_handle(brood_loop *loop, struct kid *kid, brood_spawn_options options,
                                const char *const *arguments)
{
    enum fault call = next_without_handle();
    int error = kid_start(loop, kid, options, arguments);
    test_fail_call(call, 0, 0, 0);
    return error;
}

/* ---- codes ------------------------------------------------------------------------------ */

Test(watcher_posix, sem_23_a_child_that_is_ended_by_a_signal_has_minus_its_number)
{
    NOT_UNDER_EMULATOR("qemu-user gives real-time signals other numbers");
    static const int signals[] = {1, 2, 3, 6, 9, 13, 14, 15, 35, 64};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char number[12], expected[16];
        snprintf(number, sizeof number, "%d", signals[i]);
        snprintf(expected, sizeof expected, "[-%d]", signals[i]);
        cr_expect_str_eq(look(plain, ARGV("kill", number)), expected);
    }
}

Test(watcher_posix, an_exit_status_has_eight_bits)
{
    cr_expect_str_eq(look(plain, ARGV("exit", "256")), "");
    cr_expect_str_eq(look(plain, ARGV("exit", "257")), "[1]");
}

Test(watcher_posix, a_core_dump_is_a_signal_like_any_other)
{
    const brood_rlimit unlimited = {
        .resource = 4 /* RLIMIT_CORE */, .soft = 1 << 20, .hard = 1 << 20};
    scratch_begin();
    brood_spawn_options options = {.rlimits = &unlimited, .rlimit_count = 1, .cwd = scratch};
    cr_expect_str_eq(look(options, ARGV("kill", "6")), "[-6]");
    scratch_end();
}

/* Stopped and continued is not ended. */
Test(watcher_posix, a_stopped_child_has_not_ended)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    siginfo_t info;
    cr_assert_eq(kid_start(loop, &kid, with_stdin, ARGV("eof", "0", "exit", "8")), 0);
    id_t pid = (id_t)brood_subprocess_pid(kid.transport);
    cr_assert_eq(brood_subprocess_send_signal(kid.transport, SIGSTOP), 0);
    while (waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT) < 0)
        cr_assert_eq(errno, EINTR);
    test_settle(loop);
    cr_expect_not(kid.exited);
    cr_assert_eq(brood_subprocess_send_signal(kid.transport, SIGCONT), 0);
    while (waitid(P_PID, pid, &info, WCONTINUED | WNOWAIT) < 0)
        cr_assert_eq(errno, EINTR);
    test_settle(loop);
    cr_expect_not(kid.exited);
    brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, 8);
    cr_assert(kid_finish(loop, &kid));
}

/* ---- many at once ------------------------------------------------------------------------ */

enum { MANY = 40 };

/* SIGCHLD is blocked while they end, so that one signal stands for all. */
static int under_one_signal(bool handles)
{
    brood_loop *loop = open_loop(handles ? test_watcher() : BROOD_WATCH_SIGCHLD);
    static struct kid kids[MANY];
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    memset(kids, 0, sizeof kids);
    for (int i = 0; i < MANY; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", i);
        const char *const *arguments = ARGV("eof", "0", "exit", code);
        NEED((handles ? kid_start : start_without_handle)(loop, &kids[i], with_stdin, arguments) ==
             0);
    }
    for (int i = 0; i < 4; i++)
        NEED(brood_loop_step(loop, BROOD_NOWAIT) == 0);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    for (int i = 0; i < MANY; i++)
        brood_pipe_abort(brood_subprocess_pipe(kids[i].transport, 0));
    for (int i = 0; i < 4; i++)
        NEED(brood_loop_step(loop, BROOD_NOWAIT) == 0);
    for (int i = 0; i < MANY; i++)
        wait_zombie(brood_subprocess_pid(kids[i].transport));
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    for (int i = 0; i < MANY; i++)
        NEED(run_until(loop, &kids[i].exited) && kids[i].code == i);
    return test_has_children() ? __LINE__ : 0;
}

static int with_handles(void)
{
    return under_one_signal(true);
}

static int without_handles(void)
{
    return under_one_signal(false);
}

Test(watcher_posix, sem_29_many_ends_under_one_signal_are_all_reported)
{
    IN_FORK(with_handles);
}

Test(watcher_posix, sem_29_without_handles_too)
{
    IN_FORK(without_handles);
}

Test(watcher_posix, sem_29_an_end_before_registration_is_reported_also_without_handle)
{
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0};
    cr_assert_eq(start_without_handle(loop, &kid, plain, ARGV("exit", "3")), 0);
    wait_zombie(brood_subprocess_pid(kid.transport));
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_eq(kid.code, 3);
    cr_assert(kid_finish(loop, &kid));
}

static int end_in_preexec(void *arg)
{
    (void)arg;
    _exit(6);
}

Test(watcher_posix, sem_29_also_when_it_never_came_to_exec)
{
    cr_expect_str_eq(look((brood_spawn_options){.preexec = end_in_preexec}, ARGV("exit", "0")),
                     "[6]");
}

static int exits;

static void count_exit(void *arg)
{
    (void)arg;
    exits++;
}

Test(watcher_posix, sem_29_an_end_is_reported_once_also_when_the_signal_comes_again)
{
    const brood_subprocess_protocol protocol = {.process_exited = count_exit};
    brood_loop *loop = test_loop();
    brood_subprocess *transports[10];
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0")};
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(brood_subprocess_exec(loop, &protocol, NULL, &options, &transports[i]), 0);
        wait_zombie(brood_subprocess_pid(transports[i]));
    }
    test_settle(loop);
    raise(SIGCHLD);
    test_settle(loop);
    cr_expect_eq(exits, 10);
    test_loop_close(loop);
}

/* ---- several loops ------------------------------------------------------------------------ */

Test(watcher_posix, loops_with_different_watchers_live_side_by_side)
{
    if (!test_abilities().child_events)
        cr_skip_test("without process descriptors there is one kind of watcher");
    static struct kids_of_thread workers[2] = {{.watcher = BROOD_WATCH_SIGCHLD},
                                               {.watcher = BROOD_WATCH_PROCFD, .first = 77}};
    test_thread *threads[2];
    test_child();
    for (int i = 0; i < 2; i++)
        threads[i] = test_thread_start(run_kids, &workers[i]);
    for (int i = 0; i < 2; i++) {
        test_thread_join(threads[i]);
        cr_expect_eq(workers[i].wrong, 0, "loop %d: %d", i, workers[i].wrong);
    }
}
