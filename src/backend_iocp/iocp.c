/* The completion contract (backend.h) on Windows: one completion port.
 *
 * A read is asked for without memory: a read of no bytes, which completes when something
 * has come, or the end, and takes nothing.  The bytes are fetched when the operation is
 * finished, straight to where they belong.  So a thousand idle pipes hold no buffers, a
 * read that is cancelled has lost nothing, and pausing leaves it in flight.
 *
 * A write is in flight from its owner's memory.  The OVERLAPPED of each operation is in
 * the operation: it belongs to the system until the packet has been taken from the port,
 * whatever else has become of it. */
#include <assert.h>
#include <limits.h>
#include <stdatomic.h>

#include "backend.h"
#include "exit_windows.h"
#include "loop.h"
#include "memory.h"
#include "system_windows.h"

enum {
    PACKETS_PER_WAIT = 128,
    SCRATCH_SIZE = 65536,
    WRITE_MAX = 1 << 20, /* bytes of one write: the system may hold them all in its core */
};

/* In a channel's `interest`: what is done at once is told by the call, and by no packet. */
enum { NO_PACKET_AT_ONCE = 1 };

/* What a packet is about. */
enum key { KEY_IO, KEY_WAKE, KEY_EXIT };

struct iocp {
    struct brood__backend base;
    HANDLE port;
    HANDLE done;                   /* an event, for what completes at once           */
    struct brood__op_list settled; /* known already: for the next wait to hand out   */
    char *scratch;
    atomic_bool woken; /* a packet for it is on its way */
};

static_assert(sizeof(OVERLAPPED) <= sizeof(((struct brood__op *)NULL)->room),
              "an OVERLAPPED does not fit into an operation");

static struct iocp *iocp_of(struct brood__backend *backend)
{
    return BROOD__CONTAINER(backend, struct iocp, base);
}

static OVERLAPPED *overlapped_of(struct brood__op *op)
{
    return (OVERLAPPED *)(void *)op->room;
}

static struct brood__op *op_of(OVERLAPPED *overlapped)
{
    return BROOD__CONTAINER((void *)overlapped, struct brood__op, room);
}

static HANDLE handle_of(const struct brood__channel *channel)
{
    return brood__handle_of(channel->handle);
}

/* ---- channels ------------------------------------------------------------- */

static int attach(struct brood__backend *backend, struct brood__channel *channel, intptr_t handle)
{
    HANDLE pipe = brood__handle_of(handle);
    if (CreateIoCompletionPort(pipe, iocp_of(backend)->port, KEY_IO, 0) == NULL)
        return brood__last_error();
    *channel = (struct brood__channel){.handle = handle};
    if (SetFileCompletionNotificationModes(pipe, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        channel->interest = NO_PACKET_AT_ONCE;
    return 0;
}

static void detach(struct brood__backend *backend, struct brood__channel *channel)
{
    (void)backend, (void)channel;
    assert(channel->in == NULL && channel->out == NULL);
}

/* ---- results -------------------------------------------------------------- */

static struct brood__op **place_of(struct brood__channel *channel, const struct brood__op *op)
{
    return op->kind == BROOD__WRITE ? &channel->out : &channel->in;
}

static bool is_end(DWORD error)
{
    return error == ERROR_BROKEN_PIPE || error == ERROR_PIPE_NOT_CONNECTED ||
           error == ERROR_NO_DATA;
}

/* The end of a pipe is found by whoever reads it then. */
static void failed(struct brood__op *op, DWORD error)
{
    op->state = is_end(error) && op->kind != BROOD__WRITE ? BROOD__RIPE : BROOD__SETTLED;
    op->result = brood__error_from(error);
}

/* It is done: the result of the operation is known, but for the bytes of a read. */
static void conclude(struct brood__op *op)
{
    DWORD count;
    if (!GetOverlappedResult(handle_of(op->channel), overlapped_of(op), &count, FALSE)) {
        failed(op, GetLastError());
        return;
    }
    op->state = BROOD__RIPE;
    op->result = op->kind == BROOD__WRITE && count == 0 ? BROOD_EIO : (ptrdiff_t)count;
}

/* ---- operations ------------------------------------------------------------ */

/* Whether it is done already; if not, the system's last error is ERROR_IO_PENDING, or why it
 * could not be started. */
static bool start(struct iocp *iocp, struct brood__op *op)
{
    struct brood__span span = {0};
    HANDLE handle = handle_of(op->channel);
    *overlapped_of(op) = (OVERLAPPED){0};
    SetLastError(ERROR_NOT_SUPPORTED);
    if (op->kind == BROOD__READ || op->kind == BROOD__POLL_GONE)
        return ReadFile(handle, iocp->scratch, 0, NULL, overlapped_of(op));
    if (op->kind != BROOD__WRITE)
        return false;
    op->type->prepare(op, &span);
    DWORD len = (DWORD)(span.len < WRITE_MAX ? span.len : WRITE_MAX);
    return WriteFile(handle, span.data, len, NULL, overlapped_of(op));
}

static void submit(struct brood__backend *backend, struct brood__channel *channel,
                   struct brood__op *op)
{
    struct iocp *iocp = iocp_of(backend);
    struct brood__op **place = place_of(channel, op);
    assert(op->state == BROOD__IDLE && *place == NULL);
    *place = op;
    op->channel = channel;
    op->state = BROOD__SUBMITTED;
    if (op->kind == BROOD__NOTHING) {
        op->state = BROOD__SETTLED;
        op->result = 0;
    } else {
        /* No packet follows when it failed at once. */
        bool done = start(iocp, op);
        DWORD error = GetLastError();
        if (done ? channel->interest != NO_PACKET_AT_ONCE : error == ERROR_IO_PENDING)
            return;
        if (done)
            conclude(op);
        else
            failed(op, error);
    }
    brood__op_list_append(&iocp->settled, op);
}

static void cancel(struct brood__backend *backend, struct brood__op *op)
{
    (void)backend;
    if (op->state == BROOD__SUBMITTED) {
        CancelIoEx(handle_of(op->channel), overlapped_of(op));
    } else if (op->state == BROOD__RIPE && op->kind != BROOD__WRITE) {
        op->state = BROOD__SETTLED; /* nothing has been taken */
        op->result = BROOD_ECANCELED;
    }
}

/* ---- reading what is there -------------------------------------------------- */

/* An event with its lowest bit set keeps the packet from the port. */
static OVERLAPPED unposted(const struct iocp *iocp)
{
    return (OVERLAPPED){.hEvent = (HANDLE)((ULONG_PTR)iocp->done | 1)};
}

/* At least one byte is there, so that the read is done at once; but should it pend after
 * all it is taken back, and has the bytes or not. */
static ptrdiff_t fetch(struct iocp *iocp, HANDLE pipe, void *data, size_t len)
{
    OVERLAPPED overlapped = unposted(iocp);
    DWORD count = 0, wanted = (DWORD)(len < INT_MAX ? len : INT_MAX);
    if (!ReadFile(pipe, data, wanted, NULL, &overlapped)) {
        DWORD error = GetLastError();
        if (error != ERROR_IO_PENDING)
            return is_end(error) ? 0 : brood__error_from(error);
        CancelIoEx(pipe, &overlapped);
    }
    if (GetOverlappedResult(pipe, &overlapped, &count, TRUE))
        return count > 0 ? (ptrdiff_t)count : BROOD_EAGAIN;
    DWORD error = GetLastError();
    if (error == ERROR_OPERATION_ABORTED)
        return BROOD_EAGAIN;
    return is_end(error) ? 0 : brood__error_from(error);
}

/* A child may also have written no bytes: then nothing is there after all. */
static ptrdiff_t read_now(struct iocp *iocp, HANDLE pipe, void **data, size_t len)
{
    DWORD available = 0;
    if (!PeekNamedPipe(pipe, NULL, 0, NULL, &available, NULL))
        return is_end(GetLastError()) ? 0 : brood__last_error();
    if (available == 0)
        return BROOD_EAGAIN;
    if (*data == NULL) {
        *data = iocp->scratch;
        len = SCRATCH_SIZE;
    }
    return fetch(iocp, pipe, *data, len);
}

static ptrdiff_t try_read(struct brood__backend *backend, struct brood__channel *channel,
                          void **data, size_t len)
{
    return read_now(iocp_of(backend), handle_of(channel), data, len);
}

/* Whatever is written has to stay where it is until it is written. */
static ptrdiff_t try_write(struct brood__backend *backend, struct brood__channel *channel,
                           const brood_slice *parts, size_t count)
{
    (void)backend, (void)channel, (void)parts, (void)count;
    return BROOD_EAGAIN;
}

/* ---- finishing --------------------------------------------------------------- */

static void submit_again(struct iocp *iocp, struct brood__op *op)
{
    *place_of(op->channel, op) = NULL;
    op->state = BROOD__IDLE;
    submit(&iocp->base, op->channel, op);
}

/* What somebody has written to the wrong end of a child's stdin is nobody's. */
static bool drop_input(struct iocp *iocp, struct brood__op *op)
{
    void *data = NULL;
    ptrdiff_t n = read_now(iocp, handle_of(op->channel), &data, 0);
    if (n == 0)
        op->result = 0;
    return n == 0;
}

static bool carry_out(struct iocp *iocp, struct brood__op *op, struct brood__span *span)
{
    if (op->kind == BROOD__POLL_GONE)
        return drop_input(iocp, op);
    if (op->kind == BROOD__READ)
        op->result = read_now(iocp, handle_of(op->channel), &span->data, span->len);
    return op->kind != BROOD__READ || op->result != BROOD_EAGAIN;
}

static bool finish(struct brood__backend *backend, struct brood__op *op, struct brood__span *span)
{
    struct iocp *iocp = iocp_of(backend);
    if (op->kind == BROOD__POSTED) {
        op->state = BROOD__IDLE;
        return true;
    }
    if (op->state == BROOD__RIPE && !carry_out(iocp, op, span)) {
        submit_again(iocp, op);
        return false;
    }
    *place_of(op->channel, op) = NULL;
    op->state = BROOD__IDLE;
    return true;
}

/* ---- waiting ------------------------------------------------------------------ */

/* Milliseconds, rounded up: never early by our doing. */
static DWORD milliseconds_of(brood_time timeout)
{
    if (timeout == BROOD_FOREVER)
        return INFINITE;
    brood_time ms = timeout / 1000000 + (timeout % 1000000 != 0);
    return ms > INT_MAX ? INT_MAX : (DWORD)ms;
}

/* One packet; the operation that it completes, or NULL. */
static struct brood__op *receive(struct iocp *iocp, const OVERLAPPED_ENTRY *packet)
{
    struct brood__op *op;
    switch ((enum key)packet->lpCompletionKey) {
    case KEY_IO:
        op = op_of(packet->lpOverlapped);
        conclude(op);
        return op;
    case KEY_EXIT:
        op = (struct brood__op *)(void *)packet->lpOverlapped;
        op->state = BROOD__RIPE;
        return op;
    default:
        atomic_store(&iocp->woken, false);
        return NULL;
    }
}

/* How many; 0: the time has passed; or a negative code. */
static int take_packets(struct iocp *iocp, OVERLAPPED_ENTRY *packets, DWORD timeout)
{
    ULONG count = 0;
    if (GetQueuedCompletionStatusEx(iocp->port, packets, PACKETS_PER_WAIT, &count, timeout, FALSE))
        return (int)count;
    return GetLastError() == WAIT_TIMEOUT ? 0 : brood__last_error();
}

static int wait_for_packets(struct brood__backend *backend, brood_time timeout,
                            struct brood__op_list *ripe)
{
    struct iocp *iocp = iocp_of(backend);
    struct brood__op *op;
    while ((op = brood__op_list_take(&iocp->settled)) != NULL) {
        brood__op_list_append(ripe, op);
        timeout = 0;
    }
    OVERLAPPED_ENTRY packets[PACKETS_PER_WAIT];
    int count = take_packets(iocp, packets, milliseconds_of(timeout));
    for (int i = 0; i < count; i++)
        if ((op = receive(iocp, &packets[i])) != NULL)
            brood__op_list_append(ripe, op);
    return count < 0 ? count : 0;
}

static void post(struct iocp *iocp, enum key key, void *what)
{
    /* It fails without memory in the system's core, which others will give back. */
    while (!PostQueuedCompletionStatus(iocp->port, 0, key, what) &&
           brood__last_error() == BROOD_ENOMEM)
        Sleep(1);
}

static void wake(struct brood__backend *backend)
{
    struct iocp *iocp = iocp_of(backend);
    if (!atomic_exchange(&iocp->woken, true))
        post(iocp, KEY_WAKE, NULL);
}

static brood_time now(struct brood__backend *backend)
{
    (void)backend;
    return brood_now();
}

static intptr_t descriptor(const struct brood__backend *backend)
{
    (void)backend;
    return -1;
}

static bool pending(const struct brood__backend *backend)
{
    return ((const struct iocp *)backend)->settled.first != NULL;
}

/* ---- the end ---------------------------------------------------------------------- */

/* Until its packet has come.  Those of others that come meanwhile are of operations that
 * are abandoned too. */
static void drain(struct iocp *iocp, const struct brood__op *op)
{
    OVERLAPPED_ENTRY packets[PACKETS_PER_WAIT];
    int count = 0;
    while (op->state == BROOD__SUBMITTED && count >= 0) {
        count = take_packets(iocp, packets, INFINITE);
        for (int i = 0; i < count; i++)
            receive(iocp, &packets[i]);
    }
}

static void abandon(struct brood__backend *backend, struct brood__channel *channel)
{
    struct iocp *iocp = iocp_of(backend);
    struct brood__op *ops[] = {channel->in, channel->out};
    for (int i = 0; i < 2; i++)
        if (ops[i] != NULL)
            cancel(backend, ops[i]);
    for (int i = 0; i < 2; i++)
        if (ops[i] != NULL)
            drain(iocp, ops[i]);
    if (ops[0] != NULL || ops[1] != NULL) /* the end: nobody waits any more */
        brood__op_list_init(&iocp->settled);
    channel->in = channel->out = NULL;
}

void brood__exit_post(struct brood__backend *backend, struct brood__op *op)
{
    post(iocp_of(backend), KEY_EXIT, op);
}

void brood__exit_drain(struct brood__backend *backend, struct brood__op *op)
{
    drain(iocp_of(backend), op);
}

static void close_iocp(struct brood__backend *backend)
{
    struct iocp *iocp = iocp_of(backend);
    if (iocp->done != NULL)
        CloseHandle(iocp->done);
    if (iocp->port != NULL)
        CloseHandle(iocp->port);
    brood__free(iocp->scratch);
    brood__free(iocp);
}

static const struct brood__backend_table table = {
    .name = "iocp",
    .completes = true,
    .close = close_iocp,
    .attach = attach,
    .detach = detach,
    .abandon = abandon,
    .submit = submit,
    .cancel = cancel,
    .wait = wait_for_packets,
    .finish = finish,
    .try_read = try_read,
    .try_write = try_write,
    .wake = wake,
    .now = now,
    .descriptor = descriptor,
    .pending = pending,
};

int brood__backend_open(struct brood__backend **backend)
{
    struct iocp *iocp = brood__alloc(sizeof *iocp);
    if (iocp == NULL)
        return BROOD_ENOMEM;
    iocp->base.table = &table;
    brood__op_list_init(&iocp->settled);
    int error = 0;
    iocp->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    if (iocp->port != NULL)
        iocp->done = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (iocp->port == NULL || iocp->done == NULL)
        error = brood__last_error();
    else if ((iocp->scratch = brood__realloc(NULL, SCRATCH_SIZE)) == NULL)
        error = BROOD_ENOMEM;
    if (error < 0) {
        close_iocp(&iocp->base);
        return error;
    }
    *backend = &iocp->base;
    return 0;
}
