#include <glib.h>
#include <string.h>

#include "bench.h"

static size_t asked, made, count, batch;
static GMainLoop *loop;

static gboolean call(gpointer unused);

static void ask(void)
{
    for (size_t i = 0; i < batch && asked < count; i++, asked++)
        g_idle_add(call, NULL);
}

static gboolean call(gpointer unused)
{
    (void)unused;
    made++;
    if (made == count)
        g_main_loop_quit(loop);
    else if (made == asked)
        ask();
    return G_SOURCE_REMOVE;
}

static gpointer ask_from_thread(gpointer unused)
{
    (void)unused;
    for (size_t i = 0; i < count; i++)
        g_idle_add(call, NULL);
    return NULL;
}

static double by_glib(void)
{
    count = bench_number("count", 1000000);
    batch = bench_number("batch", 1);
    loop = g_main_loop_new(NULL, FALSE);
    int64_t began = bench_now();
    if (strcmp(bench_text("from", "loop"), "thread") == 0) {
        asked = count;
        g_thread_unref(g_thread_new(NULL, ask_from_thread, NULL));
    } else {
        ask();
    }
    g_main_loop_run(loop);
    bench_need(made == count, "the number of calls");
    return bench_each(began, count);
}
BENCH_SIDE(GSubprocess, by_glib)
