/* How many system calls a spawn, a read and a round trip cost: so that none creeps in unseen.
 * docs/performance.md has them as a table. */
#include <stdio.h>
#include <sys/syscall.h>

#include "bare.h"
#include "figures.h"
#include "traced_linux.h"

SUITE(system_calls);

enum { FIRST = 2, TIMES = 20, BLOCK = 65536, BLOCKS = 256 };

/* A call that is allowed, so often a time at most. */
struct allowed {
    int number;
    const char *name;
    double often;
};
#define CALL(name, often)        \
    {                            \
        SYS_##name, #name, often \
    }
#ifdef SYS_epoll_wait
#define EPOLL_WAIT SYS_epoll_wait
#else
#define EPOLL_WAIT SYS_epoll_pwait
#endif

static const struct allowed none[] = {{0}};

/* Any call that is not in the table is one too many; but the faults of the tests ask for the
 * pid at each call that they could make fail. */
static bool check(const char *who, const size_t *counts, const struct allowed *allowed,
                  size_t times)
{
    bool holds = true;
    for (int number = 0; number < TRACED_CALLS; number++) {
        const struct allowed *found = allowed;
        while (found->name != NULL && found->number != number)
            found++;
        if (counts[number] == 0 || number == SYS_getpid)
            continue;
        double often = (double)counts[number] / (double)times;
        bool within = found->name != NULL && often <= found->often;
        fprintf(stderr, "%s: %.2f of %s (%d) a time, at most %.2f\n", who, often,
                found->name != NULL ? found->name : "another call", number,
                found->name != NULL ? found->often : 0.0);
        holds = holds && within;
    }
    return holds;
}

static void compare(void (*scenario)(void *arg), const char *who, const struct allowed *own,
                    const struct allowed *child, size_t times)
{
    struct traced traced;
    if (!kernel_is_at_least(6, 18))
        cr_skip_test("before Linux 6.18 a write without SIGPIPE takes other calls");
    if (!traced_run(scenario, NULL, &traced))
        cr_skip_test("this process may not trace");
    cr_assert_eq(traced.status, 0, "%x", (unsigned)traced.status);
    bool holds = check(who, traced.own, own, times);
    holds = check("its child", traced.child, child, times) && holds;
    cr_assert(holds);
}

/* ---- spawning -------------------------------------------------------------------------- */

static void spawn_some(const brood_spawn_options *options)
{
    struct counter counter = {.loop = test_loop()};
    struct child children[FIRST + TIMES] = {{0}};
    for (size_t i = 0; i < FIRST + TIMES; i++) {
        if (i == FIRST) /* the first ones of a process find out more */
            traced_mark();
        start_child(&counter, &children[i], *options, ARGV("exit", "0"));
        run_until_lost(&counter, i + 1);
    }
    traced_mark();
}

static void without_pipes(void *unused)
{
    (void)unused;
    spawn_some(&(brood_spawn_options){0});
}

static void with_three_pipes(void *unused)
{
    (void)unused;
    brood_stdio pipe = {.kind = BROOD_PIPE};
    spawn_some(&(brood_spawn_options){.in = pipe, .out = pipe, .err = pipe});
}

/* How many events a wait brings is the system's business: pipes and the exit may come
 * together or one by one. */
#define WAITS                               \
    {EPOLL_WAIT, "epoll_wait", 6},          \
    {                                       \
        SYS_epoll_pwait2, "epoll_pwait2", 4 \
    }

Test(system_calls, of_a_spawn_without_pipes)
{
    static const struct allowed own[] = {CALL(rt_sigprocmask, 2),
                                         CALL(clone3, 1),
                                         CALL(epoll_ctl, 1),
                                         CALL(waitid, 1),
                                         CALL(close, 1),
                                         WAITS,
                                         {0}};
    static const struct allowed child[] = {
        CALL(close_range, 1), CALL(rt_sigaction, 3), CALL(rt_sigprocmask, 1), CALL(execve, 1), {0}};
    compare(without_pipes, "a spawn without pipes", own, child, TIMES);
}

Test(system_calls, of_a_spawn_with_three_pipes)
{
    static const struct allowed own[] = {CALL(pipe2, 3),
                                         CALL(fcntl, 3),
                                         CALL(rt_sigprocmask, 2),
                                         CALL(clone3, 1),
                                         CALL(epoll_ctl, 7),
                                         CALL(waitid, 1),
                                         CALL(close, 7),
                                         CALL(read, 2),
                                         WAITS,
                                         {0}};
    static const struct allowed child[] = {CALL(close_range, 2),  CALL(dup3, 3),
                                           CALL(rt_sigaction, 3), CALL(rt_sigprocmask, 1),
                                           CALL(execve, 1),       {0}};
    compare(with_three_pipes, "a spawn with three pipes", own, child, TIMES);
}

/* ---- reading and writing ------------------------------------------------------------------ */

static int round_trips(void *unused)
{
    (void)unused;
    brood_process *process;
    brood_slice line;
    brood_spawn_options options = {
        .argv = ARGV(producer(), "echo"), .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    cr_assert_eq(brood_spawn(NULL, &options, &process), 0);
    for (size_t i = 0; i < FIRST + TIMES; i++) {
        if (i == FIRST)
            traced_mark();
        cr_assert_eq(brood_writer_write(brood_process_stdin(process), "line\n", 5), 0);
        cr_assert_eq(brood_reader_readline(brood_process_stdout(process), &line, BROOD_FOREVER), 5);
    }
    traced_mark();
    brood_process_close(process);
    return 0;
}

static void outside(void *unused)
{
    round_trips(unused);
}

static void in_a_task(void *unused)
{
    brood_task *task;
    cr_assert_eq(brood_task_start(NULL, round_trips, unused, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, BROOD_FOREVER), 0);
}

static const struct allowed trip[] = {
    CALL(pwritev2, 1), {EPOLL_WAIT, "epoll_wait", 1}, CALL(read, 1), {0}};

Test(system_calls, of_a_round_trip_outside_a_task)
{
    compare(outside, "a round trip", trip, none, TIMES);
}

Test(system_calls, of_a_round_trip_in_a_task)
{
    compare(in_a_task, "a round trip in a task", trip, none, TIMES);
}

static void drop(void *received, int fd, const void *data, size_t len)
{
    size_t before = *(size_t *)received;
    (void)fd, (void)data;
    *(size_t *)received += len;
    if (before == 0) /* what has followed from the first read is not counted */
        traced_mark();
}

static void stop(void *arg)
{
    (void)arg;
    traced_mark();
    brood_loop_stop(NULL);
}

static void bulk(void *unused)
{
    (void)unused;
    static const brood_subprocess_protocol protocol = {.pipe_data_received = drop,
                                                       .process_exited = stop};
    size_t received = 0;
    brood_subprocess *transport;
    brood_spawn_options options = {.argv = ARGV(producer(), "lines", "256", "65536"),
                                   .out = {.kind = BROOD_PIPE}};
    cr_assert_eq(brood_subprocess_exec(NULL, &protocol, &received, &options, &transport), 0);
    cr_assert_eq(brood_loop_run(NULL), 0);
    cr_assert_eq(received, BLOCKS * BLOCK);
}

/* And, once, those of the exit, and of memory for wider reads. */
Test(system_calls, of_bulk_data_by_the_64_KiB)
{
    static const struct allowed own[] = {CALL(read, 1.1),
                                         {EPOLL_WAIT, "epoll_wait", 1.1},
                                         CALL(epoll_ctl, 0.02),
                                         CALL(waitid, 0.01),
                                         CALL(mmap, 0.01),
                                         CALL(munmap, 0.01),
                                         CALL(mremap, 0.01),
                                         CALL(brk, 0.01),
                                         CALL(close, 0.01),
                                         CALL(fcntl, 0.02),
                                         {0}};
    compare(bulk, "64 KiB of bulk data", own, none, BLOCKS);
}
