/* The readiness contract (poller.h) on macOS and the BSDs: one kqueue, which is woken by
 * an event of the user's, or through a pipe where there are none.
 *
 * Input is EVFILT_READ, and both room and a reader that goes are EVFILT_WRITE: with
 * EV_CLEAR while room is no news, since it tells of room once and not for ever, and
 * still of the end.  What the systems make of it otherwise is in docs/kqueue.md. */
#include <errno.h>
#include <unistd.h>

#include "io_bsd.h"
#include "io_posix.h"
#include "list.h"
#include "memory.h"
#include "poller.h"

#define LONGEST_NS  ((brood_time)86400000000000) /* a day: some systems refuse very long waits */
#define WRITE_SIDES ((unsigned)(BROOD__OUT | BROOD__GONE))

struct kqueue {
    struct brood__poller base;
    int fd;
    int wake_pipe[2]; /* -1 where the system has EVFILT_USER */
};

static struct kqueue *kqueue_of(struct brood__poller *poller)
{
    return BROOD__CONTAINER(poller, struct kqueue, base);
}

/* ---- interest ------------------------------------------------------------- */

static int change(const struct kqueue *kqueue, int fd, int filter, unsigned flags, void *udata)
{
    return brood__kevent_change(kqueue->fd, fd, filter, flags, 0, udata);
}

/* A device that has no such filter is always ready, as a file is: FreeBSD says ENODEV of
 * it, macOS EINVAL. */
static int add(const struct kqueue *kqueue, int fd, int filter, unsigned flags, void *udata)
{
    int error = change(kqueue, fd, filter, EV_ADD | flags, udata);
    return error == BROOD_ENODEV || error == BROOD_EINVAL || error == -EOPNOTSUPP ? BROOD_EPERM
                                                                                  : error;
}

/* It may have gone by itself, with the last reader. */
static void forget(const struct kqueue *kqueue, int fd, int filter)
{
    change(kqueue, fd, filter, EV_DELETE, NULL);
}

static int set_reading(const struct kqueue *kqueue, int fd, bool from, bool to, void *udata)
{
    if (from && !to)
        forget(kqueue, fd, EVFILT_READ);
    return to && !from ? add(kqueue, fd, EVFILT_READ, 0, udata) : 0;
}

/* Adding a filter again does not change its EV_CLEAR (FreeBSD): it has to go first.
 * NetBSD says EBADF of a pipe that nobody reads, where the others say EPIPE; that the
 * descriptor is a good one is known from the look at its flags. */
static int set_writing(const struct kqueue *kqueue, int fd, unsigned from, unsigned to, void *udata)
{
    if (from != 0)
        forget(kqueue, fd, EVFILT_WRITE);
    if (to == 0)
        return 0;
    int error = add(kqueue, fd, EVFILT_WRITE, (to & BROOD__OUT) != 0 ? 0 : EV_CLEAR, udata);
    return error == BROOD_EBADF && brood__io_check_open(fd) == 0 ? BROOD_EPIPE : error;
}

static int set(struct brood__poller *poller, int fd, unsigned from, unsigned to, uint64_t cookie)
{
    const struct kqueue *kqueue = kqueue_of(poller);
    void *udata = (void *)(uintptr_t)cookie;
    bool was_reading = (from & BROOD__IN) != 0, reads = (to & BROOD__IN) != 0;
    unsigned wrote = from & WRITE_SIDES, writes = to & WRITE_SIDES;
    bool same = (wrote & BROOD__OUT) == (writes & BROOD__OUT) && wrote != 0 && writes != 0;

    int error = set_reading(kqueue, fd, was_reading, reads, udata);
    if (error == 0 && !same)
        error = set_writing(kqueue, fd, wrote, writes, udata);
    if (error < 0 && error != BROOD_EPIPE) {
        if (was_reading || reads)
            forget(kqueue, fd, EVFILT_READ);
        if (wrote != 0 || writes != 0)
            forget(kqueue, fd, EVFILT_WRITE);
    }
    return error;
}

/* ---- waiting -------------------------------------------------------------- */

/* A wake leaves nothing to be told; how many there were does not matter. */
static void drain(const struct kqueue *kqueue)
{
    char bytes[64];
    while (brood__io_read(kqueue->wake_pipe[0], bytes, sizeof bytes) == (ptrdiff_t)sizeof bytes)
        ;
}

static bool is_wake(const struct kqueue *kqueue, const struct kevent *event)
{
    bool by_pipe = event->filter == EVFILT_READ && kqueue->wake_pipe[0] >= 0 &&
                   event->ident == (uintptr_t)kqueue->wake_pipe[0];
    if (by_pipe)
        drain(kqueue);
#ifdef EVFILT_USER
    return by_pipe || event->filter == EVFILT_USER;
#else
    return by_pipe;
#endif
}

/* What an event says; 0: nothing that was asked for.  A pipe's EVFILT_WRITE ends with its
 * reader (FreeBSD: EV_EOF with EV_ONESHOT): it has to be asked for anew. */
static struct brood__event translate(const struct kevent *event)
{
    bool ended = (event->flags & EV_EOF) != 0;
    struct brood__event found = {.cookie = (uintptr_t)event->udata};
    if ((event->flags & EV_ERROR) != 0)
        found.events = BROOD__IN | WRITE_SIDES;
    else if (event->filter == EVFILT_READ)
        found.events = BROOD__IN;
    else if (event->filter == EVFILT_WRITE && ended)
        found.events = WRITE_SIDES;
    else if (event->filter == EVFILT_WRITE && (event->flags & EV_CLEAR) == 0)
        found.events = BROOD__OUT;
    if (event->filter == EVFILT_WRITE && ended && (event->flags & EV_ONESHOT) != 0)
        found.spent = WRITE_SIDES;
    return found;
}

static int wait_for_events(struct brood__poller *poller, brood_time timeout,
                           struct brood__event *ready, int max)
{
    const struct kqueue *kqueue = kqueue_of(poller);
    struct kevent events[BROOD__EVENTS_PER_WAIT];
    brood_time limited = timeout < LONGEST_NS ? timeout : LONGEST_NS;
    struct timespec span = {.tv_sec = (time_t)(limited / 1000000000),
                            .tv_nsec = (long)(limited % 1000000000)};
    int count =
        brood__kevent_wait(kqueue->fd, events, max, timeout == BROOD_FOREVER ? NULL : &span);
    if (count < 0)
        return count == BROOD_EINTR ? 0 : count;

    int used = 0;
    for (int i = 0; i < count; i++) {
        if (is_wake(kqueue, &events[i]))
            continue;
        ready[used] = translate(&events[i]);
        used += ready[used].events != 0;
    }
    return used;
}

/* ---- being woken ------------------------------------------------------------ */

#ifdef EVFILT_USER
static int open_wake_event(const struct kqueue *kqueue)
{
    return change(kqueue, 0, EVFILT_USER, EV_ADD | EV_CLEAR, NULL);
}

static void trigger(const struct kqueue *kqueue)
{
    brood__kevent_change(kqueue->fd, 0, EVFILT_USER, 0, NOTE_TRIGGER, NULL);
}
#else
static int open_wake_event(const struct kqueue *kqueue)
{
    (void)kqueue;
    return BROOD_EINVAL;
}

static void trigger(const struct kqueue *kqueue)
{
    (void)kqueue;
}
#endif

static int open_wake_pipe(struct kqueue *kqueue)
{
    int error = brood__io_pipe(kqueue->wake_pipe);
    for (int i = 0; i < 2 && error == 0; i++)
        error = brood__io_set_nonblocking(kqueue->wake_pipe[i], true);
    return error < 0 ? error : change(kqueue, kqueue->wake_pipe[0], EVFILT_READ, EV_ADD, NULL);
}

/* Older NetBSDs and OpenBSDs know no EVFILT_USER, whatever they were compiled with. */
static int open_wake(struct kqueue *kqueue)
{
    int error = open_wake_event(kqueue);
    return error == BROOD_EINVAL ? open_wake_pipe(kqueue) : error;
}

static void wake(struct brood__poller *poller)
{
    const struct kqueue *kqueue = kqueue_of(poller);
    if (kqueue->wake_pipe[1] < 0) {
        trigger(kqueue);
        return;
    }
    /* Full: then it is woken already. */
    ssize_t ignored = write(kqueue->wake_pipe[1], "", 1);
    (void)ignored;
}

/* ---- the poller itself -------------------------------------------------------- */

static int descriptor(const struct brood__poller *poller)
{
    return ((const struct kqueue *)poller)->fd;
}

/* No forked child has inherited the kqueue: its number may be another file's there. */
static void close_kqueue(struct brood__poller *poller, bool forked)
{
    struct kqueue *kqueue = kqueue_of(poller);
    brood__io_close(kqueue->wake_pipe[0]);
    brood__io_close(kqueue->wake_pipe[1]);
    if (!forked)
        brood__io_close(kqueue->fd);
    brood__free(kqueue);
}

static const struct brood__poller_table table = {
    .close = close_kqueue,
    .set = set,
    .wait = wait_for_events,
    .wake = wake,
    .descriptor = descriptor,
};

int brood__poller_open(struct brood__poller **poller)
{
    struct kqueue *kqueue = brood__alloc(sizeof *kqueue);
    if (kqueue == NULL)
        return BROOD_ENOMEM;
    *kqueue = (struct kqueue){.base.table = &table, .wake_pipe = {-1, -1}};
    kqueue->fd = brood__io_kqueue();
    int error = kqueue->fd < 0 ? kqueue->fd : open_wake(kqueue);
    if (error < 0) {
        close_kqueue(&kqueue->base, false);
        return error;
    }
    *poller = &kqueue->base;
    return 0;
}
