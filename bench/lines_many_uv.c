#include "child_uv.h"
#include "floor.h"
#include "lines_many.h"
#include "splitter.h"

static void room(struct child_uv *child, uv_buf_t *buffer)
{
    size_t size;
    char *to = splitter_room(child->owner, &size);
    *buffer = uv_buf_init(to, size < CHILD_UV_READ ? (unsigned)size : CHILD_UV_READ);
}

static void came(struct child_uv *child, const char *data, size_t len)
{
    (void)data;
    splitter_came(child->owner, len);
}

static double by_uv(void)
{
    static struct child_uv children[LINES_MANY_MOST];
    static struct splitter splitters[LINES_MANY_MOST];
    size_t count = lines_many_children(), lines = 0, bytes = 0;
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++) {
        children[i].owner = &splitters[i];
        children[i].room = room;
        children[i].came = came;
        child_uv_start(&children[i], lines_many_argv(), FLOOR_OUT);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    double each = bench_each(began, lines_many_count());
    for (size_t i = 0; i < count; i++) {
        lines += splitters[i].lines;
        bytes += splitters[i].bytes;
    }
    lines_many_check(lines, bytes);
    return each;
}
BENCH_SIDE(libuv, by_uv)
