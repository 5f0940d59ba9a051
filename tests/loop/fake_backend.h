/* A backend without a system under it: a clock that moves only when a wait says
 * so, and waits that do what the test has written down for them. */
#ifndef BROOD_TEST_FAKE_BACKEND_H
#define BROOD_TEST_FAKE_BACKEND_H

#include "backend.h"

enum { FAKE_WAITS = 16, FAKE_OPS = 4 };

/* One wait.  Left at zero: it ends as a real one would, at its time-out or by
 * wake; one that would never end fails with BROOD_EIO. */
struct fake_wait {
    struct brood__op *ripen[FAKE_OPS];
    brood_time takes; /* how long, if it ripens something     */
    int error;        /* its result                           */
    void (*meanwhile)(void *arg);
    void *arg;
};

struct fake_backend {
    struct brood__backend base;
    brood_time clock;
    struct fake_wait script[FAKE_WAITS];
    brood_time timeouts[FAKE_WAITS]; /* as passed to each wait */
    size_t waits;
    unsigned submits, cancels, finishes, wakes, closes;
    unsigned refusals; /* so many of the next finishes answer: not yet after all */
    bool woken, pending;
};

/* The clock begins at a second. */
void fake_backend_init(struct fake_backend *fake);

#endif
