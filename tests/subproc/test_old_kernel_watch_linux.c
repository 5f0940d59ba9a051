/* How children are watched, told and waited for on an older kernel, or in a sandbox that
 * hides the newer calls. */
#include "old_kernel.h"

SUITE(old_kernel_watch);

/* ---- process descriptors ---------------------------------------------------------------- */

static int without_pidfd(void)
{
    NEED(hide_calls(HIDE_PIDFD_OPEN | HIDE_PIDFD_SEND_SIGNAL));
    return ends_are_told(BROOD_WATCH_SIGCHLD);
}

Test(old_kernel_watch, without_process_descriptors_the_bell_alone_does)
{
    with_filter(without_pidfd);
}

static int refused_when_opened(void)
{
    brood_loop_options options = {.child_watcher = BROOD_WATCH_PROCFD};
    brood_loop *loop = NULL;
    NEED(hide_calls(HIDE_PIDFD_OPEN | HIDE_PIDFD_SEND_SIGNAL));
    NEED(brood_loop_open(&loop, &options) == BROOD_ENOSYS && loop == NULL);
    return 0;
}

Test(old_kernel_watch, without_process_descriptors_procfd_is_refused_at_once)
{
    with_filter(refused_when_opened);
}

/* ---- without process descriptors: a host that takes the bell away ------------------------ */

static void ignore_it(int signal)
{
    (void)signal;
}

/* SIGCHLD is set to this after the child was started. */
static int noticed_under(void (*disposition)(int), brood_returncode expected)
{
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid kid = {0};
    brood_spawn_options options = {.in.kind = BROOD_PIPE};
    NEED(kid_start(loop, &kid, options, ARGV("eof", "0", "exit", "7")) == 0);
    signal(SIGCHLD, disposition);
    for (int i = 0; i < 4; i++)
        NEED(brood_loop_step(loop, BROOD_NOWAIT) == 0);
    brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
    NEED(run_until(loop, &kid.lost) && kid.code == expected);
    NEED(brood_loop_close(loop) == 0);
    signal(SIGCHLD, SIG_DFL);
    return 0;
}

static int without_the_bell(void)
{
    sigset_t all;
    NEED(hide_calls(HIDE_ALL));
    NEED(noticed_under(ignore_it, 7) == 0);
    NEED(noticed_under(SIG_DFL, 7) == 0);
    NEED(noticed_under(SIG_IGN, BROOD_ELOST) == 0); /* the system has reaped it */
    sigfillset(&all);
    NEED(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
    return noticed_under(SIG_DFL, 7);
}

Test(old_kernel_watch, without_process_descriptors_and_without_the_bell_ends_are_noticed_too)
{
    with_filter(without_the_bell);
}

/* One that is started while others are asked, by a callback, is asked later. */
static int exits_seen;

static void start_another(void *arg)
{
    brood_loop *loop = arg;
    static const brood_subprocess_protocol again = {.process_exited = start_another};
    brood_subprocess *transport;
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0")};
    if (++exits_seen < 4)
        brood_subprocess_exec(loop, &again, loop, &options, &transport);
}

static int started_while_asking(void)
{
    brood_time deadline = test_deadline();
    NEED(hide_calls(HIDE_ALL));
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    struct kid first = {0};
    NEED(kid_start(loop, &first, (brood_spawn_options){0}, ARGV("exit", "0")) == 0);
    NEED(signal(SIGCHLD, ignore_it) != SIG_ERR);
    exits_seen = -1;
    start_another(loop);
    while (exits_seen < 4 && brood_now() < deadline)
        NEED(brood_loop_step(loop, deadline) == 0);
    NEED(exits_seen == 4 && first.lost);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(old_kernel_watch, without_the_bell_one_that_is_started_meanwhile_is_noticed_too)
{
    with_filter(started_while_asking);
}

/* ---- signals, and statuses that somebody else took ---------------------------------------- */

static int signals_by_pid(void)
{
    NEED(hide_calls(HIDE_ALL));
    return signals_arrive(BROOD_WATCH_SIGCHLD);
}

Test(old_kernel_watch, signals_go_by_pid_while_it_is_held)
{
    with_filter(signals_by_pid);
}

static int signals_beside_a_descriptor(void)
{
    NEED(hide_calls(HIDE_PIDFD_SEND_SIGNAL));
    return with_each_watcher(signals_arrive);
}

Test(old_kernel_watch, without_pidfd_send_signal_they_do_so_beside_a_descriptor)
{
    with_filter(signals_beside_a_descriptor);
}

static int taken_by_another(void)
{
    NEED(hide_calls(HIDE_ALL));
    NEED(code_when_taken(BROOD_WATCH_SIGCHLD, true) == BROOD_ELOST);
    return code_when_taken(BROOD_WATCH_SIGCHLD, false) == BROOD_ELOST ? 0 : __LINE__;
}

Test(old_kernel_watch, a_status_that_somebody_else_took_is_lost)
{
    with_filter(taken_by_another);
}

static int lost_under(int watcher)
{
    return code_when_taken(watcher, true) == BROOD_ELOST ? 0 : __LINE__;
}

static int without_info(void)
{
    NEED(hide_calls(HIDE_PIDFD_INFO));
    NEED(with_each_watcher(lost_under) == 0);
    return with_each_watcher(ends_are_told);
}

Test(old_kernel_watch, without_pidfd_get_info_it_is_lost_and_nothing_else)
{
    with_filter(without_info);
}

/* Linux 5.3 has descriptors, but waits by pid. */
static int waits_by_pid(void)
{
    bool remembers = test_abilities().statuses_of_reaped;
    NEED(hide_calls(HIDE_P_PIDFD));
    NEED(with_each_watcher(ends_are_told) == 0);
    NEED(with_each_watcher(signals_arrive) == 0);
    NEED(code_when_taken(BROOD_WATCH_SIGCHLD, true) == (remembers ? 6 : BROOD_ELOST));
    return 0;
}

Test(old_kernel_watch, without_p_pidfd_children_are_waited_for_by_pid)
{
    NOT_UNDER_VALGRIND("Valgrind gives no process descriptors");
    with_filter(waits_by_pid);
}

/* ---- an old container ---------------------------------------------------------------------- */

static int under_eperm(void)
{
    NEED(hide_calls(HIDE_ALL | HIDE_BY_EPERM));
    NEED(ends_are_told(BROOD_WATCH_SIGCHLD) == 0);
    NEED(signals_arrive(BROOD_WATCH_SIGCHLD) == 0);
    NEED(strcmp(look((brood_spawn_options){0}, ARGV("report", "fds")), "0 1 2\n") == 0);
    NEED(open_loop(BROOD_WATCH_PROCFD) == NULL);
    brood_loop *loop = open_loop(BROOD_WATCH_SIGCHLD);
    brood_time until = brood_in(0.001);
    NEED(brood_sleep(loop, until) == 0 && brood_now() >= until);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

/* Descriptors can be had, and then one of the calls on them is not known. */
static int signals_under_eperm(void)
{
    NEED(hide_calls(HIDE_PIDFD_SEND_SIGNAL | HIDE_BY_EPERM));
    return with_each_watcher(signals_arrive);
}

Test(old_kernel_watch, what_a_container_forbids_instead_is_done_without_as_well)
{
    with_filter(under_eperm);
    with_filter(signals_under_eperm);
}
