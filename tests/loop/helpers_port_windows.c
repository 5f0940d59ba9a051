/* The completion port and its channel. */
#include "helpers_port_windows.h"

#include "spanned_op.h"

#include <stdio.h>

#include "support.h"

struct brood__backend *port_open(void)
{
    struct brood__backend *port = NULL;
    cr_assert_eq(brood__backend_open(&port), 0);
    return port;
}

void port_close(struct brood__backend *port)
{
    port->table->close(port);
}

/* ---- pipes ------------------------------------------------------------------------- */

static void open_ends(struct port_pipe *pipe)
{
    static unsigned count;
    char name[64];
    snprintf(name, sizeof name, "\\\\.\\pipe\\brood-test-port-%lu-%u", GetCurrentProcessId(),
             ++count);
    pipe->ours = CreateNamedPipeA(
        name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, PORT_QUOTA, PORT_QUOTA, 0, NULL);
    cr_assert_neq(pipe->ours, INVALID_HANDLE_VALUE);
    pipe->theirs = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    cr_assert_neq(pipe->theirs, INVALID_HANDLE_VALUE);
}

void port_pipe_open(struct brood__backend *port, struct port_pipe *pipe)
{
    open_ends(pipe);
    cr_assert_eq(port->table->attach(port, &pipe->channel, brood__number_of(pipe->ours)), 0);
}

void port_pipe_close(struct brood__backend *port, struct port_pipe *pipe)
{
    port->table->detach(port, &pipe->channel);
    CloseHandle(pipe->ours);
    port_hang_up(pipe);
}

void port_put(const struct port_pipe *pipe, const char *text)
{
    DWORD written, length = (DWORD)strlen(text);
    cr_assert(WriteFile(pipe->theirs, text, length, &written, NULL));
    cr_assert_eq(written, length);
}

size_t port_take(const struct port_pipe *pipe, size_t len)
{
    char block[PORT_QUOTA];
    size_t taken = 0;
    while (taken < len) {
        DWORD count = 0, room = (DWORD)(len - taken < sizeof block ? len - taken : sizeof block);
        if (!ReadFile(pipe->theirs, block, room, &count, NULL) || count == 0)
            break;
        taken += count;
    }
    return taken;
}

void port_hang_up(struct port_pipe *pipe)
{
    if (pipe->theirs != NULL)
        CloseHandle(pipe->theirs);
    pipe->theirs = NULL;
}

size_t port_available(const struct port_pipe *pipe)
{
    DWORD available = 0;
    cr_assert(PeekNamedPipe(pipe->ours, NULL, 0, NULL, &available, NULL));
    return available;
}

/* ---- operations ---------------------------------------------------------------------- */

void port_submit(struct brood__backend *port, struct port_pipe *pipe, struct brood__op *op)
{
    port->table->submit(port, &pipe->channel, op);
}

size_t port_wait(struct brood__backend *port, brood_time timeout, struct brood__op **ops,
                 size_t room)
{
    struct brood__op_list ripe;
    struct brood__op *op;
    size_t count = 0;
    brood__op_list_init(&ripe);
    cr_assert_eq(port->table->wait(port, timeout, &ripe), 0);
    for (; (op = brood__op_list_take(&ripe)) != NULL; count++)
        if (count < room)
            ops[count] = op;
    return count;
}

bool port_finish(struct brood__backend *port, struct brood__op *op)
{
    bool done = finish_spanned(port, op);
    cr_assert_eq(op->state == BROOD__IDLE, done);
    return done;
}

ptrdiff_t port_await(struct brood__backend *port, struct brood__op *op)
{
    brood_time deadline = test_deadline();
    for (;;) {
        struct brood__op *ripe = NULL;
        size_t count = port_wait(port, deadline - brood_now(), &ripe, 1);
        cr_assert_lt(brood_now(), deadline, "it has not completed");
        if (count == 0)
            continue;
        cr_assert_eq(count, 1);
        cr_assert_eq(ripe, op);
        if (port_finish(port, op))
            return op->result;
    }
}

void port_expect_nothing(struct brood__backend *port)
{
    cr_expect_eq(port_wait(port, 0, NULL, 0), 0);
    cr_expect_eq(port_wait(port, 5000000, NULL, 0), 0);
}
