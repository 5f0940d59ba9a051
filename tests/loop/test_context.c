/* Contexts: what lives across a switch, nested and deep ones. */
#include "context.h"
#include "support.h"

SUITE(context);

enum { STACK = 65536 };

static struct brood__stack open_stack(void)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, STACK), 0);
    return stack;
}

/* ---- going there and back ------------------------------------------------------------ */

struct counter {
    struct brood__context here, home;
    struct brood__stack stack;
    int turns, left;
    long sum;
    double product;
};

/* Values of each kind that must be there again after each switch. */
static void count_turns(void *arg)
{
    struct counter *counter = arg;
    brood__context_arrived(&counter->here);
    int numbers[64];
    double factor = 1.5, product = 1;
    long sum = 0;
    for (int i = 0; i < 64; i++)
        numbers[i] = i * 3;
    for (int turn = 0; turn < counter->turns; turn++) {
        sum += numbers[turn % 64];
        product *= turn % 2 == 0 ? factor : 1 / factor;
        brood__context_switch(&counter->here, counter->here.came_from);
    }
    counter->sum = sum;
    counter->product = product;
    counter->left++;
    brood__context_leave(&counter->here, counter->here.came_from);
}

static void make_counter(struct counter *counter, int turns)
{
    *counter = (struct counter){.stack = open_stack(), .turns = turns};
    brood__context_make(&counter->here, &counter->stack, count_turns, counter);
}

static void drop_counter(struct counter *counter)
{
    brood__context_drop(&counter->here);
    brood__stack_close(&counter->stack);
}

Test(context, what_stands_on_a_stack_lives_across_switches)
{
    enum { TURNS = 1000 };
    struct counter counter;
    long sum = 0;
    make_counter(&counter, TURNS);
    for (int turn = 0; turn <= TURNS; turn++) {
        cr_assert_eq(counter.left, 0);
        brood__context_switch(&counter.home, &counter.here);
        sum += turn < TURNS ? turn % 64 * 3 : 0;
    }
    cr_expect_eq(counter.left, 1);
    cr_expect_eq(counter.sum, sum);
    cr_expect_float_eq(counter.product, 1.0, 1e-9);
    drop_counter(&counter);
}

Test(context, many_take_turns)
{
    enum { COUNT = 50, TURNS = 20 };
    static struct counter counters[COUNT];
    for (int i = 0; i < COUNT; i++)
        make_counter(&counters[i], TURNS + i % 3);
    for (int turn = 0; turn <= TURNS + 2; turn++)
        for (int i = 0; i < COUNT; i++)
            if (counters[i].left == 0)
                brood__context_switch(&counters[i].home, &counters[i].here);
    for (int i = 0; i < COUNT; i++) {
        cr_expect_eq(counters[i].left, 1);
        cr_expect_eq(counters[i].sum, 3 * (TURNS + i % 3) * (TURNS + i % 3 - 1) / 2);
        drop_counter(&counters[i]);
    }
}

static void tell_once(void *arg)
{
    struct counter *counter = arg;
    brood__context_arrived(&counter->here);
    counter->left++;
    brood__context_leave(&counter->here, counter->here.came_from);
}

Test(context, a_stack_may_be_used_again_after_the_last_switch)
{
    struct counter counter = {.stack = open_stack()};
    for (int i = 1; i <= 100; i++) {
        brood__context_make(&counter.here, &counter.stack, tell_once, &counter);
        brood__context_switch(&counter.home, &counter.here);
        cr_assert_eq(counter.left, i);
        brood__context_drop(&counter.here);
    }
    brood__stack_close(&counter.stack);
}

Test(context, a_made_one_need_not_run)
{
    struct counter counter = {.stack = open_stack()};
    brood__context_make(&counter.here, &counter.stack, tell_once, &counter);
    brood__context_drop(&counter.here);
    cr_expect_eq(counter.left, 0);
    brood__stack_close(&counter.stack);
}

/* ---- one inside another ---------------------------------------------------------------- */

enum { DEPTH = 40 };

struct level {
    struct brood__context here, home;
    struct brood__stack stack;
    int number, seen_below;
};

static struct level levels[DEPTH + 1];

static int enter_level(int number);

static void live_on_level(void *arg)
{
    struct level *level = arg;
    brood__context_arrived(&level->here);
    volatile int mine = level->number;
    level->seen_below = level->number < DEPTH ? enter_level(level->number + 1) : 0;
    brood__context_switch(&level->here, level->here.came_from);
    level->seen_below += mine;
    brood__context_leave(&level->here, level->here.came_from);
}

/* How many levels there are from this one on. */
static int enter_level(int number)
{
    struct level *level = &levels[number];
    level->number = number;
    if (brood__stack_open(&level->stack, STACK) < 0)
        return -1000;
    brood__context_make(&level->here, &level->stack, live_on_level, level);
    brood__context_switch(&level->home, &level->here);
    int below = level->seen_below;
    brood__context_switch(&level->home, &level->here);
    int mine = level->seen_below - below;
    brood__context_drop(&level->here);
    brood__stack_close(&level->stack);
    return mine == number ? below + 1 : -1000;
}

Test(context, each_may_make_another_one)
{
    cr_expect_eq(enter_level(1), DEPTH);
}

/* Leaves from the bottom of a recursion, again and again. */
struct diver {
    struct brood__context here, home;
    struct brood__stack stack;
    long dives;
};

static long dive(struct diver *diver, int depth)
{
    volatile long mine = depth;
    if (depth > 0)
        mine += dive(diver, depth - 1);
    brood__context_switch(&diver->here, diver->here.came_from);
    diver->dives++;
    return mine;
}

static void dive_deep(void *arg)
{
    struct diver *diver = arg;
    brood__context_arrived(&diver->here);
    diver->dives += dive(diver, 100) * 1000;
    brood__context_leave(&diver->here, diver->here.came_from);
}

Test(context, may_be_left_at_any_depth_of_a_recursion)
{
    struct diver diver = {.stack = open_stack()};
    int switches = 0;
    brood__context_make(&diver.here, &diver.stack, dive_deep, &diver);
    for (; diver.dives < 1000 && switches < 1000; switches++)
        brood__context_switch(&diver.home, &diver.here);
    cr_expect_eq(switches, 102);
    cr_expect_eq(diver.dives, 101 + 5050L * 1000);
    brood__context_drop(&diver.here);
    brood__stack_close(&diver.stack);
}
