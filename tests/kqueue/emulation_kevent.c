/* kevent of the emulated kqueue: changes, and what became of them. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulation.h"
#include "emulation_queue.h"

enum { BATCH = 256 };

unsigned emulated_unknown;

/* ---- changes: each is 0 or an errno ---------------------------------------------------- */

static struct knote **find_knote(struct queue *queue, const struct kevent *change)
{
    struct knote **place = &queue->knotes;
    while (*place != NULL &&
           ((*place)->event.ident != change->ident || (*place)->event.filter != change->filter))
        place = &(*place)->next;
    return place;
}

static bool is_pipe(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* A pipe whose reader has gone is refused; and a device without the filter. */
static int check_descriptor(int fd, int filter)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return errno;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return EINVAL; /* not emulated */
    struct pollfd poll_out = {.fd = fd, .events = POLLOUT};
    if (filter == EVFILT_WRITE && S_ISFIFO(status.st_mode) && poll(&poll_out, 1, 0) == 1 &&
        (poll_out.revents & POLLERR) != 0)
        return emulated_manners.gone_is_ebadf ? EBADF : EPIPE;
    return 0;
}

/* A descriptor for the process.  One that has ended and was reaped has none. */
static int open_process(pid_t pid, int *fd)
{
    siginfo_t info = {0};
    bool zombie =
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
    if (zombie && emulated_manners.zombies_are_unknown) {
        emulated_unknown++;
        return ESRCH;
    }
    *fd = emulated_manners.exit_comes_early ? eventfd(1, EFD_CLOEXEC)
                                            : (int)syscall(SYS_pidfd_open, pid, 0u);
    return *fd < 0 ? errno : 0;
}

/* What stands for the change in a set. */
static int open_source(const struct kevent *change, int *fd)
{
    int error;
    switch (change->filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
        *fd = (int)change->ident;
        return check_descriptor(*fd, change->filter);
    case EVFILT_PROC:
        error = open_process((pid_t)change->ident, fd);
        break;
    case EVFILT_USER:
        if (emulated_manners.no_user_events)
            return EINVAL;
        *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        error = *fd < 0 ? errno : 0;
        break;
    default:
        return EINVAL;
    }
    if (error == 0)
        *fd = emulated_keep(*fd);
    return error;
}

static int arm(struct queue *queue, struct knote *knote)
{
    bool writes = knote->event.filter == EVFILT_WRITE;
    struct epoll_event wanted = {
        .events = (writes ? EPOLLOUT : EPOLLIN | EPOLLRDHUP) |
                  ((knote->event.flags & EV_CLEAR) != 0 ? EPOLLET : 0u),
        .data.ptr = knote,
    };
    if (epoll_ctl(writes ? queue->writes : queue->fd, EPOLL_CTL_ADD, knote->fd, &wanted) == 0)
        return 0;
    return errno == EPERM ? ENODEV : errno;
}

static int add_knote(struct queue *queue, const struct kevent *change)
{
    struct knote *knote = calloc(1, sizeof *knote);
    if (knote == NULL)
        return ENOMEM;
    knote->event = *change;
    knote->event.flags &= EV_CLEAR | EV_ONESHOT;
    int error = open_source(change, &knote->fd);
    if (error != 0) {
        free(knote);
        return error;
    }
    knote->next = queue->knotes;
    queue->knotes = knote;
    error = arm(queue, knote);
    if (error != 0)
        emulated_drop(queue, &queue->knotes);
    return error;
}

/* Adding again changes what belongs to it, but not its flags. */
static int change_knote(struct knote *knote, const struct kevent *change)
{
    if ((change->flags & EV_ADD) != 0) {
        knote->event.udata = change->udata;
        knote->event.fflags = change->fflags;
    }
    if (change->filter == EVFILT_USER && (change->fflags & NOTE_TRIGGER) != 0 &&
        eventfd_write(knote->fd, 1) < 0)
        return errno;
    return 0;
}

static int apply(struct queue *queue, const struct kevent *change)
{
    struct knote **place = find_knote(queue, change);
    if ((change->flags & EV_DELETE) != 0) {
        if (*place == NULL)
            return ENOENT;
        emulated_drop(queue, place);
        return 0;
    }
    if (*place != NULL)
        return change_knote(*place, change);
    return (change->flags & EV_ADD) != 0 ? add_knote(queue, change) : ENOENT;
}

/* ---- events -------------------------------------------------------------------------- */

/* The kernel's pidfd_info, the first 64 bytes (Linux 6.15). */
struct pidfd_info {
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};
#define PIDFD_GET_INFO  _IOWR(0xFF, 11, struct pidfd_info)
#define PIDFD_INFO_EXIT ((uint64_t)1 << 3)

/* The status as wait has it, also after somebody has reaped the process, which kqueue
 * knows on every system; here the kernel has to be new enough. */
static int64_t status_of(int pidfd)
{
    siginfo_t info = {0};
    struct pidfd_info late = {.mask = PIDFD_INFO_EXIT};
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        return info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
    if (ioctl(pidfd, PIDFD_GET_INFO, &late) == 0 && (late.mask & PIDFD_INFO_EXIT) != 0)
        return late.exit_code;
    return 0;
}

static void describe_read(struct kevent *event, int fd, uint32_t found)
{
    int waiting = 0;
    ioctl(fd, FIONREAD, &waiting); /* a kqueue in it: as many as are not told */
    event->data = waiting;
    if ((found & (EPOLLHUP | EPOLLRDHUP)) != 0)
        event->flags |= EV_EOF;
}

/* A pipe's registration ends with its reader. */
static bool describe_write(struct kevent *event, int fd, uint32_t found)
{
    bool ended = (found & (EPOLLERR | EPOLLHUP)) != 0;
    if (ended)
        event->flags |= is_pipe(fd) && !emulated_manners.gone_stays ? EV_EOF | EV_ONESHOT : EV_EOF;
    return (event->flags & EV_ONESHOT) != 0;
}

/* Fills the event; whether the registration ends with it. */
static bool describe(const struct knote *knote, uint32_t found, struct kevent *event)
{
    *event = knote->event;
    switch (event->filter) {
    case EVFILT_READ:
        describe_read(event, knote->fd, found);
        return (event->flags & EV_ONESHOT) != 0;
    case EVFILT_WRITE:
        return describe_write(event, knote->fd, found);
    case EVFILT_PROC:
        event->flags |= EV_EOF | EV_ONESHOT;
        event->data = 0;
#ifdef NOTE_EXITSTATUS
        event->fflags = knote->event.fflags & (NOTE_EXIT | NOTE_EXITSTATUS);
        if ((event->fflags & NOTE_EXITSTATUS) != 0)
            event->data = status_of(knote->fd);
#else
        event->fflags = NOTE_EXIT;
        event->data = status_of(knote->fd);
#endif
        return true;
    default: {
        eventfd_t count;
        eventfd_read(knote->fd, &count);
        event->fflags = 0;
        return (event->flags & EV_ONESHOT) != 0;
    }
    }
}

static void end_knote(struct queue *queue, const struct knote *knote)
{
    struct knote **place = &queue->knotes;
    while (*place != knote)
        place = &(*place)->next;
    emulated_drop(queue, place);
}

static int collect_from(struct queue *queue, int set, struct kevent *events, int max)
{
    struct epoll_event found[BATCH];
    int count = max <= 0 ? 0 : epoll_wait(set, found, max < BATCH ? max : BATCH, 0), used = 0;
    bool inner = false;
    for (int i = 0; i < count; i++) {
        struct knote *knote = found[i].data.ptr;
        if (knote == NULL)
            inner = true;
        else if (describe(knote, found[i].events, &events[used++]))
            end_knote(queue, knote);
    }
    return inner ? used + collect_from(queue, queue->writes, events + used, max - used) : used;
}

/* The set is only looked at: what is in it is collected under the lock. */
static int sleep_on(int fd, const struct timespec *timeout)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return ppoll(&wanted, 1, timeout, NULL) < 0 ? -1 : 0;
}

static int64_t nanoseconds_of(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return nanoseconds_of(now);
}

/* Until there are events, or the time is over. */
static int wait_for_events(struct queue *queue, struct kevent *events, int max,
                           const struct timespec *timeout)
{
    sigset_t mask;
    int count = 0;
    int64_t left = timeout == NULL ? 0 : nanoseconds_of(*timeout), end = clock_now() + left;
    do {
        struct timespec span = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (sleep_on(queue->fd, timeout == NULL ? NULL : &span) < 0)
            return -1;
        emulated_enter(&mask);
        count = collect_from(queue, queue->fd, events, max);
        emulated_leave(&mask);
        left = timeout == NULL ? 1 : end - clock_now();
    } while (count == 0 && left > 0);
    return count;
}

/* Changes that fail, and receipts; -1 without room for them. */
static int change_all(struct queue *queue, const struct kevent *changes, int count,
                      struct kevent *events, int max)
{
    int told = 0;
    for (int i = 0; i < count; i++) {
        int error = apply(queue, &changes[i]);
        if (error == 0 && (changes[i].flags & EV_RECEIPT) == 0)
            continue;
        if (told == max) {
            errno = error;
            if (error != 0)
                return -1;
            continue;
        }
        events[told] = changes[i];
        events[told].flags |= EV_ERROR;
        events[told++].data = error;
    }
    return told;
}

int kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *timeout)
{
    sigset_t mask;
    emulated_enter(&mask);
    struct queue *queue = *emulated_find(kq);
    errno = EBADF;
    int told = queue == NULL ? -1 : change_all(queue, changes, change_count, events, event_count);
    emulated_leave(&mask);
    if (told != 0 || event_count == 0)
        return told;
    return wait_for_events(queue, events, event_count, timeout);
}
