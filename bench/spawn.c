/* Children started one by one, each waited for before the next. */
#include "spawn.h"

#include <brood.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"

const char bench_about[] = "Starts a program and waits for its end, again and again.\n"
                           "  count=500     how often\n"
                           "  program=PATH  what is started; a static program that does nothing\n"
                           "  touched=0     MiB of memory that the parent has written to\n"
                           "  open=0        descriptors that the parent has open besides";

enum { WARM_UP = 20 };

/* What the parent has before it opens a loop; as a rule a program finds out later how much
 * it needs, so that descriptors come after the first child. */
static void touch_memory(void)
{
    size_t size = bench_number("touched", 0) << 20;
    char *memory = size > 0 ? malloc(size) : NULL;
    bench_need(size == 0 || memory != NULL, "malloc");
    for (size_t at = 0; at < size; at += 4096)
        ((volatile char *)memory)[at] = 1;
}

static void open_descriptors(void)
{
    size_t count = bench_number("open", 0);
    bench_raise_descriptors();
    for (size_t i = 0; i < count; i++)
        bench_need(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0, "open");
}

double spawn_again_and_again(void (*once)(const char *program))
{
    size_t count = bench_number("count", 500);
    const char *program = bench_text("program", NULL);
    if (program == NULL)
        program = bench_beside("noop");
    touch_memory();
    for (size_t i = 0; i < WARM_UP; i++)
        once(program);
    open_descriptors();
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++)
        once(program);
    return bench_each(began, count);
}

/* ---- the floor ----------------------------------------------------------------- */

static void once_bare(const char *program)
{
    struct floor_child child = floor_start((const char *const[]){program, NULL}, 0);
    floor_end(&child);
}

static double by_bare_calls(void)
{
    return spawn_again_and_again(once_bare);
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

static brood_loop *loop;

static void exited(void *arg)
{
    (void)arg;
    brood_loop_stop(loop);
}
static const brood_subprocess_protocol protocol = {.process_exited = exited};

static void once_by_brood(const char *program)
{
    brood_subprocess *child;
    brood_returncode code = -1;
    brood_spawn_options options = {.argv = (const char *const[]){program, NULL}};
    bench_need(brood_subprocess_exec(loop, &protocol, NULL, &options, &child) == 0, "exec");
    bench_need(brood_loop_run(loop) == 0, "run");
    bench_need(brood_subprocess_returncode(child, &code) && code == 0, "the return code");
    brood_subprocess_close(child);
}

static double by_brood(void)
{
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    double each = spawn_again_and_again(once_by_brood);
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
