/* The timer wheel by itself, on clocks that the tests move. */
#include "fake_host.h"
#include "support.h"
#include "timer.h"

SUITE(timer);

enum { TICK = 1 << BROOD__TICK_BITS };

/* A timer with its place in the order of adding. */
struct item {
    struct brood__timer timer;
    uint64_t number;
    bool active;
};

static struct item *item_of(struct brood__timer *timer)
{
    return (struct item *)(void *)timer;
}

static bool fires_before(const struct item *a, const struct item *b)
{
    return a->timer.when != b->timer.when ? a->timer.when < b->timer.when : a->number < b->number;
}

/* ---- order --------------------------------------------------------------- */

Test(timer, those_due_together_come_in_the_order_of_their_times)
{
    struct brood__timers timers;
    struct item items[50] = {0};
    brood__timers_init(&timers, 0);
    for (size_t i = 0; i < 50; i++) /* 7 and 50 have no common divisor */
        brood__timer_add(&timers, &items[i].timer, (brood_time)(i * 7 % 50) * TICK * 100 / 3);
    brood__timers_expire(&timers, (brood_time)TICK * 5000);
    for (brood_time i = 0; i < 50; i++)
        cr_assert_eq(brood__timers_take(&timers)->when, i * TICK * 100 / 3);
    cr_assert_null(brood__timers_take(&timers));
    cr_assert_eq(timers.count, 0);
}

/* Those with equal times are added at different moments, and so may lie on
 * different levels of the wheel. */
Test(timer, equal_times_come_in_the_order_of_adding)
{
    static const brood_time moments[] = {0, 5, 100, 4000, 4095, 4096, 4097, 262143, 299999};
    enum { COUNT = sizeof moments / sizeof *moments };
    const brood_time when = (brood_time)TICK * 300000 + 17;
    struct brood__timers timers;
    struct item items[COUNT * 2] = {0};
    brood__timers_init(&timers, 0);
    for (size_t i = 0; i < COUNT; i++) {
        brood__timers_expire(&timers, moments[i] * TICK);
        cr_assert_null(brood__timers_take(&timers));
        brood__timer_add(&timers, &items[2 * i].timer, when);
        brood__timer_add(&timers, &items[2 * i + 1].timer, when);
    }
    brood__timers_expire(&timers, when + TICK);
    for (size_t i = 0; i < COUNT * 2; i++)
        cr_assert_eq(brood__timers_take(&timers), &items[i].timer, "number %zu", i);
    cr_assert_null(brood__timers_take(&timers));
}

Test(timer, times_within_one_tick_keep_their_order)
{
    struct brood__timers timers;
    struct item items[3] = {0};
    brood__timers_init(&timers, 0);
    brood__timer_add(&timers, &items[0].timer, 300);
    brood__timer_add(&timers, &items[1].timer, 100);
    brood__timer_add(&timers, &items[2].timer, 200);
    brood__timers_expire(&timers, TICK);
    cr_assert_eq(brood__timers_take(&timers), &items[1].timer);
    cr_assert_eq(brood__timers_take(&timers), &items[2].timer);
    cr_assert_eq(brood__timers_take(&timers), &items[0].timer);
}

/* ---- against a model: an array that is searched --------------------------- */

enum { ITEMS = 64, STEPS = 20000 };

struct model {
    struct brood__timers timers;
    struct item items[ITEMS];
    brood_time now;
    uint64_t added, random, seed;
};

static brood_time tick_of(brood_time when)
{
    return when <= 0 ? 0 : (when - 1) / TICK + 1;
}

static struct item *model_first(struct model *model)
{
    struct item *first = NULL;
    for (size_t i = 0; i < ITEMS; i++)
        if (model->items[i].active && (first == NULL || fires_before(&model->items[i], first)))
            first = &model->items[i];
    return first;
}

/* Of any magnitude up to 2^bits. */
static brood_time random_span(struct model *model, unsigned bits)
{
    uint64_t shift = 63 - host_random(&model->random) % bits;
    return (brood_time)(host_random(&model->random) >> shift);
}

static void toggle(struct model *model)
{
    struct item *item = &model->items[host_random(&model->random) % ITEMS];
    if (item->active) {
        brood__timer_cancel(&model->timers, &item->timer);
    } else {
        bool again = host_random(&model->random) % 4 == 0; /* a time that exists already */
        brood_time when = model->now - TICK * 3 + random_span(model, 44);
        if (again)
            when = model->items[host_random(&model->random) % ITEMS].timer.when;
        item->number = model->added++;
        brood__timer_add(&model->timers, &item->timer, when);
    }
    item->active = !item->active;
}

static void go_on(struct model *model)
{
    model->now += random_span(model, 42);
    brood__timers_expire(&model->timers, model->now);
    struct brood__timer *taken;
    while ((taken = brood__timers_take(&model->timers)) != NULL) {
        cr_assert_leq(taken->when, model->now, "early; seed %llu", (unsigned long long)model->seed);
        cr_assert_eq(item_of(taken), model_first(model), "order; seed %llu",
                     (unsigned long long)model->seed);
        item_of(taken)->active = false;
    }
    struct item *first = model_first(model);
    if (first != NULL)
        cr_assert_gt(tick_of(first->timer.when), model->now / TICK, "late; seed %llu",
                     (unsigned long long)model->seed);
}

static void check_next(struct model *model)
{
    struct item *first = model_first(model);
    brood_time next = brood__timers_next(&model->timers);
    if (first == NULL)
        cr_assert_eq(next, BROOD_FOREVER);
    else if (tick_of(first->timer.when) <= model->now / TICK)
        cr_assert_eq(next, BROOD_NOWAIT);
    else
        cr_assert(next > model->now && next <= tick_of(first->timer.when) * TICK,
                  "next is %lld, seed %llu", (long long)next, (unsigned long long)model->seed);
}

Test(timer, random_histories_agree_with_a_sorted_array)
{
    for (uint64_t seed = 20240611; seed < 20240611 + 10; seed++) {
        struct model model = {.now = 123456789012, .random = seed, .seed = seed};
        cr_log_info("seed %llu", (unsigned long long)seed);
        brood__timers_init(&model.timers, model.now);
        for (int step = 0; step < STEPS; step++) {
            if (host_random(&model.random) % 4 != 0)
                toggle(&model);
            else
                go_on(&model);
            check_next(&model);
        }
    }
}

/* Waiting as the loop does, from one next to the following, is never too long. */
Test(timer, following_next_fires_each_timer_within_a_tick)
{
    struct model model = {.now = 1, .random = 7};
    brood__timers_init(&model.timers, model.now);
    for (size_t i = 0; i < ITEMS; i++)
        toggle(&model);
    while (model.timers.count > 0) {
        brood_time next = brood__timers_next(&model.timers);
        model.now = next > model.now ? next : model.now;
        brood__timers_expire(&model.timers, model.now);
        struct brood__timer *taken;
        while ((taken = brood__timers_take(&model.timers)) != NULL) {
            cr_assert_leq(taken->when, model.now);
            cr_assert(taken->when < 1 || model.now - taken->when < TICK);
        }
    }
}

/* ---- cancelling ------------------------------------------------------------ */

Test(timer, cancel_works_on_every_level)
{
    struct brood__timers timers;
    struct item items[48] = {0};
    brood__timers_init(&timers, 0);
    for (unsigned i = 0; i < 47; i++)
        brood__timer_add(&timers, &items[i].timer, (brood_time)TICK << i);
    brood__timer_add(&timers, &items[47].timer, 0);
    for (unsigned i = 0; i < 48; i++) {
        brood__timer_cancel(&timers, &items[i].timer);
        brood__timer_cancel(&timers, &items[i].timer); /* harmless when idle */
        cr_assert_eq(timers.count, 47 - i);
    }
    cr_assert_eq(brood__timers_next(&timers), BROOD_FOREVER);
    cr_assert_null(brood__timers_drain(&timers));
}

Test(timer, one_cancelled_while_firing_is_not_given)
{
    struct brood__timers timers;
    struct item items[4] = {0};
    brood__timers_init(&timers, 0);
    for (brood_time i = 0; i < 4; i++)
        brood__timer_add(&timers, &items[i].timer, i * TICK);
    brood__timers_expire(&timers, 10 * TICK);
    cr_assert_eq(brood__timers_next(&timers), BROOD_NOWAIT);
    cr_assert_eq(brood__timers_take(&timers), &items[0].timer);
    brood__timer_cancel(&timers, &items[1].timer);
    brood__timer_cancel(&timers, &items[3].timer);
    cr_assert_eq(brood__timers_take(&timers), &items[2].timer);
    cr_assert_null(brood__timers_take(&timers));
    cr_assert_eq(timers.count, 0);
}

Test(timer, one_added_while_firing_waits_for_the_next_expire)
{
    struct brood__timers timers;
    struct item items[3] = {0};
    brood__timers_init(&timers, 0);
    brood__timer_add(&timers, &items[0].timer, TICK);
    brood__timer_add(&timers, &items[1].timer, TICK);
    brood__timers_expire(&timers, 2 * TICK);
    cr_assert_eq(brood__timers_take(&timers), &items[0].timer);
    brood__timer_add(&timers, &items[2].timer, 0);
    brood__timer_add(&timers, &items[0].timer, TICK); /* the one that fired, again */
    cr_assert_eq(brood__timers_take(&timers), &items[1].timer);
    cr_assert_null(brood__timers_take(&timers));
    cr_assert_eq(brood__timers_next(&timers), BROOD_NOWAIT);
    brood__timers_expire(&timers, 2 * TICK);
    cr_assert_eq(brood__timers_take(&timers), &items[2].timer);
    cr_assert_eq(brood__timers_take(&timers), &items[0].timer);
    cr_assert_null(brood__timers_take(&timers));
}

/* ---- the ends of time -------------------------------------------------------- */

Test(timer, past_times_are_due_at_once)
{
    static const brood_time past[] = {INT64_MIN, -1, 0, 1, 5 * TICK};
    struct brood__timers timers;
    struct item items[5] = {0};
    brood__timers_init(&timers, 5 * TICK);
    for (size_t i = 5; i-- > 0;)
        brood__timer_add(&timers, &items[i].timer, past[i]);
    cr_assert_eq(brood__timers_next(&timers), BROOD_NOWAIT);
    cr_assert_null(brood__timers_take(&timers), "not before expire");
    brood__timers_expire(&timers, 5 * TICK);
    for (size_t i = 0; i < 5; i++)
        cr_assert_eq(brood__timers_take(&timers), &items[i].timer);
}

Test(timer, forever_never_comes)
{
    struct brood__timers timers;
    struct item never = {0}, late = {0};
    brood__timers_init(&timers, 0);
    brood__timer_add(&timers, &never.timer, BROOD_FOREVER);
    cr_assert_eq(brood__timers_next(&timers), BROOD_FOREVER);
    brood__timer_add(&timers, &late.timer, BROOD_FOREVER - 10 * TICK);
    cr_assert_lt(brood__timers_next(&timers), BROOD_FOREVER - 9 * TICK);
    brood__timers_expire(&timers, BROOD_FOREVER - TICK);
    cr_assert_eq(brood__timers_take(&timers), &late.timer);
    cr_assert_null(brood__timers_take(&timers));
    cr_assert_eq(brood__timers_next(&timers), BROOD_FOREVER);
    cr_assert_eq(timers.count, 1);
}

Test(timer, a_clock_that_stands_or_goes_back_does_no_harm)
{
    struct brood__timers timers;
    struct item due = {0}, later = {0};
    brood__timers_init(&timers, 100 * TICK);
    brood__timer_add(&timers, &later.timer, 101 * TICK);
    brood__timer_add(&timers, &due.timer, 100 * TICK);
    brood__timers_expire(&timers, 50 * TICK);
    cr_assert_eq(brood__timers_take(&timers), &due.timer);
    cr_assert_null(brood__timers_take(&timers));
    brood__timers_expire(&timers, 101 * TICK);
    cr_assert_eq(brood__timers_take(&timers), &later.timer);
}

Test(timer, drain_gives_them_all_wherever_they_are)
{
    struct brood__timers timers;
    struct item items[50] = {0};
    brood__timers_init(&timers, 0);
    for (unsigned i = 0; i < 46; i++)
        brood__timer_add(&timers, &items[i].timer, (brood_time)TICK << i);
    brood__timer_add(&timers, &items[46].timer, BROOD_FOREVER);
    brood__timers_expire(&timers, 10 * TICK); /* some are set aside, and stay so */
    brood__timer_add(&timers, &items[47].timer, 0);
    struct brood__timer *timer;
    size_t drained = 0;
    while ((timer = brood__timers_drain(&timers)) != NULL) {
        cr_assert_eq(timer->place, 0);
        drained++;
    }
    cr_assert_eq(drained, 48);
    cr_assert_eq(timers.count, 0);
    cr_assert_eq(brood__timers_next(&timers), BROOD_FOREVER);
}

/* ---- a million ----------------------------------------------------------------- */

Test(timer, a_million_of_which_nine_in_ten_are_cancelled)
{
    enum { MANY = 1000000, LEFT = MANY / 10 };
    struct brood__timers timers;
    struct item *items = calloc(MANY, sizeof *items), *last = NULL;
    uint64_t seed = 99, random = seed;
    size_t fired = 0;
    cr_assert_not_null(items);
    brood__timers_init(&timers, 0);
    for (size_t i = 0; i < MANY; i++) {
        items[i].number = i;
        items[i].active = i % 10 == 0;
        brood__timer_add(&timers, &items[i].timer,
                         (brood_time)(host_random(&random) % 100000000000));
    }
    for (size_t i = 0; i < MANY; i++)
        if (!items[i].active)
            brood__timer_cancel(&timers, &items[i].timer);
    cr_assert_eq(timers.count, LEFT);

    for (brood_time now = 0; now <= 100100000000; now += 100000000) {
        brood__timers_expire(&timers, now);
        struct brood__timer *taken;
        while ((taken = brood__timers_take(&timers)) != NULL) {
            struct item *item = item_of(taken);
            cr_assert(item->active, "not to be fired; seed %llu", (unsigned long long)seed);
            cr_assert(last == NULL || fires_before(last, item), "order; seed %llu",
                      (unsigned long long)seed);
            item->active = false;
            last = item;
            fired++;
        }
    }
    cr_assert_eq(fired, LEFT);
    cr_assert_eq(timers.count, 0);
    free(items);
}
