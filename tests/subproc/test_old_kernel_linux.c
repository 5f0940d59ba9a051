/* How children are born on an older kernel, or in a sandbox that hides the newer calls: each
 * fall-back by itself, forced by a filter.  `make check-fallbacks` passes the whole suite
 * with all of them. */
#include <sys/resource.h>

#include "old_kernel.h"

SUITE(old_kernel);

/* ---- clone --------------------------------------------------------------------------- */

static void handler(int signal)
{
    (void)signal;
}

static int by_clone(void)
{
    struct sigaction action = {.sa_handler = handler};
    NEED(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0);
    static const int often_ignored[] = {SIGHUP, SIGINT, SIGQUIT}; /* by nohup, by a shell's & */
    for (size_t i = 0; i < sizeof often_ignored / sizeof *often_ignored; i++)
        NEED(signal(often_ignored[i], SIG_DFL) != SIG_ERR);
    NEED(hide_calls(HIDE_CLONE3));
    for (int i = 0; i < 3; i++) {
        NEED(strcmp(look((brood_spawn_options){0}, ARGV("out", "x", "kill", "15")), "x[-15]") == 0);
        NEED(strcmp(look((brood_spawn_options){0}, ARGV("report", "ignored")), "ignored:\n") == 0);
        NEED(strcmp(refusal((brood_spawn_options){.argv = ARGV("/nonexistent")}),
                    "ENOENT exec /nonexistent") == 0);
    }
    /* The parent's own handlers are still there. */
    struct sigaction now;
    NEED(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == handler);
    return 0;
}

Test(old_kernel, without_clone3_the_handlers_are_reset_one_by_one)
{
    NOT_UNDER_VALGRIND("Valgrind makes system calls that the filter forbids");
    with_filter(by_clone);
}

/* An emulator or a sandbox may refuse the flag.  The handle is opened afterwards, so that
 * both watchers do. */
static int opened_afterwards(void)
{
    static const int watchers[] = {BROOD_WATCH_SIGCHLD, BROOD_WATCH_PROCFD};
    NEED(hide_calls(HIDE_CLONE_PIDFD));
    for (int i = 0; i < 2; i++) {
        unsigned opened = test_calls(FAULT_PROCESS_OPEN);
        NEED(ends_are_told(watchers[i]) == 0);
        NEED(test_calls(FAULT_PROCESS_OPEN) == opened + KIDS);
        NEED(signals_arrive(watchers[i]) == 0);
    }
    return 0;
}

Test(old_kernel, a_clone_that_refuses_process_descriptors_is_made_up_for)
{
    if (!test_abilities().child_events)
        cr_skip_test("without process descriptors there is nothing to be opened afterwards");
    with_filter(opened_afterwards);
}

/* Before Linux 5.2 the flag is ignored: clone succeeds and gives none. */
static int none_is_given(bool can_be_opened, int watcher)
{
    test_fail_call(FAULT_CLONE, 1, 0, 1);
    test_fail_call(FAULT_PROCESS_OPEN, can_be_opened ? 0 : 1, ENOSYS, 1);
    int line = ends_are_told(watcher);
    test_fail_call(FAULT_CLONE, 0, 0, 0);
    test_fail_call(FAULT_PROCESS_OPEN, 0, 0, 0);
    return line;
}

Test(old_kernel, a_clone_that_ignores_the_wish_for_one_too)
{
    cr_expect_eq(none_is_given(true, BROOD_WATCH_SIGCHLD), 0);
    cr_expect_eq(none_is_given(false, BROOD_WATCH_SIGCHLD), 0);
    if (test_abilities().child_events)
        cr_expect_eq(none_is_given(true, BROOD_WATCH_PROCFD), 0);
}

/* It runs already, but cannot be watched: it is ended. */
Test(old_kernel, a_child_without_one_that_needs_one_is_ended)
{
    brood_spawn_failure failure = {0};
    struct kid kid = {0};
    brood_loop *loop = open_loop(BROOD_WATCH_PROCFD);
    if (loop == NULL)
        cr_skip_test("without process descriptors there is no such watcher");
    test_fail_call(FAULT_CLONE, 1, 0, 0);
    test_fail_call(FAULT_PROCESS_OPEN, 1, EMFILE, 0);
    cr_expect_eq(kid_start(loop, &kid, (brood_spawn_options){.failure = &failure}, ARGV("pause")),
                 BROOD_EMFILE);
    cr_expect_str_eq(failure.step, "fork");
    cr_expect_not(test_has_children());
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "0")), 0);
    cr_expect(kid_finish(loop, &kid));
}

/* ---- close_range ---------------------------------------------------------------------- */

static int by_list(void)
{
    int fds[300];
    for (int i = 0; i < 300; i++) /* more than one batch of directory entries */
        fds[i] = fcntl(0, F_DUPFD, 30);
    NEED(hide_calls(HIDE_CLOSE_RANGE));
    const brood_child_fd wanted[] = {{.child = 9, .parent = fds[0]},
                                     {.child = 60, .parent = fds[1]}};
    brood_spawn_options options = {.fds = wanted, .fd_count = 2};
    for (int i = 0; i < 2; i++)
        NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2 9 60\n") == 0);
    return 0;
}

Test(old_kernel, without_close_range_nothing_else_is_inherited_either)
{
    with_filter(by_list);
}

/* The hard limit bounds the numbers that are tried. */
static int one_by_one(void)
{
    const brood_child_fd wanted[] = {{.child = 9, .parent = 0}, {.child = 60, .parent = 0}};
    brood_spawn_options options = {.fds = wanted, .fd_count = 2};
    NEED(fcntl(0, F_DUPFD, 300) == 300 && fcntl(0, F_DUPFD, 30) == 30);
    NEED(setrlimit(RLIMIT_NOFILE, &(struct rlimit){400, 400}) == 0);
    NEED(hide_calls(HIDE_CLOSE_RANGE | HIDE_DIRECTORIES));
    NEED(openat(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0);
    NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2 9 60\n") == 0);
    return 0;
}

Test(old_kernel, without_proc_they_are_closed_one_by_one)
{
    NOT_UNDER_VALGRIND("Valgrind keeps descriptors of its own");
    with_filter(one_by_one);
}

/* Reading the list takes a descriptor, too. */
static int at_the_limit(void)
{
    int report[2];
    char seen[64] = "";
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid before = {0}, kid = {0};
    brood_spawn_options options = {0};
    NEED(kid_start(loop, &before, options, ARGV("exit", "0")) == 0); /* it may need more */
    NEED(run_until(loop, &before.lost) && pipe2(report, O_CLOEXEC) == 0);
    options.out = (brood_stdio){.kind = BROOD_FD, .fd = report[1]};
    NEED(hide_calls(HIDE_ALL));
    NEED(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 400}) == 0);
    while (fcntl(0, F_DUPFD, 3) >= 0)
        ;
    NEED(errno == EMFILE);
    NEED(kid_start(loop, &kid, options, ARGV("report", "fds")) == 0);
    NEED(run_until(loop, &kid.lost) && kid.code == 0);
    NEED(read(report[0], seen, sizeof seen - 1) > 0 && strcmp(seen, "0 1 2\n") == 0);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(old_kernel, without_close_range_they_are_closed_with_no_descriptor_left)
{
    NOT_UNDER_VALGRIND("Valgrind keeps descriptors of its own");
    with_filter(at_the_limit);
}
