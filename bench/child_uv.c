#include "child_uv.h"

#include <string.h>

#include "bench.h"
#include "floor.h"

static void closed(uv_handle_t *handle)
{
    struct child_uv *child = handle->data;
    child->open--;
    if (child->open == 0 && child->over != NULL)
        child->over(child);
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
    bench_need(status == 0 && signal == 0, "the exit status");
    uv_close((uv_handle_t *)process, closed);
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char somewhere[CHILD_UV_READ];
    struct child_uv *child = handle->data;
    (void)suggested;
    if (child->room != NULL)
        child->room(child, buffer);
    else
        *buffer = uv_buf_init(somewhere, sizeof somewhere);
}

static void came(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
    struct child_uv *child = stream->data;
    bench_need(len >= 0 || len == UV_EOF, "a read of libuv's");
    if (len == UV_EOF)
        uv_close((uv_handle_t *)stream, closed);
    else if (len > 0)
        child->came(child, buffer->base, (size_t)len);
}

void child_uv_close_input(struct child_uv *child)
{
    uv_close((uv_handle_t *)&child->pipes[0], closed);
}

void child_uv_start(struct child_uv *child, const char *const *argv, unsigned pipes)
{
    char **unchanged; /* libuv's args is not const, and only read */
    memcpy(&unchanged, &argv, sizeof unchanged);
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = {
        .file = argv[0], .args = unchanged, .exit_cb = exited, .stdio = stdio, .stdio_count = 3};
    child->process.data = child;
    child->open = 1;
    for (int fd = 0; fd < 3; fd++) {
        stdio[fd] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = fd};
        if ((pipes & (1u << fd)) == 0)
            continue;
        uv_pipe_t *pipe = &child->pipes[fd];
        bench_need(uv_pipe_init(uv_default_loop(), pipe, 0) == 0, "uv_pipe_init");
        pipe->data = child;
        child->open++;
        stdio[fd].flags = UV_CREATE_PIPE | (fd == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
        stdio[fd].data.stream = (uv_stream_t *)pipe;
    }
    bench_need(uv_spawn(uv_default_loop(), &child->process, &options) == 0, "uv_spawn");
    for (int fd = 1; fd < 3; fd++)
        if ((pipes & (1u << fd)) != 0)
            uv_read_start((uv_stream_t *)&child->pipes[fd], room, came);
}
