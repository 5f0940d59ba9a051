/* Lines from many children at once. */
#include "lines_many.h"

#include <brood.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "floor.h"
#include "output.h"
#include "splitter.h"

const char bench_about[] = "Reads lines of 80 bytes from many children at once.\n"
                           "  children=200\n"
                           "  count=2000000  how many lines in all\n"
                           "  kind=pipe      or socket: what brood gives the children";

size_t lines_many_children(void)
{
    size_t children = bench_number("children", 200);
    bench_need(children > 0 && children <= LINES_MANY_MOST, "children");
    return children;
}

static size_t count_each(void)
{
    return bench_number("count", 2000000) / lines_many_children();
}

size_t lines_many_count(void)
{
    return count_each() * lines_many_children();
}

const char *const *lines_many_argv(void)
{
    static char count[24];
    static const char *argv[] = {NULL, "lines", count, "80", NULL};
    argv[0] = bench_beside("producer");
    snprintf(count, sizeof count, "%zu", count_each());
    return argv;
}

void lines_many_check(size_t lines, size_t bytes)
{
    bench_need(lines == lines_many_count(), "the number of lines");
    bench_need(bytes == lines * LINES_MANY_LENGTH, "the number of bytes");
}

/* ---- the floor ----------------------------------------------------------------- */

static struct bare {
    struct floor_child child;
    struct splitter splitter;
} bare[LINES_MANY_MOST];

/* Whether it has ended. */
static bool read_lines_bare(struct bare *from)
{
    size_t room;
    char *to = splitter_room(&from->splitter, &room);
    ssize_t n = read(from->child.out, to, room);
    bench_need(n >= 0, "read");
    if (n == 0)
        floor_end(&from->child);
    else
        splitter_came(&from->splitter, (size_t)n);
    return n == 0;
}

static double by_bare_calls(void)
{
    struct epoll_event events[64];
    size_t children = lines_many_children(), lines = 0, bytes = 0, ended = 0;
    int set = epoll_create1(EPOLL_CLOEXEC);
    bench_need(set >= 0, "epoll_create1");
    int64_t began = bench_now();
    for (size_t i = 0; i < children; i++) {
        bare[i].child = floor_start(lines_many_argv(), FLOOR_OUT);
        floor_watch(set, bare[i].child.out, i);
    }
    while (ended < children) {
        int ready = epoll_wait(set, events, 64, -1);
        bench_need(ready > 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < ready; i++)
            ended += read_lines_bare(&bare[events[i].data.u64]);
    }
    double each = bench_each(began, lines_many_count());
    for (size_t i = 0; i < children; i++) {
        lines += bare[i].splitter.lines;
        bytes += bare[i].splitter.bytes;
    }
    lines_many_check(lines, bytes);
    close(set);
    return each;
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

struct total {
    size_t lines, bytes;
};

static int read_lines(void *arg)
{
    struct total *total = arg;
    brood_process *process;
    brood_returncode code = -1;
    brood_slice line;
    brood_spawn_options options = {.argv = lines_many_argv(), .out = bench_output()};
    bench_need(brood_spawn(NULL, &options, &process) == 0, "spawn");
    brood_reader *reader = brood_process_stdout(process);
    while (brood_reader_readline(reader, &line, BROOD_FOREVER) > 0) {
        total->lines++;
        total->bytes += line.len;
    }
    bench_need(brood_process_wait(process, &code, BROOD_FOREVER) == 0 && code == 0,
               "the return code");
    brood_process_close(process);
    return 0;
}

static double by_brood(void)
{
    struct total total = {0};
    brood_loop *loop;
    brood_group *group;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    bench_need(brood_group_open(loop, 0, &group) == 0, "group");
    int64_t began = bench_now();
    for (size_t i = 0; i < lines_many_children(); i++)
        bench_need(brood_group_start(group, read_lines, &total) == 0, "start");
    bench_need(brood_group_join(group, NULL, BROOD_FOREVER) == 0, "join");
    double each = bench_each(began, lines_many_count());
    lines_many_check(total.lines, total.bytes);
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
