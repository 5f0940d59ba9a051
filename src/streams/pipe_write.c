/* Writing to a pipe: directly while it takes everything, then from a buffer, in
 * order; with water marks, and with a watch for a reader that goes away while
 * nothing is being written. */
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "pipe.h"

/* The system takes this many bytes whole or not at all (_POSIX_PIPE_BUF). */
enum { WHOLE_WRITE_MAX = 512 };

/* So much of lent bytes is copied at once where that has to be. */
enum { PIECE = 262144 };

/* ---- a queue of bytes ---------------------------------------------------- */

static int reserve(struct brood__bytes *bytes, size_t len)
{
    if (bytes->cap - bytes->start - bytes->len >= len)
        return 0;
    size_t need = bytes->len + len, cap = bytes->cap < 4096 ? 4096 : bytes->cap;
    while (cap < need)
        cap *= 2;
    char *data = brood__realloc(NULL, cap);
    if (data == NULL)
        return BROOD_ENOMEM;
    if (bytes->len > 0)
        memcpy(data, bytes->data + bytes->start, bytes->len);
    brood__free(bytes->data);
    *bytes = (struct brood__bytes){.data = data, .len = bytes->len, .cap = cap};
    return 0;
}

static void discard(struct brood__bytes *bytes)
{
    brood__free(bytes->data);
    *bytes = (struct brood__bytes){0};
}

/* Appends all parts but their first `skip` bytes; room has been reserved. */
static void append(struct brood__bytes *bytes, const brood_slice *parts, size_t count, size_t skip)
{
    for (size_t i = 0; i < count; i++) {
        size_t left = parts[i].len > skip ? parts[i].len - skip : 0;
        if (left > 0)
            memcpy(bytes->data + bytes->start + bytes->len, parts[i].data + skip, left);
        skip -= parts[i].len - left;
        bytes->len += left;
    }
}

/* ---- flow control -------------------------------------------------------- */

/* Both calls come from the loop, and always in turn: whoever was told that the
 * buffer is over the mark will be told when it no longer is. */
static void tell_flow(brood_pipe *pipe)
{
    if (pipe->state >= BROOD__PIPE_LOSING || !pipe->out.over)
        return;
    if (!pipe->out.told) {
        pipe->out.told = true;
        if (pipe->protocol->pause_writing != NULL)
            pipe->protocol->pause_writing(pipe->arg);
    }
    if (pipe->state < BROOD__PIPE_LOSING && brood__pipe_buffered(pipe) <= pipe->out.low) {
        pipe->out.over = pipe->out.told = false;
        if (pipe->protocol->resume_writing != NULL)
            pipe->protocol->resume_writing(pipe->arg);
    }
}

static void run_flow(struct brood__post *post)
{
    tell_flow(BROOD__CONTAINER(post, brood_pipe, out.flow));
}

static void check_flow(brood_pipe *pipe)
{
    size_t buffered = brood__pipe_buffered(pipe);
    if (buffered > pipe->out.high)
        pipe->out.over = true;
    if (pipe->out.over && (!pipe->out.told || buffered <= pipe->out.low))
        brood__loop_post(pipe->loop, &pipe->out.flow);
}

int brood_pipe_set_limits(brood_pipe *pipe, size_t high, size_t low)
{
    if (pipe == NULL || !pipe->writes)
        return BROOD_EINVAL;
    if (high == BROOD_DERIVED && low == BROOD_DERIVED)
        high = BROOD_DEFAULT_HIGH_WATER;
    if (high == BROOD_DERIVED)
        high = low > SIZE_MAX / 4 ? SIZE_MAX : low * 4;
    if (low == BROOD_DERIVED)
        low = high / 4;
    if (low > high)
        return BROOD_EINVAL;
    int error = brood__loop_check(pipe->loop);
    if (error < 0)
        return error;
    pipe->out.high = high;
    pipe->out.low = low;
    if (pipe->state < BROOD__PIPE_LOSING)
        check_flow(pipe);
    return 0;
}

void brood_pipe_limits(const brood_pipe *pipe, size_t *high, size_t *low)
{
    bool writes = pipe != NULL && pipe->writes;
    *high = writes ? pipe->out.high : 0;
    *low = writes ? pipe->out.low : 0;
}

/* ---- writing ------------------------------------------------------------- */

/* What is lent cannot be in flight: a backend that writes from memory of ours gets it in
 * pieces, which are copied. */
static void borrow(brood_pipe *pipe)
{
    brood_slice piece = pipe->out.lent;
    if (piece.len == 0 || !pipe->loop->backend->table->completes)
        return;
    if (piece.len > PIECE)
        piece.len = PIECE;
    if (reserve(&pipe->out.pending, piece.len) < 0) {
        brood__pipe_lose(pipe, BROOD_ENOMEM);
        return;
    }
    append(&pipe->out.pending, &piece, 1, 0);
    pipe->out.lent.data += piece.len;
    pipe->out.lent.len -= piece.len;
}

/* What has been sent is in flight as one operation; what is written meanwhile
 * collects behind it, so that bytes in flight never move.  Lent bytes are never in
 * flight: they are written when the pipe has room. */
static void send_next(brood_pipe *pipe)
{
    if (pipe->out.op.state != BROOD__IDLE)
        return;
    pipe->out.op.kind = BROOD__WRITE;
    if (pipe->out.sending.len + pipe->out.pending.len == 0)
        borrow(pipe);
    if (pipe->state >= BROOD__PIPE_LOSING)
        return;
    if (pipe->out.sending.len == 0) {
        struct brood__bytes empty = pipe->out.sending;
        pipe->out.sending = pipe->out.pending;
        empty.start = 0;
        pipe->out.pending = empty;
    }
    if (pipe->out.sending.len > 0) {
        pipe->out.op.data = pipe->out.sending.data + pipe->out.sending.start;
        pipe->out.op.len = pipe->out.sending.len;
    } else if (pipe->out.lent.len > 0) {
        pipe->out.op.kind = BROOD__POLL_OUT;
    } else {
        return;
    }
    brood__submit(pipe->loop, &pipe->channel, &pipe->out.op);
}

static void consumed(brood_pipe *pipe, size_t len)
{
    struct brood__bytes *sending = &pipe->out.sending;
    sending->start += len;
    sending->len -= len;
    if (sending->len == 0 && pipe->out.pending.len == 0) {
        discard(sending); /* an idle pipe holds no memory */
        discard(&pipe->out.pending);
    }
}

static void send_lent(brood_pipe *pipe)
{
    if (pipe->out.lent.len == 0) /* it has been kept meanwhile */
        return;
    ptrdiff_t n = pipe->loop->backend->table->try_write(pipe->loop->backend, &pipe->channel,
                                                        &pipe->out.lent, 1);
    if (n < 0 && n != BROOD_EAGAIN)
        brood__pipe_lose(pipe, (int)n);
    if (n > 0) {
        pipe->out.lent.data += n;
        pipe->out.lent.len -= (size_t)n;
    }
}

static void tell_progress(brood_pipe *pipe)
{
    if (pipe->out.told)
        tell_flow(pipe);
    if (pipe->out.source != NULL && brood__pipe_buffered(pipe) == 0)
        pipe->out.source->emptied(pipe->out.source);
}

static void written(struct brood__op *op)
{
    brood_pipe *pipe = BROOD__CONTAINER(op, brood_pipe, out.op);
    if (pipe->state < BROOD__PIPE_LOSING) {
        if (op->kind == BROOD__POLL_OUT && op->result >= 0)
            send_lent(pipe);
        else if (op->result >= 0)
            consumed(pipe, (size_t)op->result);
        else if (op->result != BROOD_ECANCELED)
            brood__pipe_lose(pipe, (int)op->result);
    }
    if (pipe->state < BROOD__PIPE_LOSING)
        tell_progress(pipe);
    if (pipe->state < BROOD__PIPE_LOSING) { /* the protocol may have ended it just now */
        send_next(pipe);
        if (pipe->state == BROOD__PIPE_FLUSHING && brood__pipe_buffered(pipe) == 0)
            brood__pipe_lose(pipe, 0);
    }
    brood__pipe_lost_if_idle(pipe);
}

/* Fails where the system cannot tell (EPERM): then only a write will show it. */
static void reader_gone(struct brood__op *op)
{
    brood_pipe *pipe = BROOD__CONTAINER(op, brood_pipe, out.gone);
    if (op->result >= 0)
        brood__pipe_lose(pipe, brood__pipe_buffered(pipe) > 0 ? BROOD_EPIPE : 0);
    brood__pipe_lost_if_idle(pipe);
}

void brood__pipe_write_init(brood_pipe *pipe)
{
    pipe->out.op.kind = BROOD__WRITE;
    pipe->out.op.done = written;
    pipe->out.gone.kind = BROOD__POLL_GONE;
    pipe->out.gone.done = reader_gone;
    pipe->out.high = BROOD_DEFAULT_HIGH_WATER;
    pipe->out.low = BROOD_DEFAULT_HIGH_WATER / 4;
    brood__post_init(&pipe->out.flow, run_flow);
}

void brood__pipe_write_arm(brood_pipe *pipe)
{
    if (pipe->state < BROOD__PIPE_LOSING && pipe->out.gone.state == BROOD__IDLE)
        brood__submit(pipe->loop, &pipe->channel, &pipe->out.gone);
}

void brood__pipe_write_drop(brood_pipe *pipe)
{
    brood__loop_withdraw(&pipe->out.flow);
    pipe->out.dropped = brood__pipe_buffered(pipe) > 0;
    discard(&pipe->out.sending);
    discard(&pipe->out.pending);
    pipe->out.lent.len = 0;
}

/* As much as the pipe takes now; only when nothing is buffered before it. */
static ptrdiff_t write_directly(brood_pipe *pipe, const brood_slice *parts, size_t count)
{
    if (brood__pipe_buffered(pipe) > 0)
        return 0;
    ptrdiff_t n =
        pipe->loop->backend->table->try_write(pipe->loop->backend, &pipe->channel, parts, count);
    return n == BROOD_EAGAIN ? 0 : n;
}

/* A backend that writes from memory of ours knows at once when nobody reads. */
static ptrdiff_t failure_at_once(const brood_pipe *pipe)
{
    bool known = pipe->loop->backend->table->completes && pipe->out.op.state == BROOD__SETTLED;
    return known && pipe->out.op.result < 0 ? pipe->out.op.result : 0;
}

int brood_pipe_writev(brood_pipe *pipe, const brood_slice *parts, size_t count)
{
    int error = brood__pipe_check(pipe, true);
    if (error < 0)
        return error;
    if (parts == NULL && count > 0)
        return BROOD_EINVAL;
    size_t buffered = brood__pipe_buffered(pipe), total = 0;
    size_t room = buffered < BROOD_MAX_BUFFERED ? BROOD_MAX_BUFFERED - buffered : 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].data == NULL && parts[i].len > 0)
            return BROOD_EINVAL;
        if (parts[i].len > room - total)
            return BROOD_ENOBUFS;
        total += parts[i].len;
    }
    if (total == 0)
        return 0;

    /* All or nothing is accepted: where the system might take a part, the memory
     * for the rest comes first. */
    bool whole = total <= WHOLE_WRITE_MAX && count <= BROOD__TRY_PARTS;
    if (!whole && reserve(&pipe->out.pending, total) < 0)
        return BROOD_ENOMEM;
    ptrdiff_t sent = write_directly(pipe, parts, count);
    if (sent >= 0 && (size_t)sent < total && reserve(&pipe->out.pending, total) < 0) {
        if (sent == 0)
            return BROOD_ENOMEM;
        sent = BROOD_ENOMEM; /* a device took a part of a short write */
    }
    if (sent < 0) {
        brood__pipe_lose(pipe, (int)sent);
        return (int)sent;
    }
    append(&pipe->out.pending, parts, count, (size_t)sent);
    if (brood__pipe_buffered(pipe) == 0)
        discard(&pipe->out.pending);
    send_next(pipe);
    ptrdiff_t failure = failure_at_once(pipe);
    if (failure < 0) {
        brood__pipe_lose(pipe, (int)failure);
        return (int)failure;
    }
    check_flow(pipe);
    return pipe->out.over ? 1 : 0;
}

int brood_pipe_write(brood_pipe *pipe, const void *data, size_t len)
{
    return brood_pipe_writev(pipe, &(brood_slice){.data = data, .len = len}, 1);
}

size_t brood_pipe_buffered(const brood_pipe *pipe)
{
    if (pipe == NULL || !pipe->writes)
        return 0;
    return brood__pipe_buffered(pipe);
}

int brood_pipe_write_eof(brood_pipe *pipe)
{
    int error = brood__pipe_check(pipe, true);
    if (error == BROOD_ECLOSED) /* twice is fine */
        return 0;
    if (error == 0)
        brood__pipe_finish(pipe);
    return error;
}

int brood__pipe_lend(brood_pipe *pipe, const void *data, size_t len)
{
    int error = brood__pipe_check(pipe, true);
    if (error < 0)
        return error;
    pipe->out.lent = (brood_slice){.data = data, .len = len};
    if (pipe->out.sending.len + pipe->out.pending.len == 0 && len > 0)
        send_lent(pipe);
    if (pipe->state == BROOD__PIPE_OPEN) {
        brood__pipe_finish(pipe);
        send_next(pipe);
    }
    return 0;
}

int brood__pipe_keep(brood_pipe *pipe)
{
    brood_slice lent = pipe->out.lent;
    if (lent.len == 0 || pipe->state >= BROOD__PIPE_LOSING)
        return 0;
    if (reserve(&pipe->out.pending, lent.len) < 0) {
        brood__pipe_lose(pipe, BROOD_ENOMEM);
        pipe->out.lent.len = 0;
        return BROOD_ENOMEM;
    }
    append(&pipe->out.pending, &lent, 1, 0);
    pipe->out.lent.len = 0;
    return 0;
}

bool brood_pipe_can_write_eof(const brood_pipe *pipe)
{
    return pipe != NULL && pipe->writes;
}
