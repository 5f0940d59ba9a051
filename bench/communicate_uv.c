#include <stdlib.h>
#include <string.h>

#include "child_uv.h"
#include "communicate.h"
#include "floor.h"

static struct communicate_buffer out;

static void room(struct child_uv *child, uv_buf_t *buffer)
{
    (void)child;
    *buffer = uv_buf_init(communicate_room(&out, CHILD_UV_READ), CHILD_UV_READ);
}

static void came(struct child_uv *child, const char *data, size_t len)
{
    (void)child;
    (void)data;
    out.len += len;
}

static void written(uv_write_t *write, int status)
{
    bench_need(status == 0, "uv_write");
    child_uv_close_input(write->handle->data);
}

static double by_uv(void)
{
    static struct child_uv child = {.room = room, .came = came};
    size_t len;
    uv_write_t write;
    const char *from = communicate_input(&len);
    char *unchanged; /* a buffer's base is not const, and only read */
    memcpy(&unchanged, &from, sizeof unchanged);
    uv_buf_t buffer = uv_buf_init(unchanged, (unsigned)len);
    int64_t began = bench_now();
    child_uv_start(&child, communicate_argv, FLOOR_IN | FLOOR_OUT);
    uv_stream_t *in = (uv_stream_t *)&child.pipes[0];
    bench_need(uv_write(&write, in, &buffer, 1, written) == 0, "uv_write");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    double each = communicate_each(began, out.data, out.len);
    free(out.data);
    return each;
}
BENCH_SIDE(libuv, by_uv)
