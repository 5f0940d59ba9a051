/* A fork inside a callback of a transport: the child that returns into its parent's
 * loop reads nothing, reaps nothing, changes no interest and calls nobody. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

SUITE(fork_transport);

enum { MANY = 150, FORKING_DATA = 2 };
enum { IN_MADE = 1, IN_DATA, IN_EXIT, IN_LOST };

/* One loop, one place at which a callback forks once, and what was told. */
static struct {
    brood_loop *loop;
    pid_t parent, child;
    brood_pipe *pipe;
    size_t received;
    int data_calls, exits, lost, calls_in_child;
    int pipe_error;
    int where;
} state;

static void begin(int where)
{
    memset(&state, 0, sizeof state);
    state.parent = getpid();
    state.where = where;
    state.loop = test_loop();
}

/* The parent goes on when the child has left the loop. */
static void fork_at(int where)
{
    if (getpid() != state.parent)
        state.calls_in_child++;
    if (state.where != where || state.child != 0)
        return;
    state.child = fork();
    if (state.child == 0) {
        state.child = getpid();
        alarm(60);
        return;
    }
    int status;
    cr_assert_eq(waitpid(state.child, &status, 0), state.child);
    cr_expect_eq(status, 0, "the forked child: status 0x%x", (unsigned)status);
}

/* Runs the loop; in the forked child: leaves it, closes it, and ends. */
static void run(void)
{
    int error = brood_loop_run(state.loop);
    if (getpid() != state.parent)
        _exit(error != BROOD_EFORK                ? 1
              : state.calls_in_child > 0          ? 2
              : brood_loop_close(state.loop) != 0 ? 3
              : test_live_allocations() != 0      ? 4
                                                  : 0);
    cr_assert_eq(error, 0);
}

static void made(void *arg, brood_subprocess *transport)
{
    (void)arg;
    (void)transport;
    fork_at(IN_MADE);
}

static void data(void *arg, int fd, const void *bytes, size_t len)
{
    (void)arg, (void)fd, (void)bytes;
    state.received += len;
    if (++state.data_calls == FORKING_DATA || getpid() != state.parent)
        fork_at(IN_DATA);
}

static void pipe_lost(void *arg, int fd, int error)
{
    (void)arg, (void)fd;
    if (error != 0)
        state.pipe_error = error;
}

static void exited(void *arg)
{
    (void)arg;
    state.exits++;
    fork_at(IN_EXIT);
}

static void lost(void *arg, int error)
{
    (void)error;
    size_t *left = arg;
    if (--*left == 0)
        brood_loop_stop(state.loop);
}

static const brood_subprocess_protocol protocol = {
    .connection_made = made,
    .pipe_data_received = data,
    .pipe_connection_lost = pipe_lost,
    .process_exited = exited,
    .connection_lost = lost,
};

static brood_subprocess *start(brood_spawn_options options, const char *const *arguments,
                               size_t *left)
{
    const char *argv[8] = {test_child()};
    for (size_t i = 0; arguments[i] != NULL; i++)
        argv[i + 1] = arguments[i];
    options.argv = argv;
    brood_subprocess *transport;
    cr_assert_eq(brood_subprocess_exec(state.loop, &protocol, left, &options, &transport), 0);
    return transport;
}

static void wait_for_zombie(const brood_subprocess *transport)
{
    siginfo_t info;
    id_t pid = (id_t)brood_subprocess_pid(transport);
    cr_assert_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
}

Test(fork_transport, in_connection_made_the_parents_pipes_stay_whole)
{
    begin(IN_MADE);
    size_t left = 1, total = 1 << 20;
    char *bytes = calloc(1, total);
    brood_subprocess *transport =
        start((brood_spawn_options){.in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}},
              ARGV("cat"), &left);
    brood_pipe *in = brood_subprocess_pipe(transport, 0);
    cr_assert_eq(brood_pipe_write(in, bytes, total), 1);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    run();
    cr_expect_eq(state.received, total);
    cr_expect_eq(state.pipe_error, 0);
    test_loop_close(state.loop);
    free(bytes);
}

Test(fork_transport, in_data_received_the_child_takes_none_of_the_data)
{
    begin(IN_DATA);
    size_t left = 1, wanted = test_abilities().sized_pipes ? 500000 : 8192;
    char amount[24];
    snprintf(amount, sizeof amount, "%zu", wanted);
    brood_spawn_options options = {.out = {.kind = BROOD_PIPE}, .pipe_size = 1 << 20};
    wait_for_zombie(start(options, ARGV("fill", "1", amount), &left));
    run();
    cr_expect_eq(state.received, wanted);
    cr_expect_eq(state.exits, 1);
    test_loop_close(state.loop);
}

Test(fork_transport, in_process_exited_the_child_takes_none_of_the_exits)
{
    begin(IN_EXIT);
    size_t left = MANY;
    for (int i = 0; i < MANY; i++)
        wait_for_zombie(start((brood_spawn_options){0}, ARGV("exit", "0"), &left));
    run();
    cr_expect_eq(state.exits, MANY);
    test_loop_close(state.loop);
}

static void pipe_is_lost(void *arg, int error)
{
    (void)arg, (void)error;
    brood_pipe_close(state.pipe);
    brood_loop_stop(state.loop);
    fork_at(IN_LOST);
}

Test(fork_transport, with_memory_to_be_freed_the_childs_loop_closes_cleanly)
{
    static const brood_pipe_protocol pipe_protocol = {.connection_lost = pipe_is_lost};
    begin(IN_LOST);
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(brood_connect_read_pipe(state.loop, ends[0], &pipe_protocol, NULL, &state.pipe),
                 0);
    close(ends[1]);
    run();
    test_loop_close(state.loop);
}
