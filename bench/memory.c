/* What an idle child with three pipes costs in memory of the heap. */
#include "memory.h"

#include <brood.h>
#include <string.h>

#include "floor.h"

const char bench_about[] =
    "Starts children with three pipes, which then do nothing: bytes of the heap for each.\n"
    "  count=500      children\n"
    "  way=protocol   or process: with two readers and a writer";

const char *memory_program(void)
{
    return bench_beside("producer");
}

double memory_of_each(void (*start)(size_t number))
{
    size_t count = bench_number("count", 500), before = 0;
    for (size_t i = 0; i < MEMORY_WARM_UP + count; i++) {
        if (i == MEMORY_WARM_UP)
            before = bench_heap();
        start(i);
    }
    return (double)(bench_heap() - before) / (double)count;
}

/* ---- the floor: a pid and three descriptors ------------------------------------------ */

static void start_bare(size_t number)
{
    (void)number;
    struct floor_child *child = malloc(sizeof *child);
    bench_need(child != NULL, "malloc");
    *child = floor_start((const char *const[]){memory_program(), "echo", NULL},
                         FLOOR_IN | FLOOR_OUT | FLOOR_ERR);
}

static double by_bare_calls(void)
{
    return memory_of_each(start_bare);
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ----------------------------------------------------------------------------- */

static brood_loop *loop;

static brood_spawn_options options_of(const char *const *argv)
{
    brood_stdio pipe = {.kind = BROOD_PIPE};
    return (brood_spawn_options){.argv = argv, .in = pipe, .out = pipe, .err = pipe};
}

/* Pipes are connected in the round after the start. */
static void settle(void)
{
    for (int i = 0; i < 3; i++)
        brood_loop_step(loop, BROOD_NOWAIT);
}

static void start_with_protocol(size_t number)
{
    (void)number;
    static const brood_subprocess_protocol protocol;
    const char *const argv[] = {memory_program(), "echo", NULL};
    brood_spawn_options options = options_of(argv);
    brood_subprocess *child;
    bench_need(brood_subprocess_exec(loop, &protocol, NULL, &options, &child) == 0, "exec");
    settle();
}

static void start_process(size_t number)
{
    (void)number;
    const char *const argv[] = {memory_program(), "echo", NULL};
    brood_spawn_options options = options_of(argv);
    brood_process *process;
    bench_need(brood_spawn(loop, &options, &process) == 0, "spawn");
    settle();
}

static double by_brood(void)
{
    bool process = strcmp(bench_text("way", "protocol"), "process") == 0;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    double each = memory_of_each(process ? start_process : start_with_protocol);
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
