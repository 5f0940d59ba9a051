/* What the two halves of the emulation share: emulation.c has the queues, how they end with
 * close and fork, and one lock for all; emulation_kevent.c has changes and events. */
#ifndef BROOD_TEST_EMULATION_QUEUE_H
#define BROOD_TEST_EMULATION_QUEUE_H

#include <signal.h>
#include <sys/event.h>

/* One registration. */
struct knote {
    struct knote *next;
    struct kevent event;
    int fd; /* what stands for it in the set: a descriptor, an eventfd, a pidfd */
};

struct queue {
    struct queue *next;
    int fd;     /* the kqueue itself: an epoll set */
    int writes; /* another one inside it           */
    struct knote *knotes;
};

/* All that follows is to be called in between.  A signal handler may call kevent, as it may
 * call the kernel: so all signals wait. */
void emulated_enter(sigset_t *mask);
void emulated_leave(const sigset_t *mask);

/* A descriptor of the emulation's own, moved out of the way of the host's; and its end. */
int emulated_keep(int fd);
void emulated_give_back(int fd);

/* Where the queue stands in the list; *place is NULL if there is none. */
struct queue **emulated_find(int fd);

/* Ends a registration. */
void emulated_drop(struct queue *queue, struct knote **place);

#endif
