#include <uv.h>

#include "bench.h"

static double by_uv(void)
{
    size_t count = bench_number("count", 20000);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++) {
        uv_loop_t loop;
        bench_need(uv_loop_init(&loop) == 0, "uv_loop_init");
        bench_need(uv_loop_close(&loop) == 0, "uv_loop_close");
    }
    return bench_each(began, count);
}
BENCH_SIDE(libuv, by_uv)
