/* The readiness contract: what the reactor asks of epoll or kqueue.  Level-
 * triggered: an event that was not acted upon comes again. */
#ifndef BROOD_POLLER_H
#define BROOD_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "brood.h"

/* Interest, and events: what would not block, or that the reader of the other
 * end has gone.  An end or an error is reported as what was asked for, at least. */
enum { BROOD__IN = 1, BROOD__OUT = 2, BROOD__GONE = 4 };

struct brood__event {
    uint64_t cookie;
    unsigned events;
    unsigned spent; /* interests that the system has forgotten with this event */
};

enum { BROOD__EVENTS_PER_WAIT = 128 };

struct brood__poller {
    const struct brood__poller_table *table;
};

struct brood__poller_table {
    /* forked: in a child of the process that opened it, which goes on using it. */
    void (*close)(struct brood__poller *poller, bool forked);

    /* Change what is asked about fd; from 0: begin, to 0: forget it.  There is one channel
     * for a descriptor; its cookie fits into a pointer, and stays the same in between.
     * EPERM: it cannot be polled, as it is always ready.  EPIPE: nobody reads the other
     * end any more, so that BROOD__OUT and BROOD__GONE have come, and are not asked about;
     * BROOD__IN is.  After another error nothing is. */
    int (*set)(struct brood__poller *poller, int fd, unsigned from, unsigned to, uint64_t cookie);

    /* How many events were put into `events`, at most `max`, which is no more than
     * BROOD__EVENTS_PER_WAIT; being woken or interrupted is none. */
    int (*wait)(struct brood__poller *poller, brood_time timeout, struct brood__event *events,
                int max);

    /* Any thread, and signal handlers. */
    void (*wake)(struct brood__poller *poller);

    int (*descriptor)(const struct brood__poller *poller);
};

/* The platform's own, chosen when linking. */
int brood__poller_open(struct brood__poller **poller);

#endif
