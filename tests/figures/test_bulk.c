/* Bulk data by the protocol layer, next to a bare read loop. */
#include <stdio.h>
#include <unistd.h>

#include "bare.h"
#include "figures.h"

SUITE(bulk);

enum { ROUNDS = 7, BUFFER = 65536 }; /* the size of brood's reads */
static const uint64_t one_gib = (uint64_t)1 << 30;

static double by_brood(void)
{
    struct counter counter = {.loop = test_loop()};
    struct child child = {0};
    brood_spawn_options options = {.out = {.kind = BROOD_PIPE}};
    brood_time began = brood_now();
    start_child(&counter, &child, options, ARGV("fill", "1", "1073741824"));
    run_until_lost(&counter, 1);
    double took = seconds_since(began);
    cr_assert_eq(child.received, one_gib);
    test_loop_close(counter.loop);
    return took;
}

static double by_bare_reads(void)
{
    static char buffer[BUFFER];
    struct bare bare;
    uint64_t received = 0;
    ssize_t n;
    brood_time began = brood_now();
    bare_start(&bare, ARGV(test_child(), "fill", "1", "1073741824"));
    while ((n = read(bare.out, buffer, sizeof buffer)) > 0)
        received += (uint64_t)n;
    bare_end(&bare);
    double took = seconds_since(began);
    cr_assert_eq(received, one_gib);
    return took;
}

Test(bulk, one_gib_comes_at_four_fifths_of_a_bare_loop, .timeout = 600)
{
    double rate = 0;
    for (int attempt = 0; attempt < ATTEMPTS && rate < 0.8; attempt++) {
        struct samples brood = {.count = 0}, bare = {.count = 0};
        for (int round = 0; round < ROUNDS; round++) {
            samples_add(&bare, by_bare_reads());
            samples_add(&brood, by_brood());
        }
        rate = samples_median(&bare) / samples_median(&brood);
        fprintf(stderr,
                "1 GiB from a child: bare reads %.2f GiB/s, by the protocol %.2f GiB/s, "
                "rate %.2f\n",
                1 / samples_median(&bare), 1 / samples_median(&brood), rate);
    }
    cr_assert_geq(rate, 0.8);
}
