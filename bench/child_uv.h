/* A child of libuv with pipes, for all workloads that have any. */
#ifndef BENCH_CHILD_UV_H
#define BENCH_CHILD_UV_H

#include <uv.h>

enum { CHILD_UV_READ = 65536 }; /* what libuv suggests for a read */

struct child_uv {
    uv_process_t process;
    uv_pipe_t pipes[3];
    int open; /* handles */
    void *owner;
    /* Where a read goes; NULL: somewhere. */
    void (*room)(struct child_uv *child, uv_buf_t *room);
    void (*came)(struct child_uv *child, const char *data, size_t len);
    /* Exited with 0, and everything is closed.  NULL: nothing. */
    void (*over)(struct child_uv *child);
};

/* Starts argv[0] in the default loop, with pipes as floor_start has them; the members from
 * `owner` on are the caller's. */
void child_uv_start(struct child_uv *child, const char *const *argv, unsigned pipes);

void child_uv_close_input(struct child_uv *child);

#endif
