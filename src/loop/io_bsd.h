/* kqueue, for the poller and for the index of children. */
#ifndef BROOD_IO_BSD_H
#define BROOD_IO_BSD_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <sys/event.h> /* OpenBSD's needs the types above */

/* A kqueue that is none of 0, 1 and 2, or a negative code. */
int brood__io_kqueue(void);

/* kevent for one change, and for events alone: the systems differ in the types of its
 * members and arguments.  0, or how many events, or a negative code. */
int brood__kevent_change(int kq, intptr_t ident, int filter, unsigned flags, unsigned fflags,
                         void *udata);
int brood__kevent_wait(int kq, struct kevent *events, int max, const struct timespec *timeout);

/* macOS: meanwhile no thread is between the birth of a pipe and its close-on-exec. */
void brood__io_hold_pipes(void);
void brood__io_let_pipes_go(void);

#endif
