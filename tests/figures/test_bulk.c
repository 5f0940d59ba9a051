/* Bulk data by the protocol layer, next to a bare read loop. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

SUITE(bulk);

enum { ROUNDS = 7, BUFFER = 65536 }; /* the size of brood's reads */
static const uint64_t one_gib = (uint64_t)1 << 30;

extern char **environ;

static double seconds_since(brood_time began)
{
    return (double)(brood_now() - began) / 1e9;
}

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
    int ends[2], status;
    cr_assert_eq(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char program[4200], fill[] = "fill", one[] = "1", size[] = "1073741824";
    snprintf(program, sizeof program, "%s", test_child());
    char *argv[] = {program, fill, one, size, NULL};

    brood_time began = brood_now();
    pid_t pid;
    cr_assert_eq(posix_spawn(&pid, program, &actions, NULL, argv, environ), 0);
    close(ends[1]);
    uint64_t received = 0;
    ssize_t n;
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0)
        received += (uint64_t)n;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    double took = seconds_since(began);
    cr_assert_eq(received, one_gib);
    close(ends[0]);
    posix_spawn_file_actions_destroy(&actions);
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
