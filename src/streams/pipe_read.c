/* Reading from a pipe: data goes from the backend's scratch memory straight to
 * the protocol, or from the system straight to a sink.  A read in flight is not taken
 * back by pausing: when something comes it is given up, with nothing read.  So pausing
 * and going on again cost no system call while nothing comes. */
#include "pipe.h"

enum { REST_READS = 64 }; /* of 64 KiB each, or of 256 from a busy pipe */

static void ended(brood_pipe *pipe, ptrdiff_t result)
{
    if (pipe->state >= BROOD__PIPE_LOSING)
        return;
    if (brood__pipe_is_hangup(pipe->channel.handle, result))
        result = 0;
    if (result == 0 && pipe->protocol->eof_received != NULL)
        pipe->protocol->eof_received(pipe->arg);
    brood__pipe_lose(pipe, (int)result);
}

static void received(brood_pipe *pipe, const void *data, ptrdiff_t len)
{
    if (pipe->in.sink != NULL)
        pipe->in.sink->filled(pipe->in.sink, data, (size_t)len);
    else if (pipe->protocol->data_received != NULL)
        pipe->protocol->data_received(pipe->arg, data, (size_t)len);
}

static void done(struct brood__op *op)
{
    brood_pipe *pipe = BROOD__CONTAINER(op, brood_pipe, in.op);
    if (pipe->state == BROOD__PIPE_OPEN) {
        if (op->result > 0)
            received(pipe, op->data, op->result);
        else if (op->result != BROOD_ECANCELED)
            ended(pipe, op->result);
    }
    brood__pipe_read_arm(pipe);
    brood__pipe_lost_if_idle(pipe);
}

/* A paused pipe's read goes back here, with nothing read; so does one that came after all
 * while it was being cancelled, whose sink may be gone. */
static int prepare(struct brood__op *op)
{
    brood_pipe *pipe = BROOD__CONTAINER(op, brood_pipe, in.op);
    op->data = NULL;
    if (pipe->in.paused || pipe->state != BROOD__PIPE_OPEN)
        return BROOD_ECANCELED;
    return pipe->in.sink == NULL ? 0 : pipe->in.sink->room(pipe->in.sink, &op->data, &op->len);
}

void brood__pipe_read_into(brood_pipe *pipe, struct brood__sink *sink)
{
    pipe->in.sink = sink;
}

void brood__pipe_read_init(brood_pipe *pipe)
{
    pipe->in.op.kind = BROOD__READ;
    pipe->in.op.prepare = prepare;
    pipe->in.op.done = done;
}

void brood__pipe_read_arm(brood_pipe *pipe)
{
    if (pipe->state != BROOD__PIPE_OPEN || !pipe->begun || pipe->in.paused ||
        pipe->in.op.state != BROOD__IDLE)
        return;
    pipe->in.op.data = NULL;
    brood__submit(pipe->loop, &pipe->channel, &pipe->in.op);
}

void brood__pipe_read_rest(brood_pipe *pipe)
{
    const struct brood__backend_table *backend = pipe->loop->backend->table;
    for (int i = 0; i < REST_READS && brood_pipe_is_reading(pipe); i++) {
        void *data = NULL;
        size_t len = 0;
        ptrdiff_t n = 0;
        if (pipe->in.sink != NULL)
            n = pipe->in.sink->room(pipe->in.sink, &data, &len);
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
    pipe->in.paused = true;
    return 0;
}

int brood_pipe_resume_reading(brood_pipe *pipe)
{
    int error = brood__pipe_check(pipe, false);
    if (error < 0)
        return error;
    pipe->in.paused = false;
    brood__pipe_read_arm(pipe); /* unless its read is still in flight */
    return 0;
}

bool brood_pipe_is_reading(const brood_pipe *pipe)
{
    return brood__pipe_check(pipe, false) == 0 && !pipe->in.paused;
}
