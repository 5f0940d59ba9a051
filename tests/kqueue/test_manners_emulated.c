/* The library on kernels that differ from FreeBSD: where a zombie cannot be watched any
 * more, where an exit is told before the process can be waited for, and without user
 * events. */
#include <signal.h>
#include <sys/wait.h>

#include "../subproc/helpers.h"
#include "emulation.h"

SUITE(manners_emulated);

enum { KIDS = 40 };

static struct kid kids[KIDS];

static void start_all(brood_loop *loop, const char *command, const char *argument)
{
    for (int i = 0; i < KIDS; i++)
        cr_assert_eq(kid_start(loop, &kids[i], (brood_spawn_options){0}, ARGV(command, argument)),
                     0);
}

static void expect_all(brood_loop *loop, brood_returncode code)
{
    for (int i = 0; i < KIDS; i++) {
        cr_assert(run_until(loop, &kids[i].lost));
        cr_expect_eq(kids[i].code, code);
    }
    test_loop_close(loop);
}

/* By luck, and all of them by force. */
static void end_before_they_are_watched(int watcher)
{
    brood_loop *loop = open_loop(watcher);
    emulated_manners.zombies_are_unknown = true;
    for (int i = 0; i < 200 && emulated_unknown == 0; i++) {
        struct kid kid = {0};
        cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "5")), 0);
        cr_assert(run_until(loop, &kid.lost));
        cr_expect_eq(kid.code, 5);
        brood_subprocess_close(kid.transport);
    }
    test_fail_call(FAULT_CHILD_WATCH, 1, ESRCH, 1);
    start_all(loop, "exit", "5");
    test_fail_call(FAULT_CHILD_WATCH, 0, 0, 0);
    cr_expect_eq(test_faults(FAULT_CHILD_WATCH), KIDS);
    cr_expect_eq(brood_loop_next(loop), BROOD_NOWAIT, "they are asked in the next round");
    expect_all(loop, 5);
}

Test(manners_emulated, children_that_ended_before_they_could_be_watched_are_noticed)
{
    end_before_they_are_watched(BROOD_WATCH_SIGCHLD);
}

Test(manners_emulated, without_a_signal_too)
{
    end_before_they_are_watched(BROOD_WATCH_PROCFD);
}

/* NetBSD does not let a program be watched that has changed its user.  `during`: the handler
 * of SIGCHLD then. */
static void may_not_be_watched(int watcher, struct sigaction *during)
{
    brood_loop *loop = open_loop(watcher);
    struct kid kid = {0};
    test_fail_call(FAULT_CHILD_WATCH, 1, EACCES, 0);
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){.in.kind = BROOD_PIPE},
                           ARGV("eof", "0", "exit", "6")),
                 0);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.01)), 0);
    cr_expect_not(kid.exited);
    cr_assert_eq(sigaction(SIGCHLD, NULL, during), 0);
    brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 6);
    test_loop_close(loop);
}

Test(manners_emulated, a_child_that_may_not_be_watched_is_asked_by_the_clock)
{
    struct sigaction during;
    may_not_be_watched(BROOD_WATCH_PROCFD, &during);
    cr_expect(during.sa_handler == SIG_DFL);
}

Test(manners_emulated, or_when_the_signal_comes)
{
    struct sigaction during;
    may_not_be_watched(BROOD_WATCH_SIGCHLD, &during);
    cr_expect(during.sa_handler != SIG_DFL);
}

/* The reader of stdin goes: noticed once, and without spinning, however the kernel tells. */
static void reader_of_stdin_goes(bool stays, bool ebadf)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    emulated_manners.gone_stays = stays;
    emulated_manners.gone_is_ebadf = ebadf;
    brood_spawn_options options = {.argv = ARGV(test_child(), "close", "0", "pause"),
                                   .in.kind = BROOD_PIPE};
    test_exec(loop, &recorder, &options);
    test_run_until(loop, &recorder.lost_pipe[0]);
    cr_expect_eq(recorder.lost_error[0], 0);
    test_settle(loop);
    unsigned waits = test_calls(FAULT_POLLER_WAIT);
    cr_assert_eq(brood_loop_step(loop, brood_in(0.02)), 0);
    cr_expect_leq(test_calls(FAULT_POLLER_WAIT) - waits, 4);
    recorder_free(&recorder);
    test_loop_close(loop);
}

Test(manners_emulated, a_reader_that_goes_is_noticed_once_however_it_is_told)
{
    for (int manner = 0; manner < 4; manner++)
        reader_of_stdin_goes((manner & 1) != 0, (manner & 2) != 0);
}

Test(manners_emulated, a_child_that_nobody_can_watch_has_ended_and_is_reaped_by_the_clock)
{
    brood_loop *loop = open_loop(BROOD_WATCH_PROCFD);
    struct kid kid = {0};
    test_fail_call(FAULT_CHILD_WATCH, 1, ESRCH, 0);
    cr_assert_eq(kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "6")), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 6);
    cr_expect_eq(test_faults(FAULT_CHILD_WATCH), 1);
    test_loop_close(loop);
}

static void early_exits(int watcher)
{
    brood_loop *loop = open_loop(watcher);
    emulated_manners.exit_comes_early = true;
    start_all(loop, "pause", NULL);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.002)), 0);
    for (int i = 0; i < KIDS; i++) {
        cr_expect_not(kids[i].exited);
        cr_assert_eq(brood_subprocess_terminate(kids[i].transport), 0);
    }
    expect_all(loop, -SIGTERM);
}

Test(manners_emulated, an_exit_that_is_told_early_is_waited_for)
{
    early_exits(BROOD_WATCH_SIGCHLD);
}

Test(manners_emulated, an_exit_that_is_told_early_is_waited_for_without_a_signal)
{
    early_exits(BROOD_WATCH_PROCFD);
}

static void stop(void *loop)
{
    brood_loop_stop(loop);
}

static void *stop_from_outside(void *loop)
{
    cr_assert_eq(brood_call_soon_threadsafe(loop, stop, loop), 0);
    return NULL;
}

Test(manners_emulated, without_user_events_a_pipe_wakes_the_loop)
{
    brood_loop *first = test_loop();
    emulated_manners.no_user_events = true;
    int descriptors = test_count_descriptors();
    brood_loop *loop = test_loop();
    cr_expect_eq(test_count_descriptors(), descriptors + 3);
    for (int i = 0; i < 50; i++) {
        test_thread *thread = test_thread_start(stop_from_outside, loop);
        cr_assert_eq(brood_loop_run(loop), 0);
        test_thread_join(thread);
    }
    test_loop_close(loop);
    cr_expect_eq(test_count_descriptors(), descriptors);
    test_loop_close(first);
}
