/* The completion contract: what the loop asks of a backend.
 *
 * Windows' completion port fulfils it as it stands; on Unix the reactor does, on
 * top of the readiness contract (poller.h).  A backend calls nothing upwards: it
 * never runs a completion function, never allocates in submit, cancel, wait,
 * finish or wake, and never ends the program over what a system call says. */
#ifndef BROOD_BACKEND_H
#define BROOD_BACKEND_H

#include "brood.h"
#include "op.h"

/* How many parts try_write takes at once; it writes the first ones of more. */
enum { BROOD__TRY_PARTS = 16 };

struct brood__backend {
    const struct brood__backend_table *table;
};

struct brood__backend_table {
    const char *name;

    /* It writes only from memory that stays where it is until the write has completed:
     * try_write always answers EAGAIN, and nothing can be polled but POLL_GONE. */
    bool completes;

    /* Everything has been detached or abandoned. */
    void (*close)(struct brood__backend *backend);

    /* Make a handle known; ENOMEM.  It stays the caller's to close, after detach
     * and with nothing in flight. */
    int (*attach)(struct brood__backend *backend, struct brood__channel *channel, intptr_t handle);
    void (*detach)(struct brood__backend *backend, struct brood__channel *channel);

    /* Detach with operations in flight, which never complete: for the end of a
     * loop alone.  When it returns, their memory may be freed. */
    void (*abandon)(struct brood__backend *backend, struct brood__channel *channel);

    /* Start an idle operation.  Cannot fail and completes nothing: a failure is a
     * completion with a negative result.  A poll is armed here and now, so that
     * its failure can be seen at once (state SETTLED), and disarmed by cancel: its
     * descriptor may be closed right after that. */
    void (*submit)(struct brood__backend *backend, struct brood__channel *channel,
                   struct brood__op *op);

    /* A request: the operation still completes exactly once, as BROOD_ECANCELED
     * or with its real result.  On an idle one that has been in flight it only
     * disarms: a poll's descriptor may be closed after it, whatever the state. */
    void (*cancel)(struct brood__backend *backend, struct brood__op *op);

    /* Wait for `timeout` nanoseconds at most (BROOD_FOREVER: for ever) and append
     * the operations that can be finished to `ripe`.  Every one of them must be
     * given to finish before the next wait. */
    int (*wait)(struct brood__backend *backend, brood_time timeout, struct brood__op_list *ripe);

    /* Carry out a ripe operation right before its completion function is called:
     * one scratch buffer then serves all reads, and a read that was cancelled in
     * the meantime has taken no byte.  The span is what prepare gave, and then what a
     * read has filled.  false: not yet after all; it stays in flight.  A read that repeats
     * may be in flight again, its result above 0 being that of the one before. */
    bool (*finish)(struct brood__backend *backend, struct brood__op *op, struct brood__span *span);

    /* Without waiting, and beside an operation in flight: bytes, BROOD_EAGAIN, or
     * another error; 0 from try_read is the end.  A backend that cannot answers EAGAIN.
     * try_read with NULL as *data reads into memory of the backend's, at *data then,
     * until the next call of the backend. */
    ptrdiff_t (*try_read)(struct brood__backend *backend, struct brood__channel *channel,
                          void **data, size_t len);
    ptrdiff_t (*try_write)(struct brood__backend *backend, struct brood__channel *channel,
                           const brood_slice *parts, size_t count);

    /* End the present or the next wait.  The one function that another thread or
     * a signal handler may call. */
    void (*wake)(struct brood__backend *backend);

    brood_time (*now)(struct brood__backend *backend);

    /* What brood_loop_fd gives; -1: nothing. */
    intptr_t (*descriptor)(const struct brood__backend *backend);

    /* Whether the next wait has something to do before it waits. */
    bool (*pending)(const struct brood__backend *backend);
};

/* The platform's own, chosen when linking. */
int brood__backend_open(struct brood__backend **backend);

#endif
