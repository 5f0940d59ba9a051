/* Tasks: started and ended; and switched to and back. */
#include <brood.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "bench.h"
#include "context.h" /* of the library itself: what a wait switches with */

const char bench_about[] =
    "Tasks on stacks of their own.  The floor is the C library's makecontext and swapcontext,\n"
    "which makes two system calls a switch.\n"
    "  count=200000  how often\n"
    "  what=start    a task is started, runs to its end, and is joined; or\n"
    "       switch   one stack is left for another, and back";

enum { STACK_SIZE = 65536 };

static size_t count;

static bool starts(void)
{
    count = bench_number("count", 200000);
    const char *what = bench_text("what", "start");
    bench_need(strcmp(what, "start") == 0 || strcmp(what, "switch") == 0, "what");
    return strcmp(what, "start") == 0;
}

/* ---- the floor --------------------------------------------------------------------- */

static ucontext_t here, there;

static void end_there(void)
{
}

static void bounce_there(void)
{
    for (;;)
        swapcontext(&there, &here);
}

static void make_there(char *stack, void (*run)(void))
{
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_SIZE;
    there.uc_link = &here;
    makecontext(&there, run, 0);
}

static double by_ucontext(void)
{
    bool start = starts();
    char *stack = malloc(STACK_SIZE);
    make_there(stack, start ? end_there : bounce_there);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++) {
        if (start)
            make_there(stack, end_there);
        swapcontext(&here, &there);
    }
    double each = bench_each(began, count);
    free(stack);
    return each;
}
BENCH_SIDE(floor, by_ucontext)

/* ---- brood --------------------------------------------------------------------------- */

static int end_at_once(void *unused)
{
    (void)unused;
    return 0;
}

static int start_them(void *loop)
{
    for (size_t i = 0; i < count; i++) {
        brood_task *task;
        bench_need(brood_task_start(loop, end_at_once, NULL, &task) == 0, "start");
        bench_need(brood_task_join(task, NULL, BROOD_FOREVER) == 0, "join");
    }
    return 0;
}

static double tasks_by_brood(void)
{
    brood_loop *loop;
    brood_task *task;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    int64_t began = bench_now();
    bench_need(brood_task_start(loop, start_them, loop, &task) == 0, "start");
    bench_need(brood_task_join(task, NULL, BROOD_FOREVER) == 0, "join");
    double each = bench_each(began, count);
    brood_loop_close(loop);
    return each;
}

static struct brood__context outer, inner;

static void bounce(void *arg)
{
    (void)arg;
    brood__context_arrived(&inner);
    for (;;)
        brood__context_switch(&inner, &outer);
}

static double switches_by_brood(void)
{
    struct brood__stack stack;
    bench_need(brood__stack_open(&stack, BROOD_TASK_STACK_SIZE) == 0, "stack");
    brood__context_make(&inner, &stack, bounce, NULL);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++)
        brood__context_switch(&outer, &inner);
    double each = bench_each(began, count);
    brood__context_drop(&inner);
    brood__stack_close(&stack);
    return each;
}

static double by_brood(void)
{
    return starts() ? tasks_by_brood() : switches_by_brood();
}
BENCH_SIDE(brood, by_brood)
