/* Timers: a million started, nine tenths of them cancelled, the rest called. */
#include "timers.h"

#include <brood.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

const char bench_about[] =
    "Starts timers, cancels nine of ten, and waits for the others; what one start, cancellation\n"
    "or call costs in processor time.\n"
    "  count=1000000  timers";

#define SPAN_NS INT64_C(200000000)

size_t timers_count(void)
{
    return bench_number("count", 1000000);
}

int64_t timers_delay(size_t index)
{
    uint64_t mixed = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(mixed >> 32) % SPAN_NS;
}

int64_t timers_cpu(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

double timers_each(int64_t began, size_t fired)
{
    int64_t took = timers_cpu() - began;
    size_t count = timers_count(), stay = (count + 9) / 10;
    bench_need(fired == stay, "the number of calls");
    return (double)took / (double)(count + (count - stay) + stay);
}

static size_t called;

/* ---- the floor: a wheel of as many slots as there are milliseconds ----------------- */

enum { SLOTS = 1024 };
#define SLOT_NS INT64_C(1000000)

struct timer {
    struct timer *prev, *next;
    int64_t when;
    void (*call)(void *arg);
    void *arg;
};

static struct timer slots[SLOTS];

static void count_call(void *arg)
{
    (void)arg;
    called++;
}

static struct timer *start(int64_t when)
{
    struct timer *timer = malloc(sizeof *timer), *slot = &slots[when / SLOT_NS % SLOTS];
    *timer = (struct timer){.prev = slot->prev, .next = slot, .when = when, .call = count_call};
    slot->prev->next = timer;
    slot->prev = timer;
    return timer;
}

static void stop(struct timer *timer)
{
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
    free(timer);
}

static void fire_all(struct timer *slot, int64_t now)
{
    for (struct timer *timer = slot->next, *next; timer != slot; timer = next) {
        next = timer->next;
        if (timer->when <= now) {
            timer->call(timer->arg);
            stop(timer);
        }
    }
}

static double by_a_plain_wheel(void)
{
    size_t count = timers_count();
    struct timer **timers = malloc(count * sizeof *timers);
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < SLOTS; i++)
        slots[i].prev = slots[i].next = &slots[i];
    int64_t began = timers_cpu(), start_time = bench_now();
    for (size_t i = 0; i < count; i++)
        timers[i] = start(start_time + timers_delay(i));
    for (size_t i = 0; i < count; i++)
        if (!timers_stays(i))
            stop(timers[i]);
    int64_t slot = start_time / SLOT_NS;
    while (called < (count + 9) / 10) {
        int64_t now = bench_now();
        for (; (slot + 1) * SLOT_NS <= now; slot++)
            fire_all(&slots[slot % SLOTS], now);
        struct epoll_event event;
        if (called < (count + 9) / 10)
            epoll_wait(set, &event, 1, 1);
    }
    double each = timers_each(began, called);
    close(set);
    free(timers);
    return each;
}
BENCH_SIDE(floor, by_a_plain_wheel)

/* ---- brood ---------------------------------------------------------------------------- */

static size_t awaited;

static void fired(void *loop)
{
    if (++called == awaited)
        brood_loop_stop(loop);
}

static double by_brood(void)
{
    size_t count = timers_count();
    brood_handle **handles = malloc(count * sizeof *handles);
    brood_loop *loop;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    awaited = (count + 9) / 10;
    int64_t began = timers_cpu();
    brood_time start_time = brood_now();
    for (size_t i = 0; i < count; i++)
        brood_call_at(loop, start_time + timers_delay(i), fired, loop, &handles[i]);
    for (size_t i = 0; i < count; i++)
        if (!timers_stays(i))
            brood_handle_cancel(handles[i]);
    brood_loop_run(loop);
    double each = timers_each(began, called);
    brood_loop_close(loop);
    free(handles);
    return each;
}
BENCH_SIDE(brood, by_brood)
