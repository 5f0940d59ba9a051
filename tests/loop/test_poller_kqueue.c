/* The poller on kqueue: what is not as with epoll. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "faults.h"
#include "poller.h"
#include "support.h"

SUITE(poller_kqueue);

enum { ROOM = 8 };

static struct brood__poller *poller;
static struct brood__event events[ROOM];

static int set(int fd, unsigned from, unsigned to)
{
    return poller->table->set(poller, fd, from, to, (uint64_t)fd);
}

static int look(void)
{
    return poller->table->wait(poller, BROOD_NOWAIT, events, ROOM);
}

static void begin(int ends[2])
{
    cr_assert_eq(brood__poller_open(&poller), 0);
    host_pipe(ends);
}

static void end(int ends[2])
{
    host_pipe_close(ends);
    poller->table->close(poller, false);
}

Test(poller_kqueue, the_end_of_a_reader_is_told_once_and_the_registration_has_gone)
{
    int ends[2];
    begin(ends);
    cr_assert_eq(set(ends[1], 0, BROOD__OUT), 0);
    close(ends[0]);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].events, BROOD__OUT | BROOD__GONE);
    if (events[0].spent != 0) { /* where it is so */
        cr_expect_eq(events[0].spent, BROOD__OUT | BROOD__GONE);
        cr_expect_eq(look(), 0);
        cr_expect_eq(set(ends[1], 0, BROOD__OUT), BROOD_EPIPE);
    }
    ends[0] = dup(ends[1]);
    end(ends);
}

Test(poller_kqueue, a_reader_that_has_gone_already_is_told_by_set)
{
    int ends[2];
    begin(ends);
    close(ends[0]);
    cr_expect_eq(set(ends[1], 0, BROOD__GONE), BROOD_EPIPE);
    cr_expect_eq(set(ends[1], 0, BROOD__OUT), BROOD_EPIPE);
    cr_expect_eq(look(), 0);
    ends[0] = dup(ends[1]);
    end(ends);
}

/* While only the reader's end is of interest, what it reads wakes nobody twice. */
Test(poller_kqueue, room_that_nobody_waits_for_is_no_event)
{
    int ends[2];
    char byte;
    begin(ends);
    cr_assert_eq(set(ends[1], 0, BROOD__GONE), 0);
    for (int i = 0; i < 3; i++) {
        host_put(ends[1], "x");
        cr_expect_eq(look(), 0);
        cr_assert_eq(read(ends[0], &byte, 1), 1);
        cr_expect_eq(look(), 0);
    }
    cr_assert_eq(set(ends[1], BROOD__GONE, BROOD__GONE | BROOD__OUT), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].events, BROOD__OUT);
    cr_assert_eq(look(), 1, "as long as it is there");
    end(ends);
}

Test(poller_kqueue, both_ways_of_a_socket_are_told_apart)
{
    int ends[2];
    cr_assert_eq(brood__poller_open(&poller), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(set(ends[0], 0, BROOD__IN | BROOD__OUT), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].events, BROOD__OUT);
    host_put(ends[1], "x");
    cr_expect_eq(look(), 2, "an event each");
    cr_assert_eq(set(ends[0], BROOD__IN | BROOD__OUT, BROOD__IN), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].events, BROOD__IN);
    shutdown(ends[1], SHUT_WR);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].events, BROOD__IN, "it can still be written to");
    end(ends);
}

Test(poller_kqueue, a_set_that_fails_leaves_nothing_asked_for)
{
    int ends[2];
    begin(ends);
    host_put(ends[1], "x");
    test_fail_call(FAULT_POLLER_SET, 2, ENOMEM, 0); /* for room, after input */
    cr_expect_eq(set(ends[0], 0, BROOD__IN | BROOD__OUT), BROOD_ENOMEM);
    cr_expect_eq(test_faults(FAULT_POLLER_SET), 1);
    cr_expect_eq(look(), 0);
    end(ends);
}
