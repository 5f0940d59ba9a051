/* Bulk from one child. */
#include "bulk.h"

#include <brood.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"
#include "output.h"

const char bench_about[] = "Reads what one child writes, 64 KiB at a time.\n"
                           "  count=4294967296  how many bytes, in whole MiB\n"
                           "  read=262144       how many bytes the floor reads at a time, at most\n"
                           "  kind=pipe         or socket: what brood gives the child";

enum { BLOCK = 65536, FLOOR_READ = 256 * 1024 };

static size_t bulk_count(void)
{
    return bench_number("count", (size_t)4 << 30) >> 20 << 20;
}

const char *const *bulk_argv(void)
{
    static char count[24];
    static const char *argv[] = {NULL, "lines", count, "65536", NULL};
    argv[0] = bench_beside("producer");
    snprintf(count, sizeof count, "%zu", bulk_count() / BLOCK);
    return argv;
}

double bulk_each(int64_t began, size_t bytes)
{
    double each = bench_each(began, bulk_count() >> 20);
    bench_need(bytes == bulk_count(), "the number of bytes");
    return each;
}

/* ---- the floor ----------------------------------------------------------------- */

static double by_bare_calls(void)
{
    static char buffer[FLOOR_READ];
    size_t size = bench_number("read", sizeof buffer), bytes = 0;
    ssize_t n;
    bench_need(size > 0 && size <= sizeof buffer, "read");
    int64_t began = bench_now();
    struct floor_child child = floor_start(bulk_argv(), FLOOR_OUT);
    floor_widen(child.out);
    while ((n = read(child.out, buffer, size)) > 0)
        bytes += (size_t)n;
    floor_end(&child);
    return bulk_each(began, bytes);
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

struct bulk {
    brood_loop *loop;
    size_t bytes;
};

static void received(void *arg, int fd, const void *data, size_t len)
{
    struct bulk *bulk = arg;
    (void)fd;
    (void)data;
    bulk->bytes += len;
}

static void over(void *arg, int error)
{
    struct bulk *bulk = arg;
    (void)error;
    brood_loop_stop(bulk->loop);
}
static const brood_subprocess_protocol protocol = {.pipe_data_received = received,
                                                   .connection_lost = over};

static double by_brood(void)
{
    struct bulk bulk = {.bytes = 0};
    brood_subprocess *child;
    brood_returncode code = -1;
    brood_spawn_options options = {.argv = bulk_argv(), .out = bench_output()};
    bench_need(brood_loop_open(&bulk.loop, NULL) == 0, "loop");
    int64_t began = bench_now();
    bench_need(brood_subprocess_exec(bulk.loop, &protocol, &bulk, &options, &child) == 0, "exec");
    bench_need(brood_loop_run(bulk.loop) == 0, "run");
    bench_need(brood_subprocess_returncode(child, &code) && code == 0, "the return code");
    double each = bulk_each(began, bulk.bytes);
    brood_subprocess_close(child);
    brood_loop_close(bulk.loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
