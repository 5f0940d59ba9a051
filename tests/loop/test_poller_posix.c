/* The poller by itself, on real descriptors: what epoll and kqueue have in common. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "faults.h"
#include "poller.h"
#include "support.h"

SUITE(poller);

enum { MS = 1000000, ROOM = 8 };

static struct brood__poller *poller;
static struct brood__event events[ROOM];

static void open_poller(void)
{
    cr_assert_eq(brood__poller_open(&poller), 0);
}

static void close_poller(void)
{
    poller->table->close(poller, false);
}

static int set(int fd, unsigned from, unsigned to, uint64_t cookie)
{
    return poller->table->set(poller, fd, from, to, cookie);
}

static int wait_for(brood_time timeout)
{
    return poller->table->wait(poller, timeout, events, ROOM);
}

/* The one event that is there. */
static void expect_event(uint64_t cookie, unsigned wanted)
{
    cr_assert_eq(wait_for(BROOD_NOWAIT), 1);
    cr_expect_eq(events[0].cookie, cookie);
    cr_expect_eq(events[0].events & wanted, wanted, "events: %u", events[0].events);
}

/* ---- readiness --------------------------------------------------------------------- */

Test(poller, input_is_told_as_long_as_it_is_there)
{
    int ends[2];
    char byte;
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[0], 0, BROOD__IN, 77), 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    host_put(ends[1], "x");
    expect_event(77, BROOD__IN);
    expect_event(77, BROOD__IN);
    cr_expect_eq(events[0].events, BROOD__IN, "and nothing else");
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    host_pipe_close(ends);
    close_poller();
}

Test(poller, room_is_told_as_long_as_it_is_there)
{
    static char block[65536];
    int ends[2];
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[1], 0, BROOD__OUT, 78), 0);
    expect_event(78, BROOD__OUT);
    cr_expect_eq(events[0].events, BROOD__OUT);
    while (write(ends[1], block, sizeof block) > 0)
        ;
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    host_pipe_close(ends);
    close_poller();
}

Test(poller, a_reader_that_goes_is_told_without_a_write)
{
    int ends[2];
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[1], 0, BROOD__GONE, 79), 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0, "room is no news to this one");
    close(ends[0]);
    expect_event(79, BROOD__GONE | BROOD__OUT);
    close(ends[1]);
    close_poller();
}

Test(poller, the_end_is_told_as_input)
{
    int ends[2];
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[0], 0, BROOD__IN, 80), 0);
    close(ends[1]);
    expect_event(80, BROOD__IN);
    close(ends[0]);
    close_poller();
}

Test(poller, without_interest_an_end_is_not_told)
{
    int ends[2];
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[0], 0, BROOD__IN, 81), 0);
    close(ends[1]);
    expect_event(81, BROOD__IN);
    cr_assert_eq(set(ends[0], BROOD__IN, 0, 81), 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    cr_assert_not(host_readable(poller->table->descriptor(poller)), "no spinning");
    cr_assert_eq(set(ends[0], 0, BROOD__IN, 82), 0);
    expect_event(82, BROOD__IN);
    close(ends[0]);
    close_poller();
}

Test(poller, interest_may_change)
{
    int ends[2];
    open_poller();
    host_pipe(ends);
    cr_assert_eq(set(ends[1], 0, BROOD__GONE, 1), 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    cr_assert_eq(set(ends[1], BROOD__GONE, BROOD__GONE | BROOD__OUT, 2), 0);
    expect_event(2, BROOD__OUT);
    cr_assert_eq(set(ends[1], BROOD__GONE | BROOD__OUT, BROOD__GONE, 3), 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    host_pipe_close(ends);
    close_poller();
}

Test(poller, at_most_as_many_as_there_is_room_for_and_none_is_starved)
{
    enum { MANY = 3 * ROOM };
    int many[MANY][2], seen[MANY] = {0};
    open_poller();
    for (uint64_t i = 0; i < MANY; i++) {
        host_pipe(many[i]);
        host_put(many[i][1], "x");
        cr_assert_eq(set(many[i][0], 0, BROOD__IN, i), 0);
    }
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(wait_for(BROOD_NOWAIT), ROOM);
        for (int i = 0; i < ROOM; i++)
            seen[events[i].cookie]++;
    }
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(seen[i], 1, "number %d", i);
        host_pipe_close(many[i]);
    }
    close_poller();
}

Test(poller, a_wrong_descriptor_is_told_by_set)
{
    open_poller();
    cr_expect_eq(set(-1, 0, BROOD__IN, 1), BROOD_EBADF);
    cr_expect_eq(set(-1, 0, BROOD__IN | BROOD__OUT, 1), BROOD_EBADF);
    close_poller();
}

/* Which descriptors are such is the system's affair; /dev/null is one or is ready. */
Test(poller, what_cannot_be_polled_is_told_by_set)
{
    open_poller();
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int error = set(fd, 0, BROOD__IN, 1);
    cr_expect(error == BROOD_EPERM || (error == 0 && wait_for(BROOD_NOWAIT) == 1), "%d", error);
    close(fd);
    close_poller();
}

/* ---- time -------------------------------------------------------------------------- */

Test(poller, no_time_out_is_early)
{
    static const brood_time spans[] = {1, 999, 1000, 65536, 999999, 1000001, 5000000, 1234567};
    open_poller();
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        brood_time began = brood_now();
        cr_assert_eq(wait_for(spans[i]), 0);
        cr_expect_geq(brood_now() - began, spans[i]);
    }
    close_poller();
}

Test(poller, very_long_time_outs_are_possible)
{
    open_poller();
    poller->table->wake(poller);
    cr_assert_eq(wait_for(BROOD_FOREVER - 1), 0);
    poller->table->wake(poller);
    cr_assert_eq(wait_for(BROOD_FOREVER), 0);
    close_poller();
}

/* ---- being woken ------------------------------------------------------------------- */

Test(poller, a_wake_ends_one_wait_however_often_it_came)
{
    open_poller();
    for (int i = 0; i < 1000; i++)
        poller->table->wake(poller);
    cr_assert(host_readable(poller->table->descriptor(poller)));
    cr_assert_eq(wait_for(BROOD_FOREVER), 0);
    cr_assert_not(host_readable(poller->table->descriptor(poller)));
    brood_time began = brood_now();
    cr_assert_eq(wait_for(2 * MS), 0);
    cr_assert_geq(brood_now() - began, 2 * MS, "it is used up");
    close_poller();
}

static void *wake_once(void *arg)
{
    poller->table->wake(poller);
    return arg;
}

Test(poller, another_thread_wakes_it)
{
    open_poller();
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, wake_once, NULL), 0);
        cr_assert_eq(wait_for(BROOD_FOREVER), 0);
        pthread_join(thread, NULL);
    }
    close_poller();
}

Test(poller, a_wake_comes_beside_other_events)
{
    int ends[2];
    open_poller();
    host_pipe(ends);
    host_put(ends[1], "x");
    cr_assert_eq(set(ends[0], 0, BROOD__IN, 5), 0);
    poller->table->wake(poller);
    expect_event(5, BROOD__IN);
    host_pipe_close(ends);
    close_poller();
}

/* ---- interruptions and failures ---------------------------------------------------- */

static atomic_bool done;
static pthread_t waiter;

static void ignore_it(int number)
{
    (void)number;
}

static void *interrupt(void *arg)
{
    while (!done)
        pthread_kill(waiter, SIGUSR1);
    return arg;
}

Test(poller, an_interruption_is_no_error)
{
    pthread_t thread;
    open_poller();
    waiter = pthread_self();
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore_it}, NULL);
    cr_assert_eq(pthread_create(&thread, NULL, interrupt, NULL), 0);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(wait_for(BROOD_FOREVER), 0);
        cr_assert_eq(wait_for(test_deadline() - brood_now()), 0);
    }
    done = true;
    pthread_join(thread, NULL);
    test_fail_call(FAULT_POLLER_WAIT, 1, EINTR, 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), 0);
    close_poller();
}

Test(poller, another_failure_of_waiting_is_told)
{
    open_poller();
    test_fail_call(FAULT_POLLER_WAIT, 1, EBADF, 0);
    cr_assert_eq(wait_for(BROOD_NOWAIT), BROOD_EBADF);
    close_poller();
}

Test(poller, a_failure_to_open_leaves_nothing_open)
{
    static const enum fault calls[] = {FAULT_POLLER_OPEN, FAULT_WAKER_OPEN, FAULT_POLLER_SET};
    int descriptors = test_count_descriptors();
    for (size_t i = 0; i < 3; i++) {
        poller = NULL;
        test_fail_call(calls[i], 1, ENFILE, 0);
        int error = brood__poller_open(&poller);
        if (error == 0 && test_calls(calls[i]) == 0) { /* kqueue's waker needs no set, and none */
            test_fail_call(calls[i], 0, 0, 0);         /* at all is needed with a pipe          */
            close_poller();
            poller = NULL;
            continue;
        }
        cr_expect_eq(error, BROOD_ENFILE);
        cr_expect_eq(test_faults(calls[i]), 1);
        cr_expect_null(poller);
        cr_expect_eq(test_count_descriptors(), descriptors);
        cr_expect_eq(test_live_allocations(), 0);
    }
    test_fail_allocation(1, false);
    cr_expect_eq(brood__poller_open(&poller), BROOD_ENOMEM);
    cr_expect_null(poller);
}
