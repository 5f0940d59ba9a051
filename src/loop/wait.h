/* Waiting.  Every public function with a deadline waits here, in one of three places:
 *   in a task: only the task is suspended, and the loop goes on;
 *   outside any task, with the loop at rest: the loop is driven from here;
 *   in a callback: BROOD_EWAIT.
 *
 * What is waited for is a condition of the caller's, looked at again after each
 * waking:
 *
 *     struct brood__wait wait;
 *     brood__wait_begin(&wait, loop, deadline, "brood_reader_read");
 *     while (!condition)
 *         if ((error = brood__wait_for(&wait, &object->waiters)) < 0)
 *             return error;
 *
 * After an error the object may be gone: its end wakes everybody with an error. */
#ifndef BROOD_WAIT_H
#define BROOD_WAIT_H

#include "brood.h"
#include "list.h"
#include "loop.h"

struct brood__wait {
    struct brood__link link; /* among those who wait for the same */
    brood_loop *loop;
    brood_time deadline;
    const char *what; /* the public function that waits, for the report of leftovers */

    brood_task *task;          /* NULL: outside any task                              */
    struct brood__timer timer; /* in a task: the deadline; or, once it has passed ... */
    struct brood__post look;   /* ... the end of the one round that may still look    */
    uint64_t polls;            /* the loop's when it began to look                          */
    int result;
    bool over;   /* the result stands; the link stays until the waiter goes on */
    bool looked; /* the deadline had passed before, and one look was allowed   */
};

void brood__wait_begin(struct brood__wait *wait, brood_loop *loop, brood_time deadline,
                       const char *what);

/* Whether one may wait here: 0, EWAIT, EFORK.  For what must not begin in vain. */
int brood__wait_check(const brood_loop *loop);

/* Until somebody wakes `waiters`: 0 or the error that came with it; BROOD_ETIMEDOUT,
 * BROOD_ECANCELED, BROOD_EWAIT, BROOD_EFORK. */
int brood__wait_for(struct brood__wait *wait, struct brood__link *waiters);

/* The same by driving the loop whatever the place; BROOD_EBUSY when it runs already. */
int brood__wait_outside(struct brood__wait *wait, struct brood__link *waiters);

/* Everybody in the list goes on and looks again (0), or gets an error. */
void brood__wake_all(struct brood__link *waiters, int result);

/* What is waited for ends: also those who were woken already and have not gone on
 * yet get the error, and the list is not touched any more. */
void brood__wake_for_good(struct brood__link *waiters, int error);

/* One of them, if it still waits. */
void brood__wake(struct brood__wait *wait, int result);

#endif
