/* A host's own loop drives ours, through brood_loop_next and, where there is one,
 * brood_loop_fd. */
#include "fake_host.h"
#include "support.h"

SUITE(embed);

Test(embed, a_new_loop_is_quiet)
{
    brood_loop *loop = test_loop();
    cr_assert(host_hears_nothing(loop));
    host_expect_quiet(loop);
    test_loop_close(loop);
}

Test(embed, a_timer_and_a_posted_call)
{
    brood_loop *loop = test_loop();
    bool soon = false, later = false;
    brood_call_soon(loop, host_flag, &soon, NULL);
    host_drive(loop, &soon);
    brood_call_at(loop, brood_in(0.005), host_flag, &later, NULL);
    host_drive(loop, &later);
    host_expect_quiet(loop);
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
    host_drive(loop, &recorder.made);
    cr_assert_eq(brood_pipe_write(brood_subprocess_pipe(recorder.transport, 0), "go\n", 3), 0);
    host_drive(loop, &recorder.lost);
    cr_assert_eq(recorder.returncode, 3);
    cr_assert_eq(recorder.out[1].len, 300003);
    host_expect_quiet(loop);
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
    host_drive(loop, &recorder.made);
    host_expect_quiet(loop);
    brood_subprocess_close(recorder.transport);
    host_drive(loop, &recorder.lost);
    host_expect_quiet(loop);
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
        test_thread *thread = test_thread_start(post, &remote);
        host_drive(loop, &remote.came);
        test_thread_join(thread);
    }
    host_expect_quiet(loop);
    test_loop_close(loop);
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
    host_drive(loop, &recorder.made);
    brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
    brood_pipe *out = brood_subprocess_pipe(recorder.transport, 1);
    while (recorder.out[1].len < 1)
        cr_assert(host_turn(loop));
    cr_assert_eq(brood_pipe_pause_reading(out), 0);
    host_expect_quiet(loop);
    cr_assert_eq(brood_pipe_write(in, "b", 1), 0);
    cr_assert_eq(brood_pipe_resume_reading(out), 0);
    while (recorder.out[1].len < 2)
        cr_assert(host_turn(loop));
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    host_drive(loop, &recorder.lost);
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
    host_drive(one, &recorder.lost);
    host_drive(two, &came);
    cr_assert_eq(recorder.returncode, 9);
    host_expect_quiet(one);
    host_expect_quiet(two);
    test_loop_close(one);
    test_loop_close(two);
}

/* ---- loops in threads -------------------------------------------------------------- */

struct worker {
    test_thread *thread;
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
        workers[i].thread = test_thread_start(work, &workers[i]);
    for (size_t i = 0; i < 4; i++)
        test_thread_join(workers[i].thread);
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(workers[i].failed, 0, "thread %zu: line %d", i, workers[i].failed);
}
