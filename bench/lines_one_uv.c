#include "child_uv.h"
#include "floor.h"
#include "lines_one.h"
#include "splitter.h"

static struct splitter splitter;

static void room(struct child_uv *child, uv_buf_t *buffer)
{
    size_t size;
    char *to = splitter_room(&splitter, &size);
    (void)child;
    *buffer = uv_buf_init(to, size < CHILD_UV_READ ? (unsigned)size : CHILD_UV_READ);
}

static void came(struct child_uv *child, const char *data, size_t len)
{
    (void)child;
    (void)data;
    splitter_came(&splitter, len);
}

static double by_uv(void)
{
    static struct child_uv child = {.room = room, .came = came};
    int64_t began = bench_now();
    child_uv_start(&child, lines_one_argv(), FLOOR_OUT);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return lines_one_each(began, splitter.lines, splitter.bytes);
}
BENCH_SIDE(libuv, by_uv)
