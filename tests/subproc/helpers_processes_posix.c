/* What the tests of processes ask of Unix: gates are lent descriptors, and a child that is
 * ended by a signal says so. */
#include "processes.h"

const brood_returncode code_killed = -SIGKILL, code_terminated = -SIGTERM,
                       code_broken_pipe = -SIGPIPE;

/* ---- gates ------------------------------------------------------------------------- */

enum { FIRST_NUMBER = 3 };

static struct gate make(bool back)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    struct gate gate = {.ours = ends[!back], .childs = ends[back], .fd_count = 1};
    gate.fds[0] = (brood_child_fd){.child = FIRST_NUMBER, .parent = ends[back]};
    snprintf(gate.name, sizeof gate.name, "%d", FIRST_NUMBER);
    return gate;
}

struct gate gate_make(void)
{
    return make(false);
}

struct gate gate_make_back(void)
{
    return make(true);
}

void gate_add(struct gate *gate, struct gate *other)
{
    int number = FIRST_NUMBER + (int)gate->fd_count;
    cr_assert_lt(gate->fd_count, sizeof gate->fds / sizeof gate->fds[0]);
    gate->fds[gate->fd_count++] = (brood_child_fd){.child = number, .parent = (int)other->childs};
    snprintf(other->name, sizeof other->name, "%d", number);
}

void gate_pass(const struct gate *gate)
{
    cr_assert_eq(write((int)gate->ours, "x", 1), 1);
}

void gate_hear(const struct gate *gate, char *text, size_t size)
{
    ssize_t n = read((int)gate->ours, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
}

void gate_end(struct gate *gate)
{
    if (gate->ours >= 0) {
        close((int)gate->ours);
        close((int)gate->childs);
    }
    gate->ours = -1;
}

/* ---- processes --------------------------------------------------------------------- */

void end_left_child(int64_t number)
{
    int status;
    pid_t pid = (pid_t)number;
    cr_assert_eq(waitpid(pid, &status, WNOHANG), 0, "it runs");
    cr_assert_eq(kill(pid, SIGTERM), 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid, "it is the host's to reap");
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

void kill_process(int64_t pid)
{
    cr_assert_eq(kill((pid_t)pid, SIGKILL), 0);
}

unsigned count_births(void)
{
    return test_calls(FAULT_CLONE) + test_calls(FAULT_FORK);
}

bool usage_is_told(void)
{
    return true;
}
