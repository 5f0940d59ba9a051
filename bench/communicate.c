/* Bulk into a child and out of it at once. */
#include "communicate.h"

#include <brood.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor.h"

const char bench_about[] = "Sends bytes through `cat`, and collects what comes out.\n"
                           "  count=536870912   how many";

enum { FLOOR_READ = 256 * 1024, READY_AT_ONCE = 1 << 20, PAGE = 4096 };
#ifndef MADV_POPULATE_WRITE /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

const char *const communicate_argv[] = {"/bin/cat", NULL};
static char *input;
static size_t input_len;

const char *communicate_input(size_t *len)
{
    *len = input_len = bench_number("count", (size_t)512 << 20);
    input = malloc(input_len);
    bench_need(input != NULL, "malloc");
    uint64_t value = 0;
    for (size_t at = 0; at < input_len; at += sizeof value) {
        size_t left = input_len - at;
        value += UINT64_C(0x9e3779b97f4a7c15);
        memcpy(input + at, &value, left < sizeof value ? left : sizeof value);
    }
    return input;
}

double communicate_each(int64_t began, const char *output, size_t len)
{
    double each = bench_each(began, 1) * (double)(1 << 20) / (double)input_len;
    bench_need(len == input_len, "the number of bytes");
    bench_need(memcmp(input, output, len) == 0, "the bytes");
    free(input);
    return each;
}

char *communicate_room(struct communicate_buffer *buffer, size_t room)
{
    if (buffer->cap - buffer->len < room) {
        buffer->cap = 2 * (buffer->cap > room ? buffer->cap : room);
        buffer->data = realloc(buffer->data, buffer->cap);
        bench_need(buffer->data != NULL, "realloc");
    }
    return buffer->data + buffer->len;
}

/* ---- the floor ----------------------------------------------------------------- */

static void write_some(struct floor_child *child, const char *from, size_t len, size_t *sent)
{
    ssize_t n = write(child->in, from + *sent, len - *sent);
    bench_need(n >= 0 || errno == EAGAIN, "write");
    *sent += n > 0 ? (size_t)n : 0;
    if (*sent == len) {
        close(child->in);
        child->in = -1;
    }
}

/* Pages that a read finds missing are cleared while it holds the pipe, and the child waits:
 * so they are asked for beforehand, which costs least by the hundred. */
static void make_ready(struct communicate_buffer *out, size_t *ready)
{
    while (*ready < out->len + FLOOR_READ) {
        size_t left = out->cap - *ready, size = left < READY_AT_ONCE ? left : READY_AT_ONCE;
        char *from = out->data + *ready;
        size_t before = (uintptr_t)from % PAGE;
        madvise(from - before, before + size, MADV_POPULATE_WRITE); /* or the read does it */
        *ready += size;
    }
}

/* Whether more may come. */
static bool read_some(const struct floor_child *child, struct communicate_buffer *out,
                      size_t *ready)
{
    char *to = communicate_room(out, FLOOR_READ);
    make_ready(out, ready);
    ssize_t n = read(child->out, to, FLOOR_READ);
    bench_need(n >= 0 || errno == EAGAIN, "read");
    out->len += n > 0 ? (size_t)n : 0;
    return n != 0;
}

static double by_bare_calls(void)
{
    size_t len, sent = 0, ready = 0;
    const char *from = communicate_input(&len);
    struct communicate_buffer out = {0};
    struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLOUT}};
    int64_t began = bench_now();
    struct floor_child child = floor_start(communicate_argv, FLOOR_IN | FLOOR_OUT);
    floor_widen(child.in);
    floor_widen(child.out);
    fcntl(child.in, F_SETFL, O_NONBLOCK);
    do {
        fds[0].fd = child.out;
        fds[1].fd = child.in;
        bench_need(poll(fds, 2, -1) > 0, "poll");
        if (fds[1].revents != 0)
            write_some(&child, from, len, &sent);
    } while (fds[0].revents == 0 || read_some(&child, &out, &ready));
    floor_end(&child);
    double each = communicate_each(began, out.data, out.len);
    free(out.data);
    return each;
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

static double by_brood(void)
{
    size_t len;
    const char *from = communicate_input(&len);
    brood_buffer out = {0};
    brood_loop *loop;
    brood_process *process;
    brood_returncode code = -1;
    brood_spawn_options options = {
        .argv = communicate_argv, .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    int64_t began = bench_now();
    bench_need(brood_spawn(loop, &options, &process) == 0, "spawn");
    bench_need(brood_process_communicate(process, from, len, &out, NULL, BROOD_FOREVER) == 0,
               "communicate");
    bench_need(brood_process_returncode(process, &code) && code == 0, "the return code");
    double each = communicate_each(began, out.data, out.len);
    brood_buffer_free(&out);
    brood_process_close(process);
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
