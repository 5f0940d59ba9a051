/* The readiness contract: what the reactor asks of epoll or kqueue.  Level-
 * triggered: an event that was not acted upon comes again. */
#ifndef BROOD_POLLER_H
#define BROOD_POLLER_H

#include <stdint.h>

#include "brood.h"

/* Interest, and events: what would not block, or that the reader of the other
 * end has gone.  An end or an error is reported as every one of them. */
enum { BROOD__IN = 1, BROOD__OUT = 2, BROOD__GONE = 4 };

struct brood__event {
    uint64_t cookie;
    unsigned events;
};

struct brood__poller {
    const struct brood__poller_table *table;
};

struct brood__poller_table {
    void (*close)(struct brood__poller *poller);

    /* Change what is asked about fd; from 0: begin, to 0: forget it. */
    int (*set)(struct brood__poller *poller, int fd, unsigned from, unsigned to, uint64_t cookie);

    /* How many events were put into `events`; being woken or interrupted is none. */
    int (*wait)(struct brood__poller *poller, brood_time timeout, struct brood__event *events,
                int max);

    /* Any thread, and signal handlers. */
    void (*wake)(struct brood__poller *poller);

    int (*descriptor)(const struct brood__poller *poller);
};

/* The platform's own, chosen when linking. */
int brood__poller_open(struct brood__poller **poller);

#endif
