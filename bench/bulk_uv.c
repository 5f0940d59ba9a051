#include "bulk.h"
#include "child_uv.h"
#include "floor.h"

static size_t bytes;

static void came(struct child_uv *child, const char *data, size_t len)
{
    (void)child;
    (void)data;
    bytes += len;
}

/* Its pipes are socket pairs. */
static double by_uv(void)
{
    static struct child_uv child = {.came = came};
    int64_t began = bench_now();
    child_uv_start(&child, bulk_argv(), FLOOR_OUT);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return bulk_each(began, bytes);
}
BENCH_SIDE(libuv, by_uv)
