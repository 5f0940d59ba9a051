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

/* ---- what is buffered ---------------------------------------------------- */

static void run_flow(struct brood__post *post);

/* NULL: no memory. */
static struct brood__outgoing *outgoing_of(brood_pipe *pipe)
{
    struct brood__write_pipe *out = brood__pipe_out(pipe);
    if (out->outgoing == NULL && (out->outgoing = brood__alloc(sizeof *out->outgoing)) != NULL) {
        brood__post_init(&out->outgoing->flow, run_flow);
        out->outgoing->pipe = pipe;
    }
    return out->outgoing;
}

/* Room for so many bytes that are to go after the others. */
static int reserve_pending(brood_pipe *pipe, size_t len)
{
    struct brood__outgoing *outgoing = outgoing_of(pipe);
    return outgoing == NULL ? BROOD_ENOMEM : reserve(&outgoing->pending, len);
}

static void free_outgoing(brood_pipe *pipe)
{
    struct brood__write_pipe *out = brood__pipe_out(pipe);
    brood__loop_withdraw(&out->outgoing->flow);
    discard(&out->outgoing->sending);
    discard(&out->outgoing->pending);
    brood__free(out->outgoing);
    out->outgoing = NULL;
}

/* An idle pipe holds no memory. */
static void rest(brood_pipe *pipe)
{
    const struct brood__write_pipe *out = brood__pipe_out(pipe);
    if (out->outgoing != NULL && brood__pipe_buffered(pipe) == out->lent.len && !pipe->over &&
        out->op.state == BROOD__IDLE)
        free_outgoing(pipe);
}

/* ---- flow control -------------------------------------------------------- */

/* Both calls come from the loop, and always in turn: whoever was told that the
 * buffer is over the mark will be told when it no longer is. */
static void tell_flow(brood_pipe *pipe)
{
    if (pipe->state >= BROOD__PIPE_LOSING || !pipe->over)
        return;
    if (!pipe->told) {
        pipe->told = true;
        if (pipe->protocol->pause_writing != NULL)
            pipe->protocol->pause_writing(pipe->arg);
    }
    if (pipe->state < BROOD__PIPE_LOSING &&
        brood__pipe_buffered(pipe) <= brood__pipe_out(pipe)->low) {
        pipe->over = pipe->told = false;
        if (pipe->protocol->resume_writing != NULL)
            pipe->protocol->resume_writing(pipe->arg);
    }
}

static void run_flow(struct brood__post *post)
{
    brood_pipe *pipe = BROOD__CONTAINER(post, struct brood__outgoing, flow)->pipe;
    tell_flow(pipe);
    rest(pipe);
}

/* Whoever is over the mark has something buffered; lent bytes do not count, after which
 * nothing can be written. */
static void check_flow(brood_pipe *pipe)
{
    const struct brood__write_pipe *out = brood__pipe_out(pipe);
    size_t buffered = brood__pipe_buffered(pipe);
    if (out->outgoing == NULL)
        return;
    if (buffered > out->high)
        pipe->over = true;
    if (pipe->over && (!pipe->told || buffered <= out->low))
        brood__loop_post(pipe->loop, &out->outgoing->flow);
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
    brood__pipe_out(pipe)->high = high;
    brood__pipe_out(pipe)->low = low;
    if (pipe->state < BROOD__PIPE_LOSING)
        check_flow(pipe);
    return 0;
}

void brood_pipe_limits(const brood_pipe *pipe, size_t *high, size_t *low)
{
    bool writes = pipe != NULL && pipe->writes;
    const struct brood__write_pipe *out = (const struct brood__write_pipe *)(const void *)pipe;
    *high = writes ? out->high : 0;
    *low = writes ? out->low : 0;
}

/* ---- writing ------------------------------------------------------------- */

/* What is lent cannot be in flight: a backend that writes from memory of ours gets it in
 * pieces, which are copied. */
static void borrow(brood_pipe *pipe)
{
    brood_slice *lent = &brood__pipe_out(pipe)->lent, piece = *lent;
    if (piece.len == 0 || !pipe->loop->backend->table->completes)
        return;
    if (piece.len > PIECE)
        piece.len = PIECE;
    if (reserve_pending(pipe, piece.len) < 0) {
        brood__pipe_lose(pipe, BROOD_ENOMEM);
        return;
    }
    append(&brood__pipe_out(pipe)->outgoing->pending, &piece, 1, 0);
    lent->data += piece.len;
    lent->len -= piece.len;
}

/* What is written next is put where it does not move; whether there is anything. */
static bool have_to_send(struct brood__outgoing *outgoing)
{
    if (outgoing == NULL)
        return false;
    if (outgoing->sending.len == 0) {
        struct brood__bytes empty = outgoing->sending;
        outgoing->sending = outgoing->pending;
        empty.start = 0;
        outgoing->pending = empty;
    }
    return outgoing->sending.len > 0;
}

static brood_pipe *pipe_of(struct brood__op *op)
{
    return &BROOD__CONTAINER(op, struct brood__write_pipe, op)->base;
}

static int prepare(struct brood__op *op, struct brood__span *span)
{
    const struct brood__outgoing *outgoing = brood__pipe_out(pipe_of(op))->outgoing;
    if (op->kind == BROOD__WRITE)
        *span = (struct brood__span){.data = outgoing->sending.data + outgoing->sending.start,
                                     .len = outgoing->sending.len};
    return 0;
}

/* What has been sent is in flight as one operation; what is written meanwhile
 * collects behind it, so that bytes in flight never move.  Lent bytes are never in
 * flight: they are written when the pipe has room. */
static void send_next(brood_pipe *pipe)
{
    struct brood__write_pipe *out = brood__pipe_out(pipe);
    if (out->op.state != BROOD__IDLE)
        return;
    out->op.kind = BROOD__WRITE;
    if (brood__pipe_buffered(pipe) == out->lent.len)
        borrow(pipe);
    if (pipe->state >= BROOD__PIPE_LOSING)
        return;
    if (!have_to_send(out->outgoing)) {
        if (out->lent.len == 0)
            return;
        out->op.kind = BROOD__POLL_OUT;
    }
    brood__submit(pipe->loop, &pipe->channel, &out->op);
}

static void consumed(brood_pipe *pipe, size_t len)
{
    struct brood__bytes *sending = &brood__pipe_out(pipe)->outgoing->sending;
    sending->start += len;
    sending->len -= len;
}

static void send_lent(brood_pipe *pipe)
{
    brood_slice *lent = &brood__pipe_out(pipe)->lent;
    if (lent->len == 0) /* it has been kept meanwhile */
        return;
    ptrdiff_t n =
        pipe->loop->backend->table->try_write(pipe->loop->backend, &pipe->channel, lent, 1);
    if (n < 0 && n != BROOD_EAGAIN)
        brood__pipe_lose(pipe, (int)n);
    if (n > 0) {
        lent->data += n;
        lent->len -= (size_t)n;
    }
}

static void tell_progress(brood_pipe *pipe)
{
    struct brood__source *source = brood__pipe_out(pipe)->source;
    if (pipe->told)
        tell_flow(pipe);
    if (source != NULL && brood__pipe_buffered(pipe) == 0)
        source->emptied(source);
}

static void written(struct brood__op *op, void *unused)
{
    (void)unused;
    brood_pipe *pipe = pipe_of(op);
    pipe->in_callback = true;
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
        rest(pipe);
        if (pipe->state == BROOD__PIPE_FLUSHING && brood__pipe_buffered(pipe) == 0)
            brood__pipe_lose(pipe, 0);
    }
    brood__pipe_called(pipe);
}

/* Fails where the system cannot tell (EPERM): then only a write will show it. */
static void reader_gone(struct brood__op *op, void *unused)
{
    (void)unused;
    brood_pipe *pipe = &BROOD__CONTAINER(op, struct brood__write_pipe, gone)->base;
    pipe->in_callback = true;
    if (op->result >= 0)
        brood__pipe_lose(pipe, brood__pipe_buffered(pipe) > 0 ? BROOD_EPIPE : 0);
    brood__pipe_called(pipe);
}

void brood__pipe_write_init(brood_pipe *pipe)
{
    static const struct brood__op_type type = {.prepare = prepare, .done = written};
    static const struct brood__op_type gone_type = {.done = reader_gone};
    struct brood__write_pipe *out = brood__pipe_out(pipe);
    out->op = (struct brood__op){.kind = BROOD__WRITE, .type = &type};
    out->gone = (struct brood__op){.kind = BROOD__POLL_GONE, .type = &gone_type};
    out->outgoing = NULL;
    out->lent = (brood_slice){0};
    out->source = NULL;
    out->high = BROOD_DEFAULT_HIGH_WATER;
    out->low = BROOD_DEFAULT_HIGH_WATER / 4;
}

void brood__pipe_write_arm(brood_pipe *pipe)
{
    struct brood__op *gone = &brood__pipe_out(pipe)->gone;
    if (pipe->state < BROOD__PIPE_LOSING && gone->state == BROOD__IDLE)
        brood__submit(pipe->loop, &pipe->channel, gone);
}

void brood__pipe_write_drop(brood_pipe *pipe)
{
    pipe->dropped = brood__pipe_buffered(pipe) > 0;
    brood__pipe_out(pipe)->lent.len = 0;
    if (brood__pipe_out(pipe)->outgoing != NULL)
        free_outgoing(pipe);
}

/* As much as the pipe takes now; only when nothing is buffered before it. */
static BROOD__INLINE ptrdiff_t write_directly(brood_pipe *pipe, const brood_slice *parts,
                                              size_t count)
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
    const struct brood__op *op = &((const struct brood__write_pipe *)(const void *)pipe)->op;
    bool known = pipe->loop->backend->table->completes && op->state == BROOD__SETTLED;
    return known && op->result < 0 ? op->result : 0;
}

/* How much the parts are together: ENOBUFS when there is no room for it. */
static BROOD__INLINE int measure(const brood_pipe *pipe, const brood_slice *parts, size_t count,
                                 size_t *total)
{
    size_t buffered = brood__pipe_buffered(pipe);
    size_t room = buffered < BROOD_MAX_BUFFERED ? BROOD_MAX_BUFFERED - buffered : 0;
    *total = 0;
    if (parts == NULL && count > 0)
        return BROOD_EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].data == NULL && parts[i].len > 0)
            return BROOD_EINVAL;
        if (parts[i].len > room - *total)
            return BROOD_ENOBUFS;
        *total += parts[i].len;
    }
    return 0;
}

/* What the pipe has not taken, all but the first `sent` bytes, is on its way from now on. */
static BROOD__APART int send_later(brood_pipe *pipe, const brood_slice *parts, size_t count,
                                   size_t sent)
{
    append(&brood__pipe_out(pipe)->outgoing->pending, parts, count, sent);
    send_next(pipe);
    ptrdiff_t failure = failure_at_once(pipe);
    if (failure < 0) {
        brood__pipe_lose(pipe, (int)failure);
        return (int)failure;
    }
    check_flow(pipe);
    return pipe->over ? 1 : 0;
}

static BROOD__INLINE int write_now(brood_pipe *pipe, const brood_slice *parts, size_t count)
{
    size_t total;
    int error = brood__pipe_check(pipe, true);
    if (error == 0)
        error = measure(pipe, parts, count, &total);
    if (error < 0 || total == 0)
        return error;

    /* All or nothing is accepted: where the system might take a part, the memory
     * for the rest comes first. */
    bool whole = total <= WHOLE_WRITE_MAX && count <= BROOD__TRY_PARTS;
    if (!whole && reserve_pending(pipe, total) < 0)
        return BROOD_ENOMEM;
    ptrdiff_t sent = write_directly(pipe, parts, count);
    if (sent >= 0 && (size_t)sent < total && reserve_pending(pipe, total) < 0) {
        if (sent == 0)
            return BROOD_ENOMEM;
        sent = BROOD_ENOMEM; /* a device took a part of a short write */
    }
    if (sent < 0) {
        brood__pipe_lose(pipe, (int)sent);
        return (int)sent;
    }
    if ((size_t)sent < total)
        return send_later(pipe, parts, count, (size_t)sent);
    rest(pipe);
    return pipe->over ? 1 : 0;
}

int brood_pipe_writev(brood_pipe *pipe, const brood_slice *parts, size_t count)
{
    return write_now(pipe, parts, count);
}

int brood_pipe_write(brood_pipe *pipe, const void *data, size_t len)
{
    return write_now(pipe, &(brood_slice){.data = data, .len = len}, 1);
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
    bool first = brood__pipe_buffered(pipe) == 0;
    brood__pipe_out(pipe)->lent = (brood_slice){.data = data, .len = len};
    if (first && len > 0)
        send_lent(pipe);
    if (pipe->state == BROOD__PIPE_OPEN) {
        brood__pipe_finish(pipe);
        send_next(pipe);
    }
    return 0;
}

int brood__pipe_keep(brood_pipe *pipe)
{
    brood_slice *lent = &brood__pipe_out(pipe)->lent;
    if (lent->len == 0 || pipe->state >= BROOD__PIPE_LOSING)
        return 0;
    int error = reserve_pending(pipe, lent->len);
    if (error < 0)
        brood__pipe_lose(pipe, error);
    else
        append(&brood__pipe_out(pipe)->outgoing->pending, lent, 1, 0);
    lent->len = 0;
    return error;
}

bool brood_pipe_can_write_eof(const brood_pipe *pipe)
{
    return pipe != NULL && pipe->writes;
}
