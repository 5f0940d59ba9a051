/* The hierarchical timer wheel.
 *
 * Level 0 has a slot for each of the next 64 ticks, level 1 one for each 64 of
 * those, and so on: a timer lies on the level of the highest group of 6 bits in
 * which its tick differs from the present one.  When time reaches a slot of a
 * higher level, its timers are spread over the levels below. */
#include "timer.h"

#include <assert.h>

enum { IDLE = 0, LEVEL_MASK = BROOD__WHEEL_SLOTS - 1, MERGE_BINS = 48 };

void brood__timers_init(struct brood__timers *timers, brood_time now)
{
    *timers = (struct brood__timers){.tick = (uint64_t)now >> BROOD__TICK_BITS};
}

/* ---- places ------------------------------------------------------------- */

static void append(struct brood__timers *timers, unsigned place, struct brood__timer *timer)
{
    struct brood__timer *first = timers->places[place];
    if (first == NULL) {
        timers->places[place] = timer->prev = timer->next = timer;
    } else {
        timer->prev = first->prev;
        timer->next = first;
        first->prev->next = timer;
        first->prev = timer;
    }
    timer->place = (uint16_t)(place + 1);
}

/* Returns whether the place is empty now. */
static bool unlink_from(struct brood__timers *timers, unsigned place, struct brood__timer *timer)
{
    timer->place = IDLE;
    if (timer->next == timer) {
        timers->places[place] = NULL;
        return true;
    }
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    if (timers->places[place] == timer)
        timers->places[place] = timer->next;
    return false;
}

static void place(struct brood__timers *timers, struct brood__timer *timer)
{
    uint64_t round_up = ((uint64_t)1 << BROOD__TICK_BITS) - 1;
    uint64_t when = timer->when < 0 ? 0 : (uint64_t)timer->when;
    uint64_t tick = (when + round_up) >> BROOD__TICK_BITS;
    if (tick <= timers->tick) {
        append(timers, BROOD__TIMER_DUE, timer);
        return;
    }
    unsigned highest = 63u - (unsigned)__builtin_clzll(tick ^ timers->tick);
    unsigned level = highest / BROOD__WHEEL_BITS;
    unsigned slot = (unsigned)(tick >> (level * BROOD__WHEEL_BITS)) & LEVEL_MASK;
    append(timers, level * BROOD__WHEEL_SLOTS + slot, timer);
    timers->occupied[level] |= (uint64_t)1 << slot;
}

void brood__timer_add(struct brood__timers *timers, struct brood__timer *timer, brood_time when)
{
    assert(timer->place == IDLE);
    timer->when = when;
    timers->count++;
    place(timers, timer);
}

void brood__timer_cancel(struct brood__timers *timers, struct brood__timer *timer)
{
    if (timer->place == IDLE)
        return;
    unsigned where = timer->place - 1u;
    timers->count--;
    if (unlink_from(timers, where, timer) && where < BROOD__TIMER_DUE)
        timers->occupied[where / BROOD__WHEEL_SLOTS] &=
            ~((uint64_t)1 << (where % BROOD__WHEEL_SLOTS));
}

/* ---- time goes on ------------------------------------------------------- */

/* The first occupied slot, and the tick at which it begins.  The lowest occupied
 * level has it: its slots all lie within one slot of the next level. */
static bool first_slot(const struct brood__timers *timers, unsigned *place, uint64_t *tick)
{
    for (unsigned level = 0; level < BROOD__WHEEL_LEVELS; level++) {
        if (timers->occupied[level] == 0)
            continue;
        unsigned slot = (unsigned)__builtin_ctzll(timers->occupied[level]);
        unsigned shift = level * BROOD__WHEEL_BITS;
        uint64_t above = shift + BROOD__WHEEL_BITS >= 64
                             ? 0
                             : timers->tick >> (shift + BROOD__WHEEL_BITS)
                                                   << (shift + BROOD__WHEEL_BITS);
        *place = level * BROOD__WHEEL_SLOTS + slot;
        *tick = above | (uint64_t)slot << shift;
        return true;
    }
    return false;
}

/* Takes a whole slot out of the wheel and places its timers anew, in order. */
static void spread(struct brood__timers *timers, unsigned slot)
{
    struct brood__timer *first = timers->places[slot];
    timers->places[slot] = NULL;
    timers->occupied[slot / BROOD__WHEEL_SLOTS] &= ~((uint64_t)1 << (slot % BROOD__WHEEL_SLOTS));
    first->prev->next = NULL;
    for (struct brood__timer *timer = first, *next; timer != NULL; timer = next) {
        next = timer->next;
        place(timers, timer);
    }
}

/* Merge two lists (ended by NULL), of equal times those of `a` first. */
static struct brood__timer *merge(struct brood__timer *a, struct brood__timer *b)
{
    struct brood__timer *first = NULL, **end = &first;
    while (a != NULL && b != NULL) {
        struct brood__timer **smaller = a->when <= b->when ? &a : &b;
        *end = *smaller;
        end = &(*end)->next;
        *smaller = *end;
    }
    *end = a != NULL ? a : b;
    return first;
}

/* A stable merge sort, bottom up: bin n holds a sorted list of 2^n timers. */
static struct brood__timer *sort(struct brood__timer *list)
{
    struct brood__timer *bins[MERGE_BINS] = {NULL};
    while (list != NULL) {
        struct brood__timer *run = list;
        list = list->next;
        run->next = NULL;
        unsigned bin = 0;
        for (; bins[bin] != NULL; bin++) {
            run = merge(bins[bin], run);
            bins[bin] = NULL;
        }
        bins[bin] = run;
    }
    struct brood__timer *sorted = NULL;
    for (unsigned bin = 0; bin < MERGE_BINS; bin++)
        sorted = merge(bins[bin], sorted);
    return sorted;
}

void brood__timers_expire(struct brood__timers *timers, brood_time now)
{
    uint64_t target = (uint64_t)now >> BROOD__TICK_BITS, tick;
    unsigned slot;
    if (timers->count == 0) {
        timers->tick = timers->tick < target ? target : timers->tick;
        return;
    }
    while (first_slot(timers, &slot, &tick) && tick <= target) {
        timers->tick = tick;
        spread(timers, slot);
    }
    if (timers->tick < target)
        timers->tick = target;

    struct brood__timer *due = timers->places[BROOD__TIMER_DUE];
    if (due == NULL)
        return;
    timers->places[BROOD__TIMER_DUE] = NULL;
    due->prev->next = NULL;
    for (struct brood__timer *timer = sort(due), *next; timer != NULL; timer = next) {
        next = timer->next;
        append(timers, BROOD__TIMER_FIRING, timer);
    }
}

struct brood__timer *brood__timers_take(struct brood__timers *timers)
{
    struct brood__timer *timer = timers->places[BROOD__TIMER_FIRING];
    if (timer != NULL)
        brood__timer_cancel(timers, timer);
    return timer;
}

struct brood__timer *brood__timers_drain(struct brood__timers *timers)
{
    struct brood__timer *timer = NULL;
    for (unsigned place = 0; place < BROOD__TIMER_PLACES && timer == NULL; place++)
        timer = timers->places[place];
    if (timer != NULL)
        brood__timer_cancel(timers, timer);
    return timer;
}

brood_time brood__timers_next(const struct brood__timers *timers)
{
    unsigned slot;
    uint64_t tick;
    if (timers->count == 0)
        return BROOD_FOREVER;
    if (timers->places[BROOD__TIMER_DUE] != NULL || timers->places[BROOD__TIMER_FIRING] != NULL)
        return BROOD_NOWAIT;
    if (!first_slot(timers, &slot, &tick) || tick >= (uint64_t)BROOD_FOREVER >> BROOD__TICK_BITS)
        return BROOD_FOREVER;
    return (brood_time)(tick << BROOD__TICK_BITS);
}
