/* Loops in a forked child: of no use there, and no danger to the parent. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "loop.h"
#include "support.h"

SUITE(fork);

/* Allocations that are not a loop's: buffers of recorders. */
static size_t buffers;

static void never(void *arg)
{
    (void)arg;
}

/* ---- what every function says ---------------------------------------------------- */

struct objects {
    brood_loop *loop;
    brood_future *future;
    brood_subprocess *child;
    brood_pipe *in, *out;
};

static int loop_functions(struct objects *objects)
{
    brood_loop *loop = objects->loop;
    brood_future *future = NULL;
    CHILD_CHECK(brood_loop_run(loop) == BROOD_EFORK);
    CHILD_CHECK(brood_loop_run_until(loop, objects->future, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_loop_step(loop, BROOD_NOWAIT) == BROOD_EFORK);
    CHILD_CHECK(brood_call_soon(loop, never, NULL, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_call_at(loop, 0, never, NULL, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_call_soon_threadsafe(loop, never, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_add_reader(loop, 0, never, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_add_writer(loop, 1, never, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_remove_reader(loop, 0) == BROOD_EFORK);
    CHILD_CHECK(brood_remove_writer(loop, 1) == BROOD_EFORK);
    CHILD_CHECK(brood_add_signal_handler(loop, SIGUSR1, never, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_remove_signal_handler(loop, SIGUSR1) == BROOD_EFORK);
    CHILD_CHECK(brood_future_open(loop, &future) == BROOD_EFORK && future == NULL);
    return 0;
}

static int transport_functions(struct objects *objects)
{
    static const brood_pipe_protocol protocol = {.connection_lost = NULL};
    brood_spawn_options options = {.argv = ARGV("true")};
    brood_subprocess *child = NULL;
    brood_pipe *pipe = NULL;
    CHILD_CHECK(brood_subprocess_exec(objects->loop, &recorder_protocol, NULL, &options, &child) ==
                BROOD_EFORK);
    CHILD_CHECK(brood_connect_read_pipe(objects->loop, 0, &protocol, NULL, &pipe) == BROOD_EFORK);
    CHILD_CHECK(brood_connect_write_pipe(objects->loop, 1, &protocol, NULL, &pipe) == BROOD_EFORK);
    CHILD_CHECK(child == NULL && pipe == NULL);
    CHILD_CHECK(brood_subprocess_send_signal(objects->child, SIGKILL) == BROOD_EFORK);
    CHILD_CHECK(brood_subprocess_terminate(objects->child) == BROOD_EFORK);
    CHILD_CHECK(brood_subprocess_kill(objects->child) == BROOD_EFORK);
    CHILD_CHECK(brood_pipe_write(objects->in, "no", 2) == BROOD_EFORK);
    CHILD_CHECK(brood_pipe_write_eof(objects->in) == BROOD_EFORK);
    CHILD_CHECK(brood_pipe_pause_reading(objects->out) == BROOD_EFORK);
    CHILD_CHECK(brood_pipe_resume_reading(objects->out) == BROOD_EFORK);
    brood_pipe_close(objects->in);
    brood_pipe_abort(objects->out);
    brood_subprocess_close(objects->child);
    return 0;
}

static int everything(void *arg)
{
    struct objects *objects = arg;
    int line = loop_functions(objects);
    if (line == 0)
        line = transport_functions(objects);
    CHILD_CHECK(line != 0 || brood_loop_close(objects->loop) == 0);
    brood_future_close(objects->future);
    CHILD_CHECK(line != 0 || test_live_allocations() == buffers);
    return line;
}

static void exec_cat(struct objects *objects, struct recorder *recorder)
{
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "ready", "cat", "exit", "4"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE}};
    recorder->close_when_lost = true;
    test_exec(objects->loop, recorder, &options);
    objects->child = recorder->transport;
    objects->in = brood_subprocess_pipe(objects->child, 0);
    objects->out = brood_subprocess_pipe(objects->child, 1);
    brood_time deadline = test_deadline();
    while (recorder->out[1].len < 5)
        cr_assert(brood_loop_step(objects->loop, deadline) == 0 && brood_now() < deadline);
    buffers++;
}

/* After whatever was done elsewhere, the child still answers and ends. */
static void expect_alive(struct objects *objects, struct recorder *recorder)
{
    cr_assert_eq(brood_pipe_write(objects->in, " and well", 9), 0);
    cr_assert_eq(brood_pipe_write_eof(objects->in), 0);
    test_run_until(objects->loop, &recorder->lost);
    cr_assert_eq(recorder->returncode, 4);
    cr_assert_str_eq(recorder->out[1].data, "ready and well");
    recorder_free(recorder);
}

Test(fork, sem_90_every_function_refuses_and_the_parent_notices_nothing)
{
    struct recorder recorder = {0};
    struct objects objects = {.loop = test_loop()};
    cr_assert_eq(brood_future_open(objects.loop, &objects.future), 0);
    exec_cat(&objects, &recorder);
    cr_assert_eq(host_fork(everything, &objects), 0, "see the line in this file");
    expect_alive(&objects, &recorder);
    brood_future_close(objects.future);
    test_loop_close(objects.loop);
}

/* ---- closing there ----------------------------------------------------------------- */

static int close_all(void *arg)
{
    for (brood_loop **loops = arg; *loops != NULL; loops++)
        CHILD_CHECK(brood_loop_close(*loops) == 0);
    CHILD_CHECK(test_live_allocations() == buffers);
    return 0;
}

Test(fork, sem_90_several_loops_are_closed_without_a_trace)
{
    enum { LOOPS = 3 };
    struct recorder recorders[LOOPS] = {{0}};
    struct objects objects[LOOPS];
    brood_loop *loops[LOOPS + 1] = {NULL};
    int ends[2], count = 0;
    host_pipe(ends);
    for (int i = 0; i < LOOPS; i++) {
        objects[i] = (struct objects){.loop = test_loop()};
        exec_cat(&objects[i], &recorders[i]);
        loops[i] = objects[i].loop;
        cr_assert_eq(brood_add_reader(loops[i], ends[0], host_count, &count), 0);
        cr_assert_eq(brood_add_signal_handler(loops[i], SIGUSR1, host_count, &count), 0);
        brood_call_at(loops[i], BROOD_FOREVER, never, NULL, NULL);
        brood_call_soon_threadsafe(loops[i], never, NULL);
    }
    cr_assert_eq(host_fork(close_all, loops), 0);
    for (int i = 0; i < LOOPS; i++)
        expect_alive(&objects[i], &recorders[i]);
    host_put(ends[1], "x");
    raise(SIGUSR1);
    count = 0;
    for (int i = 0; i < LOOPS; i++)
        cr_assert_eq(brood_loop_step(loops[i], BROOD_NOWAIT), 0);
    cr_assert_eq(count, 2 * LOOPS, "descriptors and signals are watched as before");
    for (int i = 0; i < LOOPS; i++)
        test_loop_close(loops[i]);
    host_pipe_close(ends);
}

/* The mode of the descriptor is shared with the parent. */
Test(fork, sem_90_closing_does_not_switch_the_parents_pipes)
{
    static const brood_pipe_protocol protocol = {.connection_lost = NULL};
    int ends[2];
    brood_pipe *pipe;
    brood_loop *loops[] = {test_loop(), NULL};
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(brood_connect_read_pipe(loops[0], ends[0], &protocol, NULL, &pipe), 0);
    test_settle(loops[0]);
    cr_assert_neq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
    cr_assert_eq(host_fork(close_all, loops), 0);
    cr_expect_neq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0, "the parent's reads would block");
    test_loop_close(loops[0]);
    close(ends[1]);
}

/* ---- signals ----------------------------------------------------------------------- */

struct bells {
    brood_loop *loop;
    int rung[2], over[2];
};

/* Has a child of its own end, and waits for the parent to have looked. */
static int ring_bells(void *arg)
{
    struct bells *bells = arg;
    char byte;
    int status;
    struct sigaction now;
    CHILD_CHECK(sigaction(SIGCHLD, NULL, &now) == 0);
    CHILD_CHECK((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL);
    CHILD_CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    CHILD_CHECK(waitpid(pid, &status, 0) == pid);
    raise(SIGCHLD);
    raise(SIGUSR1);
    CHILD_CHECK(write(bells->rung[1], "x", 1) == 1);
    CHILD_CHECK(read(bells->over[0], &byte, 1) == 1);
    return 0;
}

static pid_t fork_aside(int (*body)(void *), void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(body(arg) == 0 ? 0 : 1);
    }
    cr_assert_gt(pid, 0);
    return pid;
}

Test(fork, sem_90_the_childs_signals_do_not_wake_the_parent)
{
    struct recorder recorder = {0};
    struct objects objects = {.loop = test_loop()};
    struct bells bells = {.loop = objects.loop};
    int count = 0, status;
    char byte;
    cr_assert_eq(pipe2(bells.rung, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(bells.over, O_CLOEXEC), 0);
    exec_cat(&objects, &recorder);
    brood_add_signal_handler(objects.loop, SIGUSR1, host_count, &count);
    test_settle(objects.loop);
    pid_t pid = fork_aside(ring_bells, &bells);
    cr_assert_eq(read(bells.rung[0], &byte, 1), 1);
    cr_expect_not(host_readable(brood_loop_fd(objects.loop)));
    cr_expect(host_may_sleep(objects.loop));
    cr_assert_eq(write(bells.over[1], "x", 1), 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    test_settle(objects.loop);
    cr_assert_eq(count, 0);
    expect_alive(&objects, &recorder);
    test_loop_close(objects.loop);
    host_pipe_close(bells.rung);
    host_pipe_close(bells.over);
}

/* ---- a life of its own ------------------------------------------------------------- */

static int run_own_loop(void *arg)
{
    brood_loop *parents = arg, *own;
    brood_loop_options loop_options = {.child_watcher = test_watcher()};
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "5")};
    struct recorder recorder = {.close_when_lost = true};
    CHILD_CHECK(brood_loop_open(&own, &loop_options) == 0);
    CHILD_CHECK(brood_subprocess_exec(own, &recorder_protocol, &recorder, &options,
                                      &recorder.transport) == 0);
    while (!recorder.lost)
        CHILD_CHECK(brood_loop_step(own, test_deadline()) == 0);
    CHILD_CHECK(recorder.returncode == 5);
    CHILD_CHECK(brood_loop_close(own) == 0);
    CHILD_CHECK(brood_loop_run(parents) == BROOD_EFORK);
    return 0;
}

Test(fork, a_forked_child_may_have_loops_of_its_own)
{
    struct recorder recorder = {0};
    struct objects objects = {.loop = test_loop()};
    exec_cat(&objects, &recorder);
    cr_assert_eq(host_fork(run_own_loop, objects.loop), 0);
    expect_alive(&objects, &recorder);
    test_loop_close(objects.loop);
}

static int fork_again(void *arg)
{
    brood_loop *own, *all[] = {NULL, NULL};
    CHILD_CHECK(brood_loop_open(&own, NULL) == 0);
    CHILD_CHECK(brood_loop_step(own, BROOD_NOWAIT) == 0);
    all[0] = own;
    pid_t pid = fork();
    if (pid == 0)
        _exit(brood_loop_step(own, BROOD_NOWAIT) == BROOD_EFORK &&
                      brood_loop_step(arg, BROOD_NOWAIT) == BROOD_EFORK
                  ? 0
                  : 1);
    int status;
    CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHILD_CHECK(brood_loop_step(own, BROOD_NOWAIT) == 0);
    CHILD_CHECK(brood_loop_close(all[0]) == 0);
    return 0;
}

Test(fork, each_generation_has_its_own_loops)
{
    brood_loop *loop = test_loop();
    cr_assert_eq(host_fork(fork_again, loop), 0);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    test_loop_close(loop);
}
