/* Calls that are asked for from the loop's own thread, and from another. */
#include <brood.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

const char bench_about[] =
    "A call asked of the loop, and made; again when it has been made.\n"
    "  count=1000000  calls\n"
    "  batch=1        so many are asked for at a time\n"
    "  from=loop      or thread: another one asks, while the loop makes what has been asked";

static size_t asked, made, count, batch;
static brood_loop *loop;

static void call(void *unused);

static void ask(void)
{
    for (size_t i = 0; i < batch && asked < count; i++, asked++)
        brood_call_soon(loop, call, NULL, NULL);
}

static void call(void *unused)
{
    (void)unused;
    made++;
    if (made == count)
        brood_loop_stop(loop);
    else if (made == asked)
        ask();
}

static void *ask_from_thread(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        bench_need(brood_call_soon_threadsafe(loop, call, NULL) == 0, "call_soon_threadsafe");
    return NULL;
}

static double by_brood(void)
{
    pthread_t thread;
    count = bench_number("count", 1000000);
    batch = bench_number("batch", 1);
    bool from_thread = strcmp(bench_text("from", "loop"), "thread") == 0;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    int64_t began = bench_now();
    if (from_thread) {
        asked = count;
        bench_need(pthread_create(&thread, NULL, ask_from_thread, NULL) == 0, "pthread_create");
    } else {
        ask();
    }
    bench_need(brood_loop_run(loop) == 0 && made == count, "run");
    double each = bench_each(began, count);
    if (from_thread)
        pthread_join(thread, NULL);
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
