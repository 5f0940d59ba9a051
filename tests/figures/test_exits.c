/* The cost of one exit does not depend on how many children live: no more, at least, than
 * that of bare system calls does, which find what they need in colder caches. */
#include <stdio.h>
#include <stdlib.h>

#include "bare_exits.h"
#include "figures.h"

SUITE(exits);

enum { FEW = 250, MANY = 4000, ENDED = 150, ROUNDS = 5 };

/* `live` children; then some of them are ended in random order, each exit reported
 * before the next. */
static void measure(int watcher, size_t live, struct samples *samples, unsigned *seed)
{
    brood_loop_options options = {.child_watcher = watcher};
    struct counter counter = {0};
    struct child *children = calloc(live, sizeof *children);
    struct child **order = calloc(live, sizeof *order);
    cr_assert_eq(brood_loop_open(&counter.loop, &options), 0);
    for (size_t i = 0; i < live; i++) {
        start_child(&counter, &children[i], (brood_spawn_options){0}, ARGV("pause"));
        order[i] = &children[i];
    }
    test_settle(counter.loop);

    for (size_t i = 0; i < ENDED; i++) {
        size_t other = i + (size_t)rand_r(seed) % (live - i);
        struct child *victim = order[other];
        order[other] = order[i];
        brood_time began = brood_now();
        cr_assert_eq(brood_subprocess_kill(victim->transport), 0);
        run_until_exited(&counter, i + 1);
        samples_add(samples, (double)(brood_now() - began));
        cr_assert_eq(counter.last, -9);
    }
    test_loop_close(counter.loop);
    free(order);
    free(children);
}

static double show(const char *name, struct samples *few, struct samples *many)
{
    double ratio = samples_median(many) / samples_median(few);
    fprintf(stderr, "one exit among %d live (%s): %.1f us, among %d: %.1f us, ratio %.2f\n", FEW,
            name, samples_median(few) / 1e3, MANY, samples_median(many) / 1e3, ratio);
    return ratio;
}

/* 1.3 times what it costs among few; or among many at most 1.2 times what bare calls cost
 * there, in the same rounds. */
static void compare(int watcher, const char *name)
{
    double ratio = 0, over_bare = 0;
    unsigned seed = 1;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct samples few = {.count = 0}, many = {.count = 0};
        struct samples bare_few = {.count = 0}, bare_many = {.count = 0};
        for (int round = 0; round < ROUNDS; round++) {
            bare_exits(FEW, ENDED, &bare_few, &seed);
            measure(watcher, FEW, &few, &seed);
            bare_exits(MANY, ENDED, &bare_many, &seed);
            measure(watcher, MANY, &many, &seed);
        }
        show("bare", &bare_few, &bare_many);
        ratio = show(name, &few, &many);
        over_bare = samples_median(&many) / samples_median(&bare_many);
        if (ratio <= 1.3 || over_bare <= 1.2)
            return;
    }
    cr_assert_fail("ratio %.2f, and %.2f times the bare cost", ratio, over_bare);
}

Test(exits, cost_the_same_among_250_and_4000_with_sigchld, .timeout = 600)
{
    if (test_raise_descriptor_limit(MANY + 200) < MANY + 200)
        cr_skip_test("the limit of open descriptors cannot be raised");
    compare(BROOD_WATCH_SIGCHLD, "SIGCHLD");
}

Test(exits, cost_the_same_among_250_and_4000_with_procfd, .timeout = 600)
{
    if (test_raise_descriptor_limit(MANY + 200) < MANY + 200)
        cr_skip_test("the limit of open descriptors cannot be raised");
    compare(BROOD_WATCH_PROCFD, "procfd");
}
