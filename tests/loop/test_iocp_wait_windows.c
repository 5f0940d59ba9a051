/* The completion port fulfils the contract (backend.h): what a wait gives, how long it
 * takes, how it is woken, and the end with operations in flight. */
#include <stdatomic.h>

#include "exit_windows.h"
#include "helpers_port_windows.h"
#include "spanned_op.h"
#include "support.h"

SUITE(iocp_wait);

enum { MS = 1000000, PIPES = 20, OPS = 200 };

static struct brood__backend *port;
static struct port_pipe pipes[PIPES];

static void open_pipes(int count)
{
    for (int i = 0; i < count; i++)
        port_pipe_open(port, &pipes[i]);
}

static void close_pipes(int count)
{
    for (int i = 0; i < count; i++)
        port_pipe_close(port, &pipes[i]);
}

/* ---- several at once -------------------------------------------------------------------- */

Test(iocp_wait, one_wait_gives_all_that_have_completed)
{
    struct brood__op reads[PIPES], *ripe[PIPES];
    port = port_open();
    open_pipes(PIPES);
    for (int i = 0; i < PIPES; i++) {
        reads[i] = spanned_op(BROOD__READ, NULL, 0);
        port_put(&pipes[i], "x");
        port_submit(port, &pipes[i], &reads[i]);
    }
    cr_assert_eq(port_wait(port, BROOD_FOREVER, ripe, PIPES), PIPES);
    for (int i = 0; i < PIPES; i++) {
        cr_expect_eq(ripe[i], &reads[i], "in the order in which they completed");
        cr_assert(port_finish(port, ripe[i]));
        cr_expect_eq(reads[i].result, 1);
    }
    close_pipes(PIPES);
    port_close(port);
}

/* Failed at once, and completed: the first ones are known without asking the system. */
Test(iocp_wait, what_is_known_already_does_not_hide_the_rest)
{
    struct brood__op reads[2] = {spanned_op(BROOD__READ, NULL, 0),
                                 spanned_op(BROOD__READ, NULL, 0)},
                     *ripe[2];
    port = port_open();
    open_pipes(2);
    port_hang_up(&pipes[0]);
    port_put(&pipes[1], "x");
    for (int i = 0; i < 2; i++)
        port_submit(port, &pipes[i], &reads[i]);
    cr_assert_eq(port_wait(port, BROOD_FOREVER, ripe, 2), 2);
    for (int i = 0; i < 2; i++) {
        cr_assert(port_finish(port, ripe[i]));
        cr_expect_eq(reads[i].result, i);
    }
    close_pipes(2);
    port_close(port);
}

static struct brood__op posted[OPS];

static void post_all(void)
{
    for (int i = 0; i < OPS; i++) {
        posted[i] = (struct brood__op){.kind = BROOD__POSTED, .state = BROOD__SUBMITTED};
        brood__exit_post(port, &posted[i]);
    }
}

Test(iocp_wait, more_than_one_wait_takes_come_with_the_next_ones)
{
    struct brood__op *ripe[OPS];
    size_t count, waits = 0, seen = 0;
    port = port_open();
    post_all();
    for (; (count = port_wait(port, 0, ripe, OPS)) > 0; waits++)
        for (size_t i = 0; i < count; i++) {
            cr_assert_eq(ripe[i], &posted[seen++]);
            cr_assert(port_finish(port, ripe[i]));
        }
    cr_expect_eq(seen, OPS);
    cr_expect_lt(waits, 5);
    port_close(port);
}

/* ---- waking ------------------------------------------------------------------------------ */

static void *wake_often(void *arg)
{
    for (int i = *(int *)arg; i > 0; i--)
        port->table->wake(port);
    return NULL;
}

Test(iocp_wait, a_thread_ends_the_wait)
{
    int once = 1;
    port = port_open();
    for (int i = 0; i < 50; i++) {
        test_thread *thread = test_thread_start(wake_often, &once);
        cr_expect_eq(port_wait(port, BROOD_FOREVER, NULL, 0), 0);
        test_thread_join(thread);
    }
    port_close(port);
}

/* A wait after the one that was woken takes as long as it is allowed to. */
Test(iocp_wait, many_wakes_are_one_packet)
{
    enum { THREADS = 4 };
    int often = 1000;
    port = port_open();
    for (int round = 0; round < 5; round++) {
        test_thread *threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = test_thread_start(wake_often, &often);
        for (int i = 0; i < THREADS; i++)
            test_thread_join(threads[i]);
        cr_expect_eq(port_wait(port, BROOD_FOREVER, NULL, 0), 0);
        brood_time began = brood_now();
        cr_expect_eq(port_wait(port, 100 * MS, NULL, 0), 0);
        cr_expect_geq(brood_now() - began, 50 * MS, "another packet was there");
    }
    port_close(port);
}

Test(iocp_wait, a_wake_comes_with_what_has_completed)
{
    struct brood__op read = spanned_op(BROOD__READ, NULL, 0), *ripe = NULL;
    port = port_open();
    open_pipes(1);
    port->table->wake(port);
    port_put(&pipes[0], "x");
    port_submit(port, &pipes[0], &read);
    cr_assert_eq(port_wait(port, BROOD_FOREVER, &ripe, 1), 1);
    cr_assert(port_finish(port, &read));
    close_pipes(1);
    port_close(port);
}

/* ---- time-outs ----------------------------------------------------------------------------- */

static const brood_time timeouts[] = {1, MS - 1, MS, MS + 1, 2 * MS + MS / 2, 16 * MS};

/* Of the port itself, whose clock ticks more coarsely on Windows: what it takes less than
 * it was asked for the loop makes up. */
Test(iocp_wait, sem_84_a_time_out_is_rounded_up_to_a_millisecond)
{
    port = port_open();
    port_wait(port, 0, NULL, 0);
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        brood_time best = 0;
        for (int n = 0; n < 10; n++) {
            brood_time began = brood_now();
            cr_assert_eq(port_wait(port, timeouts[i], NULL, 0), 0);
            brood_time took = brood_now() - began;
            best = took > best ? took : best;
        }
        cr_expect_geq(best, (timeouts[i] + MS - 1) / MS * MS, "%lld ns", (long long)timeouts[i]);
    }
    port_close(port);
}

Test(iocp_wait, sem_84_no_wait_of_a_loop_ends_early)
{
    brood_loop *loop = test_loop();
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++)
        for (int n = 0; n < 10; n++) {
            brood_time when = brood_now() + timeouts[i];
            cr_assert_eq(brood_sleep(loop, when), 0);
            cr_expect_geq(brood_now(), when);
            when = brood_now() + timeouts[i];
            brood_future *never;
            cr_assert_eq(brood_future_open(loop, &never), 0);
            cr_expect_eq(brood_loop_run_until(loop, never, when), BROOD_ETIMEDOUT);
            cr_expect_geq(brood_now(), when);
            brood_future_close(never);
        }
    test_loop_close(loop);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Memory of operations that has been given back: nothing writes to it any more. */
enum { WAS_FREED = 0xA5 };

static void give_back(struct brood__op *ops, size_t count)
{
    memset(ops, WAS_FREED, count * sizeof *ops);
}

static void expect_untouched(const struct brood__op *ops, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)ops;
    for (size_t i = 0; i < count * sizeof *ops; i++)
        cr_assert_eq(bytes[i], WAS_FREED, "byte %zu", i);
}

static char block[5 * PORT_QUOTA];

static void abandon(struct port_pipe *pipe)
{
    port->table->abandon(port, &pipe->channel);
    cr_expect(pipe->channel.in == NULL && pipe->channel.out == NULL);
}

Test(iocp_wait, sem_83_what_is_abandoned_is_never_heard_of_again)
{
    static struct brood__op ops[4];
    port = port_open();
    open_pipes(3);
    for (int round = 0; round < 10; round++) {
        ops[0] = spanned_op(BROOD__READ, block, 16);
        ops[1] = spanned_op(BROOD__WRITE, block, sizeof block);
        ops[2] = spanned_op(BROOD__POLL_GONE, NULL, 0);
        ops[3] = spanned_op(BROOD__WRITE, block, 1);
        port_submit(port, &pipes[0], &ops[0]);
        port_submit(port, &pipes[0], &ops[1]);
        port_submit(port, &pipes[1], &ops[2]);
        port_submit(port, &pipes[2], &ops[3]);
        for (int i = 0; i < 3; i++)
            abandon(&pipes[i]);
        give_back(ops, 4);
        port_put(&pipes[0], "late");
        port_take(&pipes[2], 1);
        port_expect_nothing(port);
        expect_untouched(ops, 4);
        close_pipes(3);
        open_pipes(3);
    }
    close_pipes(3);
    port_expect_nothing(port);
    expect_untouched(ops, 4);
    port_close(port);
}

/* Their packets are in the port already, among those of the others. */
Test(iocp_wait, sem_83_the_packets_of_all_are_taken_whichever_is_abandoned_first)
{
    static struct brood__op reads[PIPES];
    for (int first = 0; first < 2; first++) {
        port = port_open();
        open_pipes(PIPES);
        for (int i = 0; i < PIPES; i++) {
            reads[i] = spanned_op(BROOD__READ, NULL, 0);
            port_put(&pipes[i], "x");
            port_submit(port, &pipes[i], &reads[i]);
        }
        for (int i = 0; i < PIPES; i++)
            abandon(&pipes[first == 0 ? i : PIPES - 1 - i]);
        give_back(reads, PIPES);
        port_expect_nothing(port);
        expect_untouched(reads, PIPES);
        close_pipes(PIPES);
        port_close(port);
    }
}

Test(iocp_wait, sem_83_what_had_failed_at_once_is_abandoned_too)
{
    static struct brood__op reads[2];
    port = port_open();
    open_pipes(2);
    port_hang_up(&pipes[0]);
    for (int i = 0; i < 2; i++) {
        reads[i] = spanned_op(BROOD__READ, NULL, 0);
        port_submit(port, &pipes[i], &reads[i]);
    }
    cr_expect(port->table->pending(port));
    for (int i = 0; i < 2; i++)
        abandon(&pipes[i]);
    give_back(reads, 2);
    cr_expect_not(port->table->pending(port));
    port_expect_nothing(port);
    expect_untouched(reads, 2);
    close_pipes(2);
    port_close(port);
}

static void *post_last(void *arg)
{
    test_nap(0.005);
    brood__exit_post(port, arg);
    return NULL;
}

Test(iocp_wait, sem_83_the_end_of_a_process_is_waited_for_until_it_has_left_the_port)
{
    port = port_open();
    post_all();
    struct brood__op late = {.kind = BROOD__POSTED, .state = BROOD__SUBMITTED};
    test_thread *thread = test_thread_start(post_last, &late);
    brood__exit_drain(port, &late);
    test_thread_join(thread);
    cr_expect_neq(late.state, BROOD__SUBMITTED);
    for (int i = 0; i < OPS; i++) {
        brood__exit_drain(port, &posted[i]); /* has come before it: returns at once */
        cr_expect_neq(posted[i].state, BROOD__SUBMITTED);
    }
    port_expect_nothing(port);
    port_close(port);
}

/* ---- attaching -------------------------------------------------------------------------------- */

Test(iocp_wait, what_is_no_handle_of_a_file_cannot_be_attached)
{
    struct brood__channel channel;
    port = port_open();
    open_pipes(1);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    cr_expect_lt(port->table->attach(port, &channel, brood__number_of(event)), 0);
    CloseHandle(event);
    cr_expect_eq(port->table->attach(port, &channel, brood__number_of(pipes[0].ours)), BROOD_EINVAL,
                 "it is on a port already");
    close_pipes(1);
    port_close(port);
}

enum { HANDLES = 1024 };

static bool is_handle(int number, DWORD *flags)
{
    return GetHandleInformation((HANDLE)(intptr_t)(4 * number), flags) != 0;
}

Test(iocp_wait, no_child_inherits_what_a_loop_has)
{
    static bool before[HANDLES];
    DWORD flags;
    int made = 0;
    for (int i = 1; i < HANDLES; i++)
        before[i] = is_handle(i, &flags);
    brood_loop *loop = test_loop();
    for (int i = 1; i < HANDLES; i++)
        if (is_handle(i, &flags) && !before[i]) {
            made++;
            cr_expect_eq(flags & HANDLE_FLAG_INHERIT, 0, "handle %d", 4 * i);
        }
    cr_expect_geq(made, 2);
    test_loop_close(loop);
}
