#include <stdlib.h>
#include <uv.h>

#include "timers.h"

static size_t called;

static void fired(uv_timer_t *timer)
{
    called++;
    uv_close((uv_handle_t *)timer, NULL);
}

/* Its resolution is a millisecond. */
static double by_uv(void)
{
    size_t count = timers_count();
    uv_timer_t *timers = malloc(count * sizeof *timers);
    uv_loop_t *loop = uv_default_loop();
    int64_t began = timers_cpu();
    for (size_t i = 0; i < count; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], fired, (uint64_t)timers_delay(i) / 1000000, 0);
    }
    for (size_t i = 0; i < count; i++)
        if (!timers_stays(i))
            uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    double each = timers_each(began, called);
    free(timers);
    return each;
}
BENCH_SIDE(libuv, by_uv)
