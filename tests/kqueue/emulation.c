/* kqueue on Linux, so that src/backend_kqueue and what else uses it can be run here: an
 * emulation, made after what was observed of FreeBSD 12.1 and no proof of how any BSD or
 * macOS behaves.  EVFILT_READ, _WRITE, _PROC and _USER; EV_ADD, _DELETE, _CLEAR,
 * _ONESHOT, _RECEIPT.
 *
 * A kqueue is an epoll set that holds the read filters, user events (an eventfd) and
 * processes (a pidfd each), and a second set for the write filters: epoll knows a
 * descriptor once in a set.  In what a kqueue differs from epoll it is made to look so:
 * it goes with fork and with the close of a descriptor, for which the tests' calls of close
 * lead here (the linker's --wrap).  What it does not do: tell of room in a full pipe after
 * 512 bytes were read, as Linux' own pipes take nothing then; forget a descriptor over
 * which another one is put by dup2. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emulation.h"
#include "emulation_queue.h"

struct emulated_manners emulated_manners;

static struct queue *queues;
static int internal_descriptors;
static pid_t owner; /* a child of vfork must not touch what is its parent's */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int __real_close(int fd);
int __wrap_close(int fd);

/* ---- one at a time ------------------------------------------------------------------- */

void emulated_enter(sigset_t *mask)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, mask);
    pthread_mutex_lock(&lock);
}

void emulated_leave(const sigset_t *mask)
{
    int error = errno;
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, mask, NULL);
    errno = error;
}

/* The standard numbers are the host's, as nobody else would take them. */
int emulated_keep(int fd)
{
    if (fd >= 0 && fd <= 2) {
        int clear = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
        __real_close(fd);
        fd = clear;
    }
    internal_descriptors += fd >= 0;
    return fd;
}

void emulated_give_back(int fd)
{
    if (fd < 0)
        return;
    __real_close(fd);
    internal_descriptors--;
}

/* ---- queues -------------------------------------------------------------------------- */

struct queue **emulated_find(int fd)
{
    struct queue **place = &queues;
    while (*place != NULL && (*place)->fd != fd)
        place = &(*place)->next;
    return place;
}

void emulated_drop(struct queue *queue, struct knote **place)
{
    struct knote *knote = *place;
    int filter = knote->event.filter;
    *place = knote->next;
    epoll_ctl(filter == EVFILT_WRITE ? queue->writes : queue->fd, EPOLL_CTL_DEL, knote->fd, NULL);
    if (filter == EVFILT_USER || filter == EVFILT_PROC)
        emulated_give_back(knote->fd);
    free(knote);
}

static void drop_queue(struct queue **place)
{
    struct queue *queue = *place;
    while (queue->knotes != NULL)
        emulated_drop(queue, &queue->knotes);
    *place = queue->next;
    emulated_give_back(queue->writes);
    __real_close(queue->fd);
    free(queue);
}

static sigset_t mask_at_fork;

static void before_fork(void)
{
    sigset_t mask;
    emulated_enter(&mask);
    mask_at_fork = mask;
}

static void after_fork(void)
{
    emulated_leave(&mask_at_fork);
}

/* A kqueue is not inherited.  Nothing is taken out of the sets, which are the parent's. */
static void in_forked_child(void)
{
    owner = getpid();
    while (queues != NULL) {
        struct queue *queue = queues;
        while (queue->knotes != NULL) {
            struct knote *knote = queue->knotes;
            if (knote->event.filter == EVFILT_USER || knote->event.filter == EVFILT_PROC)
                emulated_give_back(knote->fd);
            queue->knotes = knote->next;
            free(knote);
        }
        queues = queue->next;
        emulated_give_back(queue->writes);
        __real_close(queue->fd);
        free(queue);
    }
    emulated_leave(&mask_at_fork);
}

static void begin(void)
{
    const char *manners = getenv("BROOD_TEST_KQUEUE");
    bool others = manners != NULL && strcmp(manners, "others") == 0;
    emulated_manners.no_user_events = emulated_manners.zombies_are_unknown = others;
    emulated_manners.gone_stays = others;
    owner = getpid();
    pthread_atfork(before_fork, after_fork, in_forked_child);
}

static struct queue *make_queue(void)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->fd = epoll_create1(EPOLL_CLOEXEC);
    queue->writes = queue->fd < 0 ? -1 : emulated_keep(epoll_create1(EPOLL_CLOEXEC));
    struct epoll_event event = {.events = EPOLLIN}; /* data: no knote */
    if (queue->writes >= 0 && epoll_ctl(queue->fd, EPOLL_CTL_ADD, queue->writes, &event) == 0)
        return queue;
    emulated_give_back(queue->writes);
    if (queue->fd >= 0)
        __real_close(queue->fd);
    free(queue);
    return NULL;
}

int kqueue(void)
{
    sigset_t mask;
    pthread_once(&once, begin);
    emulated_enter(&mask);
    struct queue *queue = make_queue();
    if (queue != NULL) {
        queue->next = queues;
        queues = queue;
    }
    emulated_leave(&mask);
    return queue == NULL ? -1 : queue->fd;
}

int emulated_descriptors(void)
{
    return internal_descriptors;
}

/* The close of a descriptor ends its registrations, whatever duplicates it has. */
static void forget_descriptor(int fd)
{
    for (struct queue *queue = queues; queue != NULL; queue = queue->next) {
        struct knote **place = &queue->knotes;
        while (*place != NULL) {
            int filter = (*place)->event.filter;
            if ((filter == EVFILT_READ || filter == EVFILT_WRITE) && (*place)->fd == fd)
                emulated_drop(queue, place);
            else
                place = &(*place)->next;
        }
    }
}

int __wrap_close(int fd)
{
    sigset_t mask;
    if (queues == NULL || getpid() != owner)
        return __real_close(fd);
    emulated_enter(&mask);
    forget_descriptor(fd);
    struct queue **place = emulated_find(fd);
    int result = 0;
    if (*place != NULL)
        drop_queue(place);
    else
        result = __real_close(fd);
    emulated_leave(&mask);
    return result;
}
