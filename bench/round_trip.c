/* A line to a child, and its answer, again and again. */
#include "round_trip.h"

#include <brood.h>
#include <string.h>
#include <unistd.h>

#include "floor.h"

const char bench_about[] =
    "Writes a line to a child and reads its answer, again and again, both\n"
    "on one processor.\n"
    "  count=50000   how often\n"
    "  way=protocol  brood's: by callbacks, in a \"task\", or \"outside\" of one";

const char round_trip_line[] = "a line of a conversation\n";

size_t round_trip_count(void)
{
    return bench_number("count", 50000);
}

const char *const *round_trip_argv(void)
{
    static const char *argv[] = {NULL, "echo", NULL};
    bench_stay_on_one_processor();
    argv[0] = bench_beside("producer");
    return argv;
}

static size_t count, made;
static int64_t began;
static double each;

bool round_trip_again(void)
{
    if (made == ROUND_TRIP_WARM_UP) {
        count = round_trip_count();
        began = bench_now();
    }
    if (made >= ROUND_TRIP_WARM_UP && made == ROUND_TRIP_WARM_UP + count) {
        each = bench_each(began, count);
        return false;
    }
    made++;
    return true;
}

double round_trip_each(void)
{
    bench_need(made == ROUND_TRIP_WARM_UP + count, "the number of trips");
    return each;
}

/* ---- the floor ----------------------------------------------------------------- */

static double by_bare_calls(void)
{
    char answer[ROUND_TRIP_LENGTH];
    struct floor_child child = floor_start(round_trip_argv(), FLOOR_IN | FLOOR_OUT);
    while (round_trip_again()) {
        bench_need(write(child.in, round_trip_line, sizeof answer) == sizeof answer, "write");
        bench_need(read(child.out, answer, sizeof answer) == sizeof answer, "read");
        bench_need(memcmp(answer, round_trip_line, sizeof answer) == 0, "the answer");
    }
    floor_end(&child);
    return round_trip_each();
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood, by callbacks ---------------------------------------------------------- */

static brood_loop *loop;

struct talk {
    brood_subprocess *child;
    brood_pipe *in;
    size_t heard; /* of the answer */
};

static void say(struct talk *talk)
{
    if (!round_trip_again())
        brood_pipe_close(talk->in);
    else
        bench_need(brood_pipe_write(talk->in, round_trip_line, ROUND_TRIP_LENGTH) >= 0, "write");
}

static void received(void *arg, int fd, const void *data, size_t len)
{
    struct talk *talk = arg;
    (void)fd;
    bench_need(memcmp(data, round_trip_line + talk->heard, len) == 0, "the answer");
    talk->heard += len;
    if (talk->heard < ROUND_TRIP_LENGTH)
        return;
    talk->heard = 0;
    say(talk);
}

static void over(void *arg, int error)
{
    (void)arg;
    (void)error;
    brood_loop_stop(loop);
}
static const brood_subprocess_protocol protocol = {.pipe_data_received = received,
                                                   .connection_lost = over};

static void by_protocol(const brood_spawn_options *options)
{
    struct talk talk = {.heard = 0};
    brood_returncode code = -1;
    bench_need(brood_subprocess_exec(loop, &protocol, &talk, options, &talk.child) == 0, "exec");
    talk.in = brood_subprocess_pipe(talk.child, 0);
    say(&talk);
    bench_need(brood_loop_run(loop) == 0, "run");
    bench_need(brood_subprocess_returncode(talk.child, &code) && code == 0, "the return code");
    brood_subprocess_close(talk.child);
}

/* ---- brood, by waits --------------------------------------------------------------- */

static int converse(void *arg)
{
    brood_process *process;
    brood_returncode code = -1;
    brood_slice line = {0};
    bench_need(brood_spawn(loop, arg, &process) == 0, "spawn");
    brood_writer *writer = brood_process_stdin(process);
    brood_reader *reader = brood_process_stdout(process);
    while (round_trip_again()) {
        bench_need(brood_writer_write(writer, round_trip_line, ROUND_TRIP_LENGTH) >= 0, "write");
        bench_need(brood_reader_readline(reader, &line, BROOD_FOREVER) == ROUND_TRIP_LENGTH,
                   "readline");
        bench_need(memcmp(line.data, round_trip_line, line.len) == 0, "the answer");
    }
    brood_writer_close(writer);
    bench_need(brood_process_wait(process, &code, BROOD_FOREVER) == 0 && code == 0,
               "the return code");
    brood_process_close(process);
    return 0;
}

static double by_brood(void)
{
    const char *way = bench_text("way", "protocol");
    brood_task *task;
    brood_spawn_options options = {
        .argv = round_trip_argv(), .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
    if (strcmp(way, "protocol") == 0) {
        by_protocol(&options);
    } else if (strcmp(way, "outside") == 0) {
        converse(&options);
    } else {
        bench_need(strcmp(way, "task") == 0, "way");
        bench_need(brood_task_start(loop, converse, &options, &task) == 0, "start");
        bench_need(brood_task_join(task, NULL, BROOD_FOREVER) == 0, "join");
    }
    brood_loop_close(loop);
    return round_trip_each();
}
BENCH_SIDE(brood, by_brood)
