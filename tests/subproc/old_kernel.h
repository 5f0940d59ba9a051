/* What holds on every kernel, old or new, and a process of the test's own in which some of
 * it is hidden. */
#ifndef BROOD_TEST_OLD_KERNEL_H
#define BROOD_TEST_OLD_KERNEL_H

#include "helpers.h"
#include "hide_calls_linux.h"

static inline void with_filter(int (*body)(void))
{
    if (!hide_is_possible())
        cr_skip_test("system calls cannot be filtered here");
    IN_FORK(body);
}

/* ---- what always holds ------------------------------------------------------------------- */

enum { KIDS = 20 };

/* Each end is told with its code, under this watcher. */
static inline int ends_are_told(int watcher)
{
    brood_loop *loop = open_loop(watcher);
    struct kid kids[KIDS] = {{0}};
    NEED(loop != NULL);
    for (int i = 0; i < KIDS; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", i);
        NEED(kid_start(loop, &kids[i], (brood_spawn_options){0}, ARGV("exit", code)) == 0);
    }
    for (int i = 0; i < KIDS; i++)
        NEED(run_until(loop, &kids[i].lost) && kids[i].code == i);
    NEED(brood_loop_close(loop) == 0);
    return test_has_children() ? __LINE__ : 0;
}

/* Signals come to a child that runs, to a tree, and to none that has ended. */
static inline int signals_arrive(int watcher)
{
    brood_loop *loop = open_loop(watcher);
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

/* A status that the host has taken; `handle`: the child has a process descriptor. */
static inline brood_returncode code_when_taken(int watcher, bool handle)
{
    brood_loop *loop = open_loop(watcher);
    struct kid kid = {0};
    int status;
    if (!handle)
        test_fail_call(FAULT_CLONE, 1, EMFILE, 0);
    if (kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "6")) != 0 ||
        waitpid((pid_t)brood_subprocess_pid(kid.transport), &status, 0) < 0 ||
        brood_subprocess_kill(kid.transport) != BROOD_ESRCH || !run_until(loop, &kid.lost) ||
        brood_loop_close(loop) < 0)
        return -1000;
    return kid.code;
}

/* Both watchers, or the one that there is. */
static inline int with_each_watcher(int (*body)(int watcher))
{
    int line = body(BROOD_WATCH_SIGCHLD);
    if (line == 0 && test_abilities().child_events)
        line = body(BROOD_WATCH_PROCFD);
    return line;
}

#endif
