#include <string.h>

#include "child_uv.h"
#include "floor.h"
#include "round_trip.h"

static size_t heard;

static void say(struct child_uv *child)
{
    char line[ROUND_TRIP_LENGTH];
    if (!round_trip_again()) {
        child_uv_close_input(child);
        return;
    }
    memcpy(line, round_trip_line, sizeof line);
    uv_buf_t buffer = uv_buf_init(line, sizeof line);
    uv_stream_t *in = (uv_stream_t *)&child->pipes[0];
    bench_need(uv_try_write(in, &buffer, 1) == sizeof line, "uv_try_write");
}

static void came(struct child_uv *child, const char *data, size_t len)
{
    bench_need(memcmp(data, round_trip_line + heard, len) == 0, "the answer");
    heard += len;
    if (heard < ROUND_TRIP_LENGTH)
        return;
    heard = 0;
    say(child);
}

static double by_uv(void)
{
    static struct child_uv child = {.came = came};
    child_uv_start(&child, round_trip_argv(), FLOOR_IN | FLOOR_OUT);
    say(&child);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return round_trip_each();
}
BENCH_SIDE(libuv, by_uv)
