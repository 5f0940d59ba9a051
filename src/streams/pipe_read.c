/* Reading from a pipe: data goes from the backend's scratch memory straight to
 * the protocol, or from the system straight to a sink.  A read in flight is not taken
 * back by pausing: when something comes it is given up, with nothing read.  So pausing
 * and going on again cost no system call while nothing comes. */
#include <assert.h>

#include "pipe.h"

enum { REST_READS = 64 }; /* of 64 KiB each, or of 256 from a busy pipe */

/* A child that has left some of its input unread, on the socket by which its output comes.
 * All of that has been read before, and is whole: with a pipe of its own this would be a
 * plain end. */
static bool is_childs_reset(const brood_pipe *pipe, ptrdiff_t error)
{
    return error == BROOD_ECONNRESET && pipe->embedded && pipe->channel.socket;
}

static void ended(brood_pipe *pipe, ptrdiff_t result)
{
    if (pipe->state >= BROOD__PIPE_LOSING)
        return;
    if (brood__pipe_is_hangup(pipe->channel.handle, result) || is_childs_reset(pipe, result))
        result = 0;
    if (result == 0)
        pipe->shuts = false; /* nobody writes any more */
    if (result == 0 && pipe->protocol->eof_received != NULL)
        pipe->protocol->eof_received(pipe->arg);
    brood__pipe_lose(pipe, (int)result);
}

static void received(brood_pipe *pipe, const void *data, ptrdiff_t len)
{
    struct brood__sink *sink = brood__pipe_in(pipe)->sink;
    if (sink != NULL)
        sink->filled(sink, data, (size_t)len);
    else if (pipe->protocol->data_received != NULL)
        pipe->protocol->data_received(pipe->arg, data, (size_t)len);
}

static brood_pipe *pipe_of(struct brood__op *op)
{
    return &BROOD__CONTAINER(op, struct brood__read_pipe, op)->base;
}

static void done(struct brood__op *op, void *data)
{
    brood_pipe *pipe = pipe_of(op);
    if (op->state != BROOD__IDLE) { /* it repeats: nothing is left to do after it */
        assert(pipe->state == BROOD__PIPE_OPEN);
        received(pipe, data, op->result);
        return;
    }
    pipe->in_callback = true;
    if (pipe->state == BROOD__PIPE_OPEN) {
        if (op->result > 0)
            received(pipe, data, op->result);
        else if (op->result != BROOD_ECANCELED)
            ended(pipe, op->result);
    }
    brood__pipe_read_arm(pipe);
    brood__pipe_called(pipe);
}

/* A paused pipe's read goes back here, with nothing read; so does one that came after all
 * while it was being cancelled, whose sink may be gone. */
static int prepare(struct brood__op *op, struct brood__span *span)
{
    brood_pipe *pipe = pipe_of(op);
    if (pipe->paused || pipe->state != BROOD__PIPE_OPEN)
        return BROOD_ECANCELED;
    struct brood__sink *sink = brood__pipe_in(pipe)->sink;
    return sink == NULL ? 0 : sink->room(sink, &span->data, &span->len);
}

void brood__pipe_read_into(brood_pipe *pipe, struct brood__sink *sink)
{
    brood__pipe_in(pipe)->sink = sink;
}

void brood__pipe_read_init(brood_pipe *pipe)
{
    static const struct brood__op_type type = {.prepare = prepare, .done = done};
    struct brood__read_pipe *in = brood__pipe_in(pipe);
    in->op = (struct brood__op){.kind = BROOD__READ, .repeats = true, .type = &type};
    in->sink = NULL;
}

void brood__pipe_read_arm(brood_pipe *pipe)
{
    struct brood__op *op = &brood__pipe_in(pipe)->op;
    if (pipe->state != BROOD__PIPE_OPEN || !pipe->begun || pipe->paused || op->state != BROOD__IDLE)
        return;
    brood__submit(pipe->loop, &pipe->channel, op);
}

void brood__pipe_read_rest(brood_pipe *pipe)
{
    const struct brood__backend_table *backend = pipe->loop->backend->table;
    for (int i = 0; i < REST_READS && brood_pipe_is_reading(pipe); i++) {
        void *data = NULL;
        size_t len = 0;
        ptrdiff_t n = 0;
        struct brood__sink *sink = brood__pipe_in(pipe)->sink;
        if (sink != NULL)
            n = sink->room(sink, &data, &len);
        if (n == 0)
            n = backend->try_read(pipe->loop->backend, &pipe->channel, &data, len);
        if (n == BROOD_EAGAIN)
            break;
        if (n > 0)
            received(pipe, data, n);
        else
            ended(pipe, n);
    }
}

int brood_pipe_pause_reading(brood_pipe *pipe)
{
    int error = brood__pipe_check(pipe, false);
    if (error < 0)
        return error;
    pipe->paused = true;
    return 0;
}

int brood_pipe_resume_reading(brood_pipe *pipe)
{
    int error = brood__pipe_check(pipe, false);
    if (error < 0)
        return error;
    pipe->paused = false;
    brood__pipe_read_arm(pipe); /* unless its read is still in flight */
    return 0;
}

bool brood_pipe_is_reading(const brood_pipe *pipe)
{
    return brood__pipe_check(pipe, false) == 0 && !pipe->paused;
}
