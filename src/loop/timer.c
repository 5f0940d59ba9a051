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

/* The tick at which it is due: the first one that is not early. */
static uint64_t tick_of(const struct brood__timer *timer)
{
    uint64_t round_up = ((uint64_t)1 << BROOD__TICK_BITS) - 1;
    uint64_t when = timer->when < 0 ? 0 : (uint64_t)timer->when;
    return (when + round_up) >> BROOD__TICK_BITS;
}

static void append_to_slot(struct brood__timers *timers, unsigned level, uint64_t tick,
                           struct brood__timer *timer)
{
    unsigned slot = (unsigned)(tick >> (level * BROOD__WHEEL_BITS)) & LEVEL_MASK;
    append(timers, level * BROOD__WHEEL_SLOTS + slot, timer);
    timers->occupied[level] |= (uint64_t)1 << slot;
}

static void place_later(struct brood__timers *timers, uint64_t tick, struct brood__timer *timer)
{
    unsigned highest = 63u - (unsigned)__builtin_clzll(tick ^ timers->tick);
    append_to_slot(timers, highest / BROOD__WHEEL_BITS, tick, timer);
}

void brood__timer_add(struct brood__timers *timers, struct brood__timer *timer, brood_time when)
{
    assert(timer->place == IDLE);
    timer->when = when;
    timers->count++;
    uint64_t tick = tick_of(timer);
    if (tick <= timers->tick)
        append(timers, BROOD__TIMER_DUE, timer);
    else
        place_later(timers, tick, timer);
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

/* Cuts what is in order already off the front of a list; the rest of it. */
static struct brood__timer *cut_run(struct brood__timer *list)
{
    while (list->next != NULL && list->when <= list->next->when)
        list = list->next;
    struct brood__timer *rest = list->next;
    list->next = NULL;
    return rest;
}

/* A stable merge sort, bottom up: bin n holds a sorted list of 2^n runs. */
static struct brood__timer *sort(struct brood__timer *list)
{
    struct brood__timer *bins[MERGE_BINS] = {NULL}, *sorted = NULL;
    unsigned used = 0;
    while (list != NULL) {
        struct brood__timer *run = list;
        list = cut_run(list);
        unsigned bin = 0;
        for (; bins[bin] != NULL; bin++) {
            run = merge(bins[bin], run);
            bins[bin] = NULL;
        }
        bins[bin] = run;
        used = bin >= used ? bin + 1 : used;
    }
    for (unsigned bin = 0; bin < used; bin++)
        sorted = merge(bins[bin], sorted);
    return sorted;
}

/* All that are in a place, as a list that NULL ends; the place is empty then. */
static struct brood__timer *take_all(struct brood__timers *timers, unsigned place)
{
    struct brood__timer *first = timers->places[place];
    timers->places[place] = NULL;
    if (place < BROOD__TIMER_DUE)
        timers->occupied[place / BROOD__WHEEL_SLOTS] &=
            ~((uint64_t)1 << (place % BROOD__WHEEL_SLOTS));
    if (first != NULL)
        first->prev->next = NULL;
    return first;
}

/* A slot of a higher level, whose time has come: over the levels below. */
static void spread(struct brood__timers *timers, unsigned slot)
{
    for (struct brood__timer *timer = take_all(timers, slot), *next; timer != NULL; timer = next) {
        next = timer->next;
        uint64_t tick = tick_of(timer);
        if (tick == timers->tick)
            append_to_slot(timers, 0, tick, timer);
        else
            place_later(timers, tick, timer);
    }
}

/* A slot of the lowest level has few timers, which are in the near caches yet. */
static void move_sorted(struct brood__timers *timers, unsigned from, unsigned to)
{
    for (struct brood__timer *timer = sort(take_all(timers, from)), *next; timer != NULL;
         timer = next) {
        next = timer->next;
        append(timers, to, timer);
    }
}

/* A slot comes before the next one: what it has is in its place for good, unless others were
 * added when they were due already. */
void brood__timers_expire(struct brood__timers *timers, brood_time now)
{
    uint64_t target = (uint64_t)now >> BROOD__TICK_BITS, tick;
    bool mixed = timers->places[BROOD__TIMER_DUE] != NULL;
    unsigned slot;
    while (first_slot(timers, &slot, &tick) && tick <= target) {
        timers->tick = tick;
        if (slot < BROOD__WHEEL_SLOTS)
            move_sorted(timers, slot, mixed ? BROOD__TIMER_DUE : BROOD__TIMER_FIRING);
        else
            spread(timers, slot);
    }
    if (timers->tick < target)
        timers->tick = target;
    if (mixed)
        move_sorted(timers, BROOD__TIMER_DUE, BROOD__TIMER_FIRING);
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
