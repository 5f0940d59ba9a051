/* What a host on Windows does in its own way: waiting for a loop, and events. */
#include "fake_host.h"

#include <stdio.h>
#include <windows.h>

#include "support.h"

/* ---- driving a loop --------------------------------------------------------------- */

/* There is nothing to wait for: it looks at the loop every millisecond, and sooner when
 * the loop has said so. */
bool host_turn(brood_loop *loop)
{
    if (brood_loop_next(loop) > brood_now())
        Sleep(1);
    return brood_loop_step(loop, BROOD_NOWAIT) == 0;
}

bool host_hears_nothing(brood_loop *loop)
{
    return brood_loop_fd(loop) == -1;
}

/* ---- events: a byte in a pipe ------------------------------------------------------ */

const int host_event_kinds = 1;

static void make_call(void *arg, const void *data, size_t len)
{
    struct host_event *event = arg;
    (void)data;
    cr_expect_eq(len, 1);
    event->call(event->arg);
}

static const brood_pipe_protocol protocol = {.data_received = make_call};

static void open_ends(struct host_event *event)
{
    static LONG count;
    char name[64];
    snprintf(name, sizeof name, "\\\\.\\pipe\\brood-test-host-%lu-%ld", GetCurrentProcessId(),
             InterlockedIncrement(&count));
    HANDLE reading = CreateNamedPipeA(
        name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 4096, 4096, 0, NULL);
    cr_assert_neq(reading, INVALID_HANDLE_VALUE);
    HANDLE writing = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    cr_assert_neq(writing, INVALID_HANDLE_VALUE);
    event->ends[0] = (intptr_t)reading;
    event->ends[1] = (intptr_t)writing;
}

/* The transport first begins to read. */
void host_event_open(struct host_event *event, brood_loop *loop, int kind, brood_callback *call,
                     void *arg)
{
    DWORD written;
    *event = (struct host_event){.loop = loop, .call = call, .arg = arg, .kind = kind};
    open_ends(event);
    cr_assert_eq(brood_connect_read_pipe(loop, event->ends[0], &protocol, event, &event->pipe), 0);
    test_settle(loop);
    cr_assert(WriteFile((HANDLE)event->ends[1], "x", 1, &written, NULL));
}

void host_event_close(struct host_event *event)
{
    brood_pipe_close(event->pipe);
    test_settle(event->loop);
    CloseHandle((HANDLE)event->ends[1]);
}
