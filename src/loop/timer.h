/* Timers: a hierarchical wheel.  Adding and cancelling cost the same few
 * instructions among ten timers and among a million; a cancelled one leaves
 * nothing behind.  A timer is embedded in its owner.
 *
 * Time is counted in ticks of 65.5 microseconds, and a deadline is rounded up to
 * one: a timer is never early, and at most a tick late.  Those that are due
 * together run in the order of their exact times, equal ones in the order in
 * which they were added. */
#ifndef BROOD_TIMER_H
#define BROOD_TIMER_H

#include "brood.h"

enum {
    BROOD__TICK_BITS = 16,
    BROOD__WHEEL_BITS = 6, /* 64 slots a level, one bit of a word for each */
    BROOD__WHEEL_SLOTS = 1 << BROOD__WHEEL_BITS,
    BROOD__WHEEL_LEVELS = 8, /* 16 + 8 * 6 bits hold any brood_time */

    /* Where a timer is: a slot of the wheel, or one of the two lists. */
    BROOD__TIMER_DUE = BROOD__WHEEL_LEVELS * BROOD__WHEEL_SLOTS, /* added when it was so    */
    BROOD__TIMER_FIRING,                                         /* in the present round   */
    BROOD__TIMER_PLACES,
};

struct brood__timer {
    struct brood__timer *prev, *next; /* circular */
    brood_time when;
    void (*fire)(struct brood__timer *timer); /* the owner's, called by the loop */
    uint16_t place; /* 0: idle; else one more than an index into `places` */
};

struct brood__timers {
    uint64_t tick; /* everything up to it has been taken out of the wheel */
    uint64_t occupied[BROOD__WHEEL_LEVELS];
    struct brood__timer *places[BROOD__TIMER_PLACES]; /* the first one of each */
    size_t count;
};

/* `now` is the first moment that the wheel knows. */
void brood__timers_init(struct brood__timers *timers, brood_time now);

/* The timer must be idle. */
void brood__timer_add(struct brood__timers *timers, struct brood__timer *timer, brood_time when);

/* Harmless on an idle timer. */
void brood__timer_cancel(struct brood__timers *timers, struct brood__timer *timer);

/* Sets aside all timers that are due at `now`; take then gives them one by one,
 * idle again, NULL at the end.  One cancelled in between is not given, one added
 * in between waits for the next expire. */
void brood__timers_expire(struct brood__timers *timers, brood_time now);
struct brood__timer *brood__timers_take(struct brood__timers *timers);

/* Any timer, idle again, whatever its time; NULL when there is none. */
struct brood__timer *brood__timers_drain(struct brood__timers *timers);

/* When to call expire at the latest: not after the first timer's tick, but
 * perhaps before it.  BROOD_NOWAIT: some are due; BROOD_FOREVER: there are none. */
brood_time brood__timers_next(const struct brood__timers *timers);

#endif
