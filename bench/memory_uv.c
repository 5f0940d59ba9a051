#include <string.h>
#include <uv.h>

#include "memory.h"

struct child {
    uv_process_t process;
    uv_pipe_t pipes[3];
};

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *room)
{
    static char memory[65536];
    (void)handle, (void)wanted;
    *room = uv_buf_init(memory, sizeof memory);
}

static void ignore_data(uv_stream_t *stream, ssize_t len, const uv_buf_t *data)
{
    (void)stream, (void)len, (void)data;
}

static void start(size_t number)
{
    (void)number;
    char path[4200], echo[] = "echo", *arguments[] = {path, echo, NULL};
    struct child *child = malloc(sizeof *child);
    uv_stdio_container_t stdio[3];
    snprintf(path, sizeof path, "%s", memory_program());
    for (int i = 0; i < 3; i++) {
        uv_pipe_init(uv_default_loop(), &child->pipes[i], 0);
        stdio[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
        stdio[i].data.stream = (uv_stream_t *)&child->pipes[i];
    }
    uv_process_options_t options = {
        .file = path, .args = arguments, .stdio_count = 3, .stdio = stdio};
    bench_need(uv_spawn(uv_default_loop(), &child->process, &options) == 0, "uv_spawn");
    for (int i = 1; i < 3; i++)
        uv_read_start((uv_stream_t *)&child->pipes[i], give_room, ignore_data);
    uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

static double by_uv(void)
{
    return memory_of_each(start);
}
BENCH_SIDE(libuv, by_uv)
