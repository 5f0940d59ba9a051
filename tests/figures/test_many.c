/* Ten thousand live children, and a hundred thousand one after another. */
#include <stdio.h>
#include <stdlib.h>

#include "figures.h"

SUITE(many);

enum { LIVE = 10000, SPAWNED = 100000, WARM_UP = 2000, AT_ONCE = 8 };

/* Each gets a line of its own, answers with it, and ends. */
static void serve(struct counter *counter, struct child *children, size_t live)
{
    char line[32];
    for (size_t i = 0; i < live; i++) {
        int length = snprintf(line, sizeof line, "line %zu\n", i);
        brood_pipe *in = brood_subprocess_pipe(children[i].transport, 0);
        cr_assert_eq(brood_pipe_write(in, line, (size_t)length), 0);
    }
    run_until_lost(counter, live);
    cr_assert_eq(counter->exited, live);
    for (size_t i = 0; i < live; i++) {
        snprintf(line, sizeof line, "line %zu\n", i);
        cr_assert_str_eq(children[i].output.data, line);
        brood_buffer_free(&children[i].output);
    }
}

/* Three descriptors a child: two pipes, and what it is watched by. */
Test(many, ten_thousand_live_children_are_served_and_reaped, .timeout = 600)
{
    size_t limit = test_raise_descriptor_limit(3 * LIVE + 200), live = LIVE;
    if (limit < 3 * LIVE + 200)
        live = (limit - 200) / 3;
    struct counter counter = {.loop = test_loop()};
    struct child *children = calloc(live, sizeof *children);
    brood_spawn_options options = {.in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    for (size_t i = 0; i < live; i++) {
        children[i].keep_output = true;
        start_child(&counter, &children[i], options, ARGV("line"));
    }
    test_settle(counter.loop);
    cr_assert_eq(counter.exited, 0); /* all of them live */
    serve(&counter, children, live);
    test_loop_close(counter.loop);
    free(children);
    fprintf(stderr, "%zu live children, each with two pipes: all served, all reaped%s\n", live,
            live < LIVE ? "; the hard limit of open descriptors allows no more" : "");
}

/* A few at once, so that both of a machine's processors have something to do. */
static void spawn_in_turn(struct counter *counter, size_t count)
{
    struct child children[AT_ONCE];
    for (size_t done = 0; done < count; done += AT_ONCE) {
        size_t before = counter->lost;
        memset(children, 0, sizeof children);
        for (size_t i = 0; i < AT_ONCE; i++)
            start_child(counter, &children[i], (brood_spawn_options){0}, ARGV("exit", "3"));
        run_until_lost(counter, before + AT_ONCE);
        cr_assert_eq(counter->last, 3);
    }
}

Test(many, a_hundred_thousand_spawns_leave_nothing_behind, .timeout = 900)
{
    struct counter counter = {.loop = test_loop()};
    spawn_in_turn(&counter, WARM_UP);
    int descriptors = test_count_descriptors();
    size_t resident = test_resident_bytes(), allocations = test_live_allocations();

    brood_time began = brood_now();
    spawn_in_turn(&counter, SPAWNED);
    double each = (double)(brood_now() - began) / SPAWNED / 1e3;

    cr_assert_eq(counter.exited, WARM_UP + SPAWNED);
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_not(test_has_children());
    cr_expect_eq(test_live_allocations(), allocations);
    size_t now = test_resident_bytes();
    fprintf(stderr, "%d spawns, %.0f us each: %zu KiB resident before, %zu KiB after\n", SPAWNED,
            each, resident / 1024, now / 1024);
    cr_expect_leq(now, resident + 32768); /* a few pages for whatever the C library does */
    test_loop_close(counter.loop);
}
