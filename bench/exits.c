/* The end of one child among many that live on. */
#include "exits.h"

#include <brood.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor.h"

const char bench_about[] = "Kills one of many idle children, whose exit is told, then another.\n"
                           "The median of the exits.\n"
                           "  live=250      children at the beginning\n"
                           "  ended=120     how many of them end";

enum { SETTLE = 100000 /* microseconds: until the last are idle */ };

/* Every side kills the same ones. */
static size_t *random_order(size_t live)
{
    unsigned seed = 1;
    size_t *order = calloc(live, sizeof *order);
    bench_need(order != NULL, "calloc");
    for (size_t i = 0; i < live; i++) {
        size_t other = (size_t)rand_r(&seed) % (i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}

double exits_measure(const struct exits_way *way)
{
    size_t live = bench_number("live", 250), ended = bench_number("ended", 120);
    bench_need(ended > 0 && ended <= live, "ended");
    bench_raise_descriptors();
    size_t *order = random_order(live);
    double *costs = calloc(ended, sizeof *costs);
    bench_need(costs != NULL, "calloc");
    const char *const argv[] = {bench_beside("pause"), NULL};
    way->open(live);
    for (size_t i = 0; i < live; i++)
        way->start(i, argv);
    usleep(SETTLE);
    for (size_t i = 0; i < ended; i++) {
        int64_t began = bench_now();
        way->end(order[i]);
        costs[i] = bench_each(began, 1);
    }
    double each = bench_median(costs, ended);
    way->end_all(live);
    free(costs);
    free(order);
    return each;
}

/* ---- the floor ----------------------------------------------------------------- */

static int set;
static struct bare {
    pid_t pid; /* 0: has ended */
    int fd;
} * bare;

static void open_bare(size_t live)
{
    set = epoll_create1(EPOLL_CLOEXEC);
    bare = calloc(live, sizeof *bare);
    bench_need(set >= 0 && bare != NULL, "epoll_create1");
}

static void start_bare(size_t child, const char *const *argv)
{
    bare[child].pid = floor_start(argv, 0).pid;
    bare[child].fd = (int)syscall(SYS_pidfd_open, bare[child].pid, 0u);
    bench_need(bare[child].fd >= 0, "pidfd_open");
    floor_watch(set, bare[child].fd, child);
}

static void end_bare(size_t child)
{
    siginfo_t info;
    struct epoll_event event;
    bench_need(syscall(SYS_pidfd_send_signal, bare[child].fd, SIGKILL, NULL, 0u) == 0, "kill");
    while (epoll_wait(set, &event, 1, -1) < 1)
        bench_need(errno == EINTR, "epoll_wait");
    bench_need(event.data.u64 == child, "which child has ended");
    bench_need(waitid(P_PIDFD, (id_t)bare[child].fd, &info, WEXITED | WNOHANG) == 0, "waitid");
    bench_need(info.si_pid == bare[child].pid && info.si_status == SIGKILL, "the exit status");
    close(bare[child].fd);
    bare[child].pid = 0;
}

static void end_all_bare(size_t live)
{
    for (size_t i = 0; i < live; i++)
        if (bare[i].pid != 0)
            kill(bare[i].pid, SIGKILL);
    for (size_t i = 0; i < live; i++)
        bench_need(bare[i].pid == 0 || waitpid(bare[i].pid, NULL, 0) == bare[i].pid, "waitpid");
    close(set);
    free(bare);
}

static double by_bare_calls(void)
{
    static const struct exits_way way = {open_bare, start_bare, end_bare, end_all_bare};
    return exits_measure(&way);
}
BENCH_SIDE(floor, by_bare_calls)

/* ---- brood ---------------------------------------------------------------------- */

static brood_loop *loop;
static brood_subprocess **children;

static void exited(void *arg)
{
    (void)arg;
    brood_loop_stop(loop);
}
static const brood_subprocess_protocol protocol = {.process_exited = exited};

static void open_brood(size_t live)
{
    children = calloc(live, sizeof *children);
    bench_need(children != NULL, "calloc");
    bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
}

static void start_by_brood(size_t child, const char *const *argv)
{
    brood_spawn_options options = {.argv = argv};
    bench_need(brood_subprocess_exec(loop, &protocol, NULL, &options, &children[child]) == 0,
               "exec");
}

static void end_by_brood(size_t child)
{
    brood_returncode code = 0;
    bench_need(brood_subprocess_kill(children[child]) == 0, "kill");
    bench_need(brood_loop_run(loop) == 0, "run");
    bench_need(brood_subprocess_returncode(children[child], &code) && code == -SIGKILL,
               "the return code");
    brood_subprocess_close(children[child]);
}

static void end_all_by_brood(size_t live)
{
    (void)live;
    brood_loop_close(loop);
    free(children);
}

static double by_brood(void)
{
    static const struct exits_way way = {open_brood, start_by_brood, end_by_brood,
                                         end_all_by_brood};
    return exits_measure(&way);
}
BENCH_SIDE(brood, by_brood)
