/* Children by the dozen at a time, each with two pipes that are read to their ends. */
#include "fanout.h"

#include <brood.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "floor.h"

const char bench_about[] = "Starts programs, 64 of them at a time, and reads their stdout and\n"
                           "stderr, a line each, to the end.\n"
                           "  count=1000    how many in all";

size_t fanout_count(void)
{
    return bench_number("count", 1000);
}

const char *const *fanout_argv(void)
{
    static const char *argv[] = {NULL, "both", NULL};
    argv[0] = bench_beside("producer");
    return argv;
}

/* ---- the floor ----------------------------------------------------------------- */

struct slot {
    struct floor_child child;
    int open; /* pipes */
};

static void fill_slot(struct slot *slots, size_t which, int set)
{
    struct slot *slot = &slots[which];
    slot->child = floor_start(fanout_argv(), FLOOR_OUT | FLOOR_ERR);
    slot->open = 2;
    floor_watch(set, slot->child.out, 2 * which);
    floor_watch(set, slot->child.err, 2 * which + 1);
}

/* To the end, if the other end is closed; whether it was. */
static bool read_ready(int fd, unsigned events, size_t *bytes)
{
    static char buffer[FANOUT_READ];
    ssize_t n;
    do {
        n = read(fd, buffer, sizeof buffer);
        bench_need(n >= 0, "read");
        *bytes += (size_t)n;
    } while (n > 0 && (events & EPOLLHUP) != 0);
    return n == 0;
}

/* Whether this was the child's end. */
static bool take_event(struct slot *slots, const struct epoll_event *event, int set, size_t *bytes)
{
    struct slot *slot = &slots[event->data.u64 / 2];
    int *fd = event->data.u64 % 2 == 0 ? &slot->child.out : &slot->child.err;
    if (!read_ready(*fd, event->events, bytes))
        return false;
    /* A child that is just being started may still hold a copy, which keeps it in the set. */
    epoll_ctl(set, EPOLL_CTL_DEL, *fd, NULL);
    close(*fd);
    *fd = -1;
    if (--slot->open > 0)
        return false;
    floor_end(&slot->child);
    return true;
}

static double by_bare_calls(void)
{
    struct slot slots[FANOUT_WIDTH];
    struct epoll_event events[FANOUT_WIDTH];
    size_t count = fanout_count(), started = 0, ended = 0, bytes = 0;
    int set = epoll_create1(EPOLL_CLOEXEC);
    bench_need(set >= 0, "epoll_create1");
    int64_t began = bench_now();
    for (; started < FANOUT_WIDTH && started < count; started++)
        fill_slot(slots, started, set);
    while (ended < count) {
        int ready = epoll_wait(set, events, FANOUT_WIDTH, -1);
        bench_need(ready > 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < ready; i++) {
            if (!take_event(slots, &events[i], set, &bytes))
                continue;
            ended++;
            if (started < count) {
                fill_slot(slots, events[i].data.u64 / 2, set);
                started++;
            }
        }
    }
    double each = bench_each(began, count);
    bench_need(bytes == count * FANOUT_BYTES, "the number of bytes");
    close(set);
    return each;
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

struct fanout {
    brood_loop *loop;
    size_t count, started, ended, bytes;
};

struct job {
    struct fanout *fanout;
    brood_subprocess *child;
};

static void start_job(struct job *job);

static void received(void *arg, int fd, const void *data, size_t len)
{
    struct job *job = arg;
    (void)fd;
    (void)data;
    job->fanout->bytes += len;
}

static void over(void *arg, int error)
{
    struct job *job = arg;
    struct fanout *fanout = job->fanout;
    brood_returncode code = -1;
    (void)error;
    bench_need(brood_subprocess_returncode(job->child, &code) && code == 0, "the return code");
    brood_subprocess_close(job->child);
    fanout->ended++;
    if (fanout->started < fanout->count)
        start_job(job);
    else if (fanout->ended == fanout->count)
        brood_loop_stop(fanout->loop);
}
static const brood_subprocess_protocol protocol = {.pipe_data_received = received,
                                                   .connection_lost = over};

static void start_job(struct job *job)
{
    brood_spawn_options options = {
        .argv = fanout_argv(), .out = {.kind = BROOD_PIPE}, .err = {.kind = BROOD_PIPE}};
    job->fanout->started++;
    bench_need(brood_subprocess_exec(job->fanout->loop, &protocol, job, &options, &job->child) == 0,
               "exec");
}

static double by_brood(void)
{
    struct fanout fanout = {.count = fanout_count()};
    struct job jobs[FANOUT_WIDTH];
    bench_need(brood_loop_open(&fanout.loop, NULL) == 0, "loop");
    int64_t began = bench_now();
    for (size_t i = 0; i < FANOUT_WIDTH && i < fanout.count; i++) {
        jobs[i].fanout = &fanout;
        start_job(&jobs[i]);
    }
    bench_need(brood_loop_run(fanout.loop) == 0, "run");
    double each = bench_each(began, fanout.count);
    bench_need(fanout.bytes == fanout.count * FANOUT_BYTES, "the number of bytes");
    brood_loop_close(fanout.loop);
    return each;
}
BENCH_SIDE(brood, by_brood)
