/* Lines from one child, as fast as they come. */
#include "lines_one.h"

#include <brood.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"
#include "output.h"
#include "splitter.h"

const char bench_about[] = "Reads lines of 80 bytes from one child.\n"
                           "  count=20000000  how many\n"
                           "  way=outside     brood's: outside of tasks, or in a \"task\"\n"
                           "  kind=pipe       or socket: what brood gives the child";

enum { LENGTH = 80 };

static size_t lines_one_count(void)
{
    return bench_number("count", 20000000);
}

const char *const *lines_one_argv(void)
{
    static char count[24];
    static const char *argv[] = {NULL, "lines", count, "80", NULL};
    argv[0] = bench_beside("producer");
    snprintf(count, sizeof count, "%zu", lines_one_count());
    return argv;
}

double lines_one_each(int64_t began, size_t lines, size_t bytes)
{
    double each = bench_each(began, lines_one_count());
    bench_need(lines == lines_one_count(), "the number of lines");
    bench_need(bytes == lines * LENGTH, "the number of bytes");
    return each;
}

/* ---- the floor ----------------------------------------------------------------- */

static double by_bare_calls(void)
{
    static struct splitter splitter;
    size_t room;
    char *to;
    ssize_t n;
    int64_t began = bench_now();
    struct floor_child child = floor_start(lines_one_argv(), FLOOR_OUT);
    floor_widen(child.out);
    while (to = splitter_room(&splitter, &room), (n = read(child.out, to, room)) > 0)
        splitter_came(&splitter, (size_t)n);
    floor_end(&child);
    return lines_one_each(began, splitter.lines, splitter.bytes);
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

static brood_loop *loop;
static double each;

static int read_lines(void *arg)
{
    brood_process *process;
    brood_returncode code = -1;
    brood_slice line;
    size_t lines = 0, bytes = 0;
    brood_spawn_options options = {.argv = lines_one_argv(), .out = bench_output()};
    (void)arg;
    int64_t began = bench_now();
    bench_need(brood_spawn(loop, &options, &process) == 0, "spawn");
    brood_reader *reader = brood_process_stdout(process);
    while (brood_reader_readline(reader, &line, BROOD_FOREVER) > 0) {
        lines++;
        bytes += line.len;
    }
    bench_need(brood_process_wait(process, &code, BROOD_FOREVER) == 0 && code == 0,
               "the return code");
    each = lines_one_each(began, lines, bytes);
    brood_process_close(process);
    return 0;
}

static double by_brood(void)
{
    brood_task *task;
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    if (strcmp(bench_text("way", "outside"), "task") == 0) {
        bench_need(brood_task_start(loop, read_lines, NULL, &task) == 0, "start");
        bench_need(brood_task_join(task, NULL, BROOD_FOREVER) == 0, "join");
    } else {
        read_lines(NULL);
    }
    brood_loop_close(loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
