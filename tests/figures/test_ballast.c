/* The cost of a spawn does not depend on the parent's memory. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "figures.h"

SUITE(ballast);

enum { ROUNDS = 7, SPAWNS = 120 };
static const size_t two_gib = (size_t)2 << 30;

static void measure(struct counter *counter, struct samples *samples)
{
    for (int i = 0; i < SPAWNS; i++) {
        struct child child = {0};
        size_t before = counter->lost;
        brood_time began = brood_now();
        start_child(counter, &child, (brood_spawn_options){0}, ARGV("exit", "0"));
        run_until_lost(counter, before + 1);
        samples_add(samples, (double)(brood_now() - began));
    }
}

static double compare(struct counter *counter)
{
    struct samples bare = {.count = 0}, loaded = {.count = 0};
    for (int round = 0; round < ROUNDS; round++) {
        measure(counter, &bare);
        char *ballast =
            mmap(NULL, two_gib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert_neq((void *)ballast, MAP_FAILED);
        madvise(ballast, two_gib,
                MADV_NOHUGEPAGE); /* so that a copy of the page tables would show */
        memset(ballast, 1, two_gib);
        measure(counter, &loaded);
        munmap(ballast, two_gib);
    }
    double ratio = samples_median(&loaded) / samples_median(&bare);
    fprintf(stderr, "a spawn to its exit: %.1f us, with 2 GiB touched %.1f us, ratio %.2f\n",
            samples_median(&bare) / 1e3, samples_median(&loaded) / 1e3, ratio);
    return ratio;
}

Test(ballast, two_gib_in_the_parent_cost_a_spawn_nothing, .timeout = 600)
{
    struct counter counter = {.loop = test_loop()};
    double ratio = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        ratio = compare(&counter);
        if (ratio <= 1.2)
            break;
    }
    cr_assert_leq(ratio, 1.2);
    test_loop_close(counter.loop);
}
