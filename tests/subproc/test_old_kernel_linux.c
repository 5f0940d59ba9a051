/* What is done without when the kernel is older, or a sandbox hides its newer calls:
 * a filter answers ENOSYS to them in a process of the test's own. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "helpers.h"

SUITE(old_kernel);

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

enum { HIDE_CLONE3 = 1, HIDE_PIDFD = 2, HIDE_CLOSE_RANGE = 4, HIDE_ALL = 7 };

/* From now on these calls do not exist, here and in all children. */
static bool hide(int what)
{
    static const struct {
        int what, call;
    } calls[] = {
        {HIDE_CLONE3, 435},
        {HIDE_PIDFD, 434},
        {HIDE_PIDFD, 424},
        {HIDE_CLOSE_RANGE, 436},
    };
    struct sock_filter code[16];
    unsigned short length = 0;
    code[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if ((what & calls[i].what) == 0)
            continue;
        code[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].call, 0, 1);
        code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = length, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool filters_are_allowed(void)
{
    return prctl(PR_GET_SECCOMP) == 0;
}

static void with_filter(int (*body)(void))
{
    if (!filters_are_allowed())
        cr_skip_test("system calls cannot be filtered here");
    IN_FORK(body);
}

/* ---- clone --------------------------------------------------------------------------- */

static void handler(int signal)
{
    (void)signal;
}

static int by_clone(void)
{
    struct sigaction action = {.sa_handler = handler};
    NEED(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0);
    NEED(hide(HIDE_CLONE3));
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

/* ---- close_range ---------------------------------------------------------------------- */

static int by_list(void)
{
    int fds[300];
    for (int i = 0; i < 300; i++) /* more than one batch of directory entries */
        fds[i] = fcntl(0, F_DUPFD, 30);
    NEED(hide(HIDE_CLOSE_RANGE));
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

/* ---- process descriptors ---------------------------------------------------------------- */

static int without_pidfd(void)
{
    NEED(hide(HIDE_PIDFD));
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kids[20] = {{0}};
    NEED(loop != NULL);
    for (int i = 0; i < 20; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", i);
        NEED(kid_start(loop, &kids[i], (brood_spawn_options){0}, ARGV("exit", code)) == 0);
    }
    for (int i = 0; i < 20; i++)
        NEED(run_until(loop, &kids[i].lost) && kids[i].code == i);
    NEED(brood_loop_close(loop) == 0);
    return test_has_children() ? __LINE__ : 0;
}

Test(old_kernel, without_process_descriptors_the_bell_alone_does)
{
    with_filter(without_pidfd);
}

static int refused_when_opened(void)
{
    brood_loop_options options = {.child_watcher = BROOD_WATCH_PROCFD};
    brood_loop *loop = NULL;
    NEED(hide(HIDE_PIDFD));
    NEED(brood_loop_open(&loop, &options) == BROOD_ENOSYS && loop == NULL);
    return 0;
}

Test(old_kernel, without_process_descriptors_procfd_is_refused_at_once)
{
    with_filter(refused_when_opened);
}

static int signals_by_pid(void)
{
    NEED(hide(HIDE_ALL));
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0}, other = {0};
    NEED(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("pause")) == 0);
    NEED(kid_start(loop, &other, (brood_spawn_options){.kill_tree = true},
                   ARGV("fork", "pause", "--", "pause")) == 0);
    NEED(brood_subprocess_send_signal(kid.transport, 0) == 0);
    NEED(brood_subprocess_terminate(kid.transport) == 0);
    NEED(brood_subprocess_kill(other.transport) == 0);
    wait_zombie(brood_subprocess_pid(kid.transport));
    NEED(brood_subprocess_send_signal(kid.transport, 0) == BROOD_ESRCH);
    NEED(run_until(loop, &kid.lost) && kid.code == -SIGTERM);
    NEED(run_until(loop, &other.lost) && other.code == -SIGKILL);
    NEED(brood_subprocess_kill(kid.transport) == BROOD_ESRCH);
    NEED(brood_loop_close(loop) == 0);
    return test_has_children() ? __LINE__ : 0;
}

Test(old_kernel, signals_go_by_pid_while_it_is_held)
{
    with_filter(signals_by_pid);
}

static int taken_by_another(void)
{
    NEED(hide(HIDE_ALL));
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0};
    int status;
    /* Without a pidfd of its own, too. */
    test_fail_call(FAULT_CLONE, 1, EMFILE, 0);
    NEED(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "6")) == 0);
    NEED(waitpid((pid_t)brood_subprocess_pid(kid.transport), &status, 0) > 0);
    NEED(brood_subprocess_kill(kid.transport) == BROOD_ESRCH);
    NEED(run_until(loop, &kid.lost) && kid.code == BROOD_ELOST);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(old_kernel, a_status_that_somebody_else_took_is_lost)
{
    with_filter(taken_by_another);
}
