/* The cost of a spawn does not depend on the parent's memory, nor on its descriptors. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "figures.h"

SUITE(ballast);

enum { ROUNDS = 7, SPAWNS = 120 };
static const size_t two_gib = (size_t)2 << 30;

static const brood_spawn_options plain = {0};
static const brood_spawn_options piped = {
    .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE};

static void measure(struct counter *counter, struct samples *samples, brood_spawn_options options)
{
    for (int i = 0; i < SPAWNS; i++) {
        struct child child = {0};
        size_t before = counter->lost;
        brood_time began = brood_now();
        start_child(counter, &child, options, ARGV("exit", "0"));
        run_until_lost(counter, before + 1);
        samples_add(samples, (double)(brood_now() - began));
    }
}

static double compare(struct counter *counter)
{
    struct samples bare = {.count = 0}, loaded = {.count = 0};
    for (int round = 0; round < ROUNDS; round++) {
        measure(counter, &bare, plain);
        char *ballast =
            mmap(NULL, two_gib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert_neq((void *)ballast, MAP_FAILED);
        madvise(ballast, two_gib,
                MADV_NOHUGEPAGE); /* so that a copy of the page tables would show */
        memset(ballast, 1, two_gib);
        measure(counter, &loaded, plain);
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

/* ---- descriptors ----------------------------------------------------------------------- */

enum { FEW = 50, MANY = 10000 };

static void among(int count, struct counter *counter, struct samples *samples,
                  brood_spawn_options options)
{
    static int crowd[MANY];
    for (int i = 0; i < count; i++) {
        crowd[i] = fcntl(0, F_DUPFD_CLOEXEC, 3);
        cr_assert_geq(crowd[i], 0);
    }
    measure(counter, samples, options);
    for (int i = 0; i < count; i++)
        close(crowd[i]);
}

static double compare_crowds(struct counter *counter, brood_spawn_options options, const char *how)
{
    struct samples few = {.count = 0}, many = {.count = 0};
    for (int round = 0; round < ROUNDS; round++) {
        among(FEW, counter, &few, options);
        among(MANY, counter, &many, options);
    }
    double ratio = samples_median(&many) / samples_median(&few);
    fprintf(stderr, "a spawn %s: %.1f us among %d descriptors, %.1f us among %d, ratio %.2f\n", how,
            samples_median(&few) / 1e3, FEW, samples_median(&many) / 1e3, MANY, ratio);
    return ratio;
}

static void expect_no_crowd(brood_spawn_options options, const char *how)
{
    if (test_raise_descriptor_limit(MANY + 100) < MANY + 100)
        cr_skip_test("the limit of descriptors is too low");
    struct counter counter = {.loop = test_loop()};
    double ratio = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        ratio = compare_crowds(&counter, options, how);
        if (ratio <= 1.2)
            break;
    }
    cr_assert_leq(ratio, 1.2);
    test_loop_close(counter.loop);
}

Test(ballast, ten_thousand_descriptors_cost_a_spawn_nothing, .timeout = 600)
{
    if (!kernel_is_at_least(6, 11))
        cr_skip_test("before Linux 6.11 the table of descriptors is copied");
    expect_no_crowd(plain, "that inherits");
    expect_no_crowd(piped, "with three pipes");
}
