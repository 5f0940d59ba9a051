#include <glib.h>

#include "bench.h"

static double by_glib(void)
{
    size_t count = bench_number("count", 20000);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++)
        g_main_context_unref(g_main_context_new());
    return bench_each(began, count);
}
BENCH_SIDE(GSubprocess, by_glib)
