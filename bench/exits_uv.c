#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "exits.h"

static uv_process_t *children;

static void exited(uv_process_t *child, int64_t status, int signal)
{
    (void)status;
    bench_need(signal == SIGKILL, "the signal");
    uv_close((uv_handle_t *)child, NULL);
    uv_stop(uv_default_loop());
}

static void open_uv(size_t live)
{
    children = calloc(live, sizeof *children);
    bench_need(children != NULL, "calloc");
}

static void start(size_t child, const char *const *argv)
{
    char **unchanged; /* libuv's args is not const, and only read */
    memcpy(&unchanged, &argv, sizeof unchanged);
    uv_process_options_t options = {.file = argv[0], .args = unchanged, .exit_cb = exited};
    bench_need(uv_spawn(uv_default_loop(), &children[child], &options) == 0, "uv_spawn");
}

static void end(size_t child)
{
    bench_need(uv_process_kill(&children[child], SIGKILL) == 0, "uv_process_kill");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    bench_need(uv_is_closing((uv_handle_t *)&children[child]), "which child has ended");
}

static void end_all(size_t live)
{
    for (size_t i = 0; i < live; i++)
        if (!uv_is_closing((uv_handle_t *)&children[i]))
            uv_process_kill(&children[i], SIGKILL);
    while (uv_run(uv_default_loop(), UV_RUN_DEFAULT) != 0)
        ;
}

static double by_uv(void)
{
    static const struct exits_way way = {open_uv, start, end, end_all};
    return exits_measure(&way);
}
BENCH_SIDE(libuv, by_uv)
