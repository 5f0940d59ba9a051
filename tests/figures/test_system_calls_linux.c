/* How many system calls a spawn, a read and a round trip cost: so that none creeps in unseen.
 * docs/performance.md has them as a table. */
#include <stdio.h>
#include <sys/syscall.h>

#include "bare.h"
#include "figures.h"
#include "traced_linux.h"

SUITE(system_calls);

enum { TIMES = 20 };

/* Calls that are allowed, each at most so often a time (in hundredths, since which events come
 * together differs); any other is one too many. */
struct allowed {
    int number;
    const char *name;
    int hundredths;
};
#define CALL(name, times)                     \
    {                                         \
        SYS_##name, #name, (int)((times)*100) \
    }

static bool check(const char *who, const size_t *counts, const struct allowed *allowed)
{
    bool holds = true;
    for (int number = 0; number < TRACED_CALLS; number++) {
        const struct allowed *found = allowed;
        while (found->name != NULL && found->number != number)
            found++;
        if (counts[number] * 100 > (size_t)found->hundredths * TIMES) {
            fprintf(stderr, "%s: call %d (%s): %.2f a time, %.2f are allowed\n", who, number,
                    found->name != NULL ? found->name : "none of the table",
                    (double)counts[number] / TIMES, found->hundredths / 100.0);
            holds = false;
        } else if (counts[number] > 0) {
            fprintf(stderr, "%s: %s: %.2f a time\n", who, found->name,
                    (double)counts[number] / TIMES);
        }
    }
    return holds;
}

static void compare(void (*scenario)(void *arg), const char *who, const struct allowed *own,
                    const struct allowed *child)
{
    struct traced traced;
    if (!traced_run(scenario, NULL, &traced))
        cr_skip_test("this process may not trace");
    cr_assert_eq(traced.status, 0, "%x", (unsigned)traced.status);
    bool holds = check(who, traced.own, own);
    holds = check("its child", traced.child, child) && holds;
    cr_assert(holds);
}

static const struct allowed none[] = {{0}};

/* ---- spawning -------------------------------------------------------------------------- */

static void spawn_some(const brood_spawn_options *options)
{
    struct counter counter = {.loop = test_loop()};
    struct child children[1 + TIMES] = {{0}};
    for (size_t i = 0; i <= TIMES; i++) {
        if (i == 1) /* the first one of a process finds out more */
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

Test(system_calls, of_a_spawn_without_pipes)
{
    compare(without_pipes, "a spawn without pipes", none, none);
}

Test(system_calls, of_a_spawn_with_three_pipes)
{
    compare(with_three_pipes, "a spawn with three pipes", none, none);
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
    for (size_t i = 0; i < 1 + TIMES; i++) {
        if (i == 1)
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

static const struct allowed trip[] = {CALL(pwritev2, 1), CALL(epoll_wait, 1), CALL(read, 1), {0}};

Test(system_calls, of_a_round_trip_outside_a_task)
{
    compare(outside, "a round trip", trip, none);
}

Test(system_calls, of_a_round_trip_in_a_task)
{
    compare(in_a_task, "a round trip in a task", trip, none);
}
