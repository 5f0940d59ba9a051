#include "child_uv.h"
#include "fanout.h"
#include "floor.h"

static size_t count, started, bytes;

static void came(struct child_uv *child, const char *data, size_t len)
{
    (void)child;
    (void)data;
    bytes += len;
}

static void start_next(struct child_uv *child)
{
    if (started == count)
        return;
    started++;
    child_uv_start(child, fanout_argv(), FLOOR_OUT | FLOOR_ERR);
}

static double by_uv(void)
{
    static struct child_uv children[FANOUT_WIDTH];
    count = fanout_count();
    int64_t began = bench_now();
    for (size_t i = 0; i < FANOUT_WIDTH; i++) {
        children[i].came = came;
        children[i].over = start_next;
        start_next(&children[i]);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    double each = bench_each(began, count);
    bench_need(bytes == count * FANOUT_BYTES, "the number of bytes");
    return each;
}
BENCH_SIDE(libuv, by_uv)
