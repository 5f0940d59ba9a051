/* A host's own loop drives ours, through brood_loop_fd and brood_loop_next. */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "fake_host.h"
#include "support.h"

SUITE(embed);

/* What a host waits for in poll: milliseconds, rounded up. */
static int timeout_of(brood_time next)
{
    brood_time now = brood_now();
    if (next == BROOD_FOREVER)
        return 60000;
    return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

/* One turn of a host; false when nothing came for a minute. */
static bool host_turn(brood_loop *loop)
{
    struct pollfd ask = {.fd = (int)brood_loop_fd(loop), .events = POLLIN};
    brood_time next = brood_loop_next(loop);
    int count = poll(&ask, 1, timeout_of(next));
    if (count == 0 && next == BROOD_FOREVER)
        return false;
    return brood_loop_step(loop, BROOD_NOWAIT) == 0;
}

static void host_loop(brood_loop *loop, const bool *flag)
{
    while (!*flag)
        cr_assert(host_turn(loop), "the loop has not told that it has something to do");
}

/* Nothing to do, and it says so: the host may sleep. */
static void expect_quiet(brood_loop *loop)
{
    for (int i = 0; i < 4; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_expect_not(host_readable(brood_loop_fd(loop)));
    cr_expect_eq(brood_loop_next(loop), BROOD_FOREVER);
}

Test(embed, a_new_loop_is_quiet)
{
    brood_loop *loop = test_loop();
    cr_assert_not(host_readable(brood_loop_fd(loop)));
    expect_quiet(loop);
    test_loop_close(loop);
}

Test(embed, a_timer_and_a_posted_call)
{
    brood_loop *loop = test_loop();
    bool soon = false, later = false;
    brood_call_soon(loop, host_flag, &soon, NULL);
    host_loop(loop, &soon);
    brood_call_at(loop, brood_in(0.005), host_flag, &later, NULL);
    host_loop(loop, &later);
    expect_quiet(loop);
    test_loop_close(loop);
}

Test(embed, a_child_with_pipes)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "line", "fill", "1", "300000", "exit", "3"),
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE}};
    test_exec(loop, &recorder, &options);
    host_loop(loop, &recorder.made);
    cr_assert_eq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), "go\n", 3), 0);
    host_loop(loop, &recorder.lost);
    cr_assert_eq(recorder.returncode, 3);
    cr_assert_eq(recorder.out[1].len, 300003);
    expect_quiet(loop);
    recorder_free(&recorder);
    test_loop_close(loop);
}

Test(embed, a_loop_with_a_waiting_child_is_quiet)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    test_exec(loop, &recorder, &options);
    host_loop(loop, &recorder.made);
    expect_quiet(loop);
    brood_subprocess_close(recorder.transport);
    host_loop(loop, &recorder.lost);
    expect_quiet(loop);
    recorder_free(&recorder);
    test_loop_close(loop);
}

struct remote {
    brood_loop *loop;
    bool came;
};

static void *post(void *arg)
{
    struct remote *remote = arg;
    brood_call_soon_threadsafe(remote->loop, host_flag, &remote->came);
    return NULL;
}

Test(embed, a_call_from_a_thread)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < 50; i++) {
        struct remote remote = {.loop = loop};
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, post, &remote), 0);
        host_loop(loop, &remote.came);
        pthread_join(thread, NULL);
    }
    expect_quiet(loop);
    test_loop_close(loop);
}

Test(embed, a_signal)
{
    brood_loop *loop = test_loop();
    bool came = false;
    brood_add_signal_handler(loop, SIGUSR1, host_flag, &came);
    raise(SIGUSR1);
    host_loop(loop, &came);
    expect_quiet(loop);
    test_loop_close(loop);
}

struct reading {
    int fd, calls;
    bool came;
};

static void read_byte(void *arg)
{
    struct reading *reading = arg;
    char byte;
    reading->calls++;
    cr_expect_eq(read(reading->fd, &byte, 1), 1);
    reading->came = true;
}

Test(embed, a_descriptor_of_the_host)
{
    brood_loop *loop = test_loop();
    int ends[2];
    host_pipe(ends);
    struct reading reading = {.fd = ends[0]};
    brood_add_reader(loop, ends[0], read_byte, &reading);
    for (int i = 0; i < 3; i++) {
        reading.came = false;
        host_put(ends[1], "x");
        host_loop(loop, &reading.came);
        expect_quiet(loop);
    }
    cr_assert_eq(reading.calls, 3);
    test_loop_close(loop);
    host_pipe_close(ends);
}

/* What is asked for between two steps is known to the one who waits. */
Test(embed, a_pipe_that_is_paused_and_resumed_outside_of_callbacks)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "a", "cat"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE}};
    test_exec(loop, &recorder, &options);
    host_loop(loop, &recorder.made);
    brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    while (recorder.out[1].len < 1)
        cr_assert(host_turn(loop));
    cr_assert_eq(brood_pipe_pause_reading(out), 0);
    expect_quiet(loop);
    cr_assert_eq(brood_pipe_write(in, "b", 1), 0);
    cr_assert_eq(brood_pipe_resume_reading(out), 0);
    while (recorder.out[1].len < 2)
        cr_assert(host_turn(loop));
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    host_loop(loop, &recorder.lost);
    cr_assert_eq(recorder.returncode, 0);
    recorder_free(&recorder);
    test_loop_close(loop);
}

Test(embed, two_loops_in_one_host)
{
    brood_loop *one = test_loop(), *two = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "9")};
    bool came = false;
    brood_call_at(two, brood_in(0.002), host_flag, &came, NULL);
    test_exec(one, &recorder, &options);
    host_loop(one, &recorder.lost);
    host_loop(two, &came);
    cr_assert_eq(recorder.returncode, 9);
    expect_quiet(one);
    expect_quiet(two);
    test_loop_close(one);
    test_loop_close(two);
}

/* ---- loops in threads -------------------------------------------------------------- */

struct worker {
    pthread_t thread;
    const char *status;
    int failed; /* the line */
};

/* Assertions are the main thread's. */
#define WORKER_CHECK(condition)        \
    do {                               \
        if (!(condition)) {            \
            worker->failed = __LINE__; \
            return NULL;               \
        }                              \
    } while (0)

static void *work(void *arg)
{
    struct worker *worker = arg;
    brood_loop_options options = {.child_watcher = test_watcher()};
    brood_loop *loop;
    WORKER_CHECK(brood_loop_open(&loop, &options) == 0);
    for (int i = 0; i < 10; i++) {
        struct recorder recorder = {.close_when_lost = true};
        brood_spawn_options child = {
            .argv = ARGV(test_child(), "out", worker->status, "exit", worker->status),
            .out = {.kind = BROOD_PIPE}};
        bool timer = false;
        WORKER_CHECK(brood_call_at(loop, brood_in(0.001), host_flag, &timer, NULL) == 0);
        WORKER_CHECK(brood_subprocess_exec(loop, &recorder_protocol, &recorder, &child,
                                           &recorder.transport) == 0);
        while (!recorder.lost || !timer)
            WORKER_CHECK(host_turn(loop));
        WORKER_CHECK(recorder.returncode == atoi(worker->status));
        WORKER_CHECK(strcmp(recorder.out[1].data, worker->status) == 0);
        recorder_free(&recorder);
    }
    WORKER_CHECK(brood_loop_close(loop) == 0);
    return NULL;
}

Test(embed, loops_in_several_threads_mind_their_own_children)
{
    static struct worker workers[] = {
        {.status = "1"}, {.status = "2"}, {.status = "3"}, {.status = "4"}};
    test_child(); /* finds the path, once for all threads */
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(workers[i].thread, NULL);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(workers[i].failed, 0, "thread %zu: line %d", i, workers[i].failed);
}
