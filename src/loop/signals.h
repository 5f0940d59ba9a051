/* Signals, for the layers above: who is told that one was delivered. */
#ifndef BROOD_SIGNALS_H
#define BROOD_SIGNALS_H

#include "loop.h"

/* In a loop's list `signals`; the loop's thread runs `call` some time after each
 * delivery, once for any number of them. */
struct brood__signal_watch {
    struct brood__link link;
    brood_loop *loop;
    int signal;
    void (*call)(struct brood__signal_watch *watch);
    atomic_bool deaf; /* for now: deliveries are not told, and not kept either */

    /* signal_posix.c's own. */
    _Atomic(struct brood__signal_watch *) next;
    atomic_bool delivered;
};

/* Fill `signal` and `call` of a zeroed watch first.  EINVAL, or what sigaction says. */
int brood__signal_watch_start(brood_loop *loop, struct brood__signal_watch *watch);

/* As if the signal were delivered now. */
void brood__signal_watch_ring(struct brood__signal_watch *watch);

/* When it returns no handler on any thread looks at the watch any more. */
void brood__signal_watch_stop(struct brood__signal_watch *watch);

/* Whether the system takes the statuses of this process's children, or will as soon as nobody
 * watches SIGCHLD; when in doubt, yes. */
bool brood__children_are_lost(void);

/* Around fork: the table of watches is whole in the child, and then forgotten. */
void brood__signals_before_fork(void);
void brood__signals_after_fork(void);
void brood__signals_forked(void);

#endif
