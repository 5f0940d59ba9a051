#include <uv.h>

#include "spawn.h"

static void closed(uv_handle_t *handle)
{
    (void)handle;
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
    bench_need(status == 0 && signal == 0, "the exit status");
    uv_close((uv_handle_t *)process, closed);
}

static void once(const char *program)
{
    char path[4200], *arguments[] = {path, NULL};
    snprintf(path, sizeof path, "%s", program);
    uv_process_t process;
    uv_process_options_t options = {.file = path, .args = arguments, .exit_cb = exited};
    bench_need(uv_spawn(uv_default_loop(), &process, &options) == 0, "uv_spawn");
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static double by_uv(void)
{
    return spawn_again_and_again(once);
}
BENCH_SIDE(libuv, by_uv)
