/* The readiness contract (poller.h) on Linux: one epoll descriptor, and an
 * eventfd by which wait is woken.  The eventfd is edge-triggered: every write to
 * it is an event of its own, and nobody ever has to read it. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "compiler.h"
#include "io_posix.h"
#include "list.h"
#include "memory.h"
#include "poller.h"

#define WAKE_COOKIE UINT64_MAX

struct epoll {
    struct brood__poller base;
    int fd, wake_fd;
    bool no_pwait2; /* before Linux 5.11 time-outs are in milliseconds */
};

static struct epoll *epoll_of(struct brood__poller *poller)
{
    return BROOD__CONTAINER(poller, struct epoll, base);
}

static int set(struct brood__poller *poller, int fd, unsigned from, unsigned to, uint64_t cookie)
{
    /* EPOLLHUP and EPOLLERR come unasked: nothing else is needed for BROOD__GONE,
     * and a descriptor without interest has to leave the set. */
    struct epoll_event event = {
        .events = ((to & BROOD__IN) != 0 ? EPOLLIN : 0u) | ((to & BROOD__OUT) != 0 ? EPOLLOUT : 0u),
        .data.u64 = cookie,
    };
    int action = from == 0 ? EPOLL_CTL_ADD : to == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    return epoll_ctl(epoll_of(poller)->fd, action, fd, &event) < 0 ? -errno : 0;
}

/* The kernel's, of 64 bits each also where a timespec of the C library has fewer. */
struct span {
    int64_t seconds, nanoseconds;
};

/* Nanoseconds if the kernel can; else milliseconds, rounded up: never early. */
static BROOD__APART int wait_in_time(struct epoll *epoll, brood_time timeout,
                                     struct epoll_event *events, int max)
{
    if (!epoll->no_pwait2) {
        struct span span = {.seconds = timeout / 1000000000, .nanoseconds = timeout % 1000000000};
        long count = syscall(SYS_epoll_pwait2, epoll->fd, events, (long)max, &span, NULL, 0L);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) /* or a sandbox forbids it */
            return (int)count;
        epoll->no_pwait2 = true;
    }
    brood_time ms = timeout / 1000000 + (timeout % 1000000 != 0);
    return epoll_wait(epoll->fd, events, max, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

static unsigned told_by(uint32_t flags)
{
    if ((flags & (EPOLLHUP | EPOLLERR)) != 0)
        return BROOD__IN | BROOD__OUT | BROOD__GONE;
    return ((flags & EPOLLIN) != 0 ? BROOD__IN : 0u) | ((flags & EPOLLOUT) != 0 ? BROOD__OUT : 0u);
}

static int wait_for_events(struct brood__poller *poller, brood_time timeout,
                           struct brood__event *ready, int max)
{
    struct epoll_event events[BROOD__EVENTS_PER_WAIT];
    struct epoll *epoll = epoll_of(poller);
    bool any_time = timeout == 0 || timeout == BROOD_FOREVER;
    int count = any_time ? epoll_wait(epoll->fd, events, max, timeout == 0 ? 0 : -1)
                         : wait_in_time(epoll, timeout, events, max);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;

    int used = 0;
    for (int i = 0; i < count; i++)
        if (events[i].data.u64 != WAKE_COOKIE)
            ready[used++] = (struct brood__event){.cookie = events[i].data.u64,
                                                  .events = told_by(events[i].events)};
    return used;
}

static void wake(struct brood__poller *poller)
{
    /* EAGAIN would mean 2^64 - 2 wakes that nobody noticed; and then one is pending. */
    ssize_t ignored = write(epoll_of(poller)->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)ignored;
}

static int descriptor(const struct brood__poller *poller)
{
    return ((const struct epoll *)poller)->fd;
}

static void close_epoll(struct brood__poller *poller, bool forked)
{
    (void)forked; /* each process has descriptors of its own for it */
    struct epoll *epoll = epoll_of(poller);
    brood__io_close(epoll->wake_fd);
    brood__io_close(epoll->fd);
    brood__free(epoll);
}

static const struct brood__poller_table table = {
    .close = close_epoll,
    .set = set,
    .wait = wait_for_events,
    .wake = wake,
    .descriptor = descriptor,
};

static int keep_clear(int fd)
{
    return brood__io_keep_clear(fd < 0 ? -errno : fd);
}

int brood__poller_open(struct brood__poller **poller)
{
    struct epoll *epoll = brood__alloc(sizeof *epoll);
    if (epoll == NULL)
        return BROOD_ENOMEM;
    epoll->base.table = &table;
    epoll->fd = keep_clear(epoll_create1(EPOLL_CLOEXEC));
    epoll->wake_fd = keep_clear(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    int error = epoll->fd < 0 ? epoll->fd : epoll->wake_fd;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKE_COOKIE};
    if (error >= 0)
        error = epoll_ctl(epoll->fd, EPOLL_CTL_ADD, epoll->wake_fd, &event) < 0 ? -errno : 0;
    if (error < 0) {
        close_epoll(&epoll->base, false);
        return error;
    }
    *poller = &epoll->base;
    return 0;
}
