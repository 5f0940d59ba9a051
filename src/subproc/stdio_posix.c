/* Opening the child's standard descriptors.  Everything is born close-on-exec,
 * and kept out of 0, 1 and 2 even if the host has closed those. */
#include "stdio_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "io_posix.h"
#include "spawn.h"

/* Without it a 32-bit Linux opens no file beyond 2 GiB, for the child neither. */
#ifndef O_LARGEFILE
#define O_LARGEFILE 0
#endif

static const char *const names[] = {"in", "out", "err"};

void brood__stdio_init(struct brood__stdio *stdio)
{
    for (int i = 0; i < 3; i++) {
        stdio->child[i] = stdio->parent[i] = -1;
        stdio->ours[i] = false;
    }
}

/* The child's end blocks, as programs expect; ours does not. */
static int open_pipe(struct brood__stdio *stdio, int i, const brood_spawn_options *options)
{
    int ends[2] = {-1, -1};
    int error = brood__io_pipe(ends);
    if (error < 0)
        return brood__spawn_failed(options, error, "pipe", names[i]);
    stdio->child[i] = ends[i == 0 ? 0 : 1];
    stdio->ours[i] = true;
    stdio->parent[i] = ends[i == 0 ? 1 : 0];
    /* A new pipe's flags are known: only the access mode, which F_SETFL ignores. */
    if (fcntl(stdio->parent[i], F_SETFL, O_NONBLOCK) < 0)
        return brood__spawn_failed(options, -errno, "pipe", names[i]);
    if (i == 0)
        brood__io_quiet(stdio->parent[i]);
    if (options->pipe_size > 0)
        error = brood__io_set_pipe_size(stdio->parent[i], options->pipe_size);
    if (error < 0) {
        char size[16];
        snprintf(size, sizeof size, "%d", options->pipe_size);
        return brood__spawn_failed(options, error, "pipe_size", size);
    }
    return 0;
}

/* How much may be on its way if nobody says, where the system allows it.  With less, such as
 * Linux' own size, a child that writes 64 KiB at a time and its reader wait for each other
 * (a quarter slower); more gains nothing. */
enum { SOCKET_SIZE = 524288 };

static int set_socket_size(int writer, int reader, const brood_spawn_options *options)
{
    char size[16];
    bool wanted = options->pipe_size > 0;
    int error =
        brood__io_set_socket_size(writer, reader, wanted ? options->pipe_size : SOCKET_SIZE);
    if (error == 0 || !wanted)
        return 0;
    snprintf(size, sizeof size, "%d", options->pipe_size);
    return brood__spawn_failed(options, error, "pipe_size", size);
}

/* One socket is the child's 0 and 1.  Here each direction has a descriptor of its own, since
 * each is in the poller's set, and closed, by itself. */
static int share_socket(struct brood__stdio *stdio, const brood_spawn_options *options)
{
    stdio->child[1] = stdio->child[0];
    stdio->parent[1] = fcntl(stdio->parent[0], F_DUPFD_CLOEXEC, 3);
    if (stdio->parent[1] < 0)
        return brood__spawn_failed(options, -errno, "socket", names[1]);
    return set_socket_size(stdio->child[0], stdio->parent[0], options);
}

static int open_socket(struct brood__stdio *stdio, int i, const brood_spawn_options *options)
{
    if (i == 1 && options->in.kind == BROOD_SOCKET)
        return share_socket(stdio, options);
    int ends[2] = {-1, -1};
    int error = brood__io_sockets(ends);
    if (error < 0)
        return brood__spawn_failed(options, error, "socket", names[i]);
    stdio->child[i] = ends[0];
    stdio->ours[i] = true;
    stdio->parent[i] = ends[1];
    if (fcntl(stdio->parent[i], F_SETFL, O_NONBLOCK) < 0)
        return brood__spawn_failed(options, -errno, "socket", names[i]);
    if (i > 0)
        return set_socket_size(stdio->child[i], stdio->parent[i], options);
    brood__io_quiet(stdio->parent[i]);
    return set_socket_size(stdio->parent[i], stdio->child[i], options);
}

static int open_file(struct brood__stdio *stdio, int i, const char *path, int flags,
                     const brood_spawn_options *options)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_LARGEFILE, 0666);
    while (fd < 0 && errno == EINTR);
    fd = brood__io_keep_clear(fd < 0 ? -errno : fd);
    if (fd < 0)
        return brood__spawn_failed(options, fd, "open", path);
    stdio->child[i] = fd;
    stdio->ours[i] = true;
    return 0;
}

static int open_one(struct brood__stdio *stdio, int i, const brood_stdio *wanted,
                    const brood_spawn_options *options)
{
    int access = i == 0 ? O_RDONLY : O_WRONLY;
    switch (wanted->kind) {
    case BROOD_PIPE:
        return open_pipe(stdio, i, options);
    case BROOD_SOCKET:
        return open_socket(stdio, i, options);
    case BROOD_DEVNULL:
        return open_file(stdio, i, "/dev/null", access, options);
    case BROOD_FILE:
        if (i > 0)
            access |= O_CREAT | (wanted->append ? O_APPEND : O_TRUNC);
        return open_file(stdio, i, wanted->path, access, options);
    case BROOD_FD:
        stdio->child[i] = (int)wanted->fd;
        return 0;
    case BROOD_STDOUT: /* the parent's own 1 if that is what out inherits */
        stdio->child[i] = stdio->child[1] >= 0 ? stdio->child[1] : 1;
        return 0;
    default:
        return 0;
    }
}

int brood__stdio_open(struct brood__stdio *stdio, const brood_spawn_options *options)
{
    const brood_stdio *wanted[] = {&options->in, &options->out, &options->err};
    int error = 0;
    for (int i = 0; i < 3 && error == 0; i++)
        error = open_one(stdio, i, wanted[i], options);
    return error;
}

void brood__stdio_take_parent_ends(struct brood__stdio *stdio, intptr_t ends[3])
{
    for (int i = 0; i < 3; i++) {
        ends[i] = stdio->parent[i];
        stdio->parent[i] = -1;
    }
}

void brood__stdio_close(struct brood__stdio *stdio)
{
    for (int i = 0; i < 3; i++) {
        if (stdio->ours[i])
            brood__io_close(stdio->child[i]);
        brood__io_close(stdio->parent[i]);
    }
    brood__stdio_init(stdio);
}
