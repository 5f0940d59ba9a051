/* communicate: input in, both outputs out, at once and without a deadlock.  The loop does
 * it all by itself: the readers gather, the pipe writes from the caller's memory, and
 * the caller waits for the last event of the process. */
#include <stdint.h>

#include "buffer.h"
#include "process.h"

static bool is_read_by_another(const brood_reader *reader)
{
    return reader->mode != BROOD__READER_LIMITED || !brood__list_empty(&reader->waiters);
}

int brood__process_gather(brood_process *process, bool keep_out, bool keep_err)
{
    const bool keep[2] = {keep_out, keep_err};
    for (int i = 0; i < 2; i++)
        if (process->outputs[i] != NULL && is_read_by_another(process->outputs[i]))
            return BROOD_EBUSY;
    for (int i = 0; i < 2; i++) {
        brood_reader *reader = process->outputs[i];
        if (process->outputs[i] == NULL || reader->closed)
            continue;
        reader->mode = keep[i] ? BROOD__READER_GATHER : BROOD__READER_DISCARD;
        reader->enough = SIZE_MAX;
        if (reader->paused)
            brood_pipe_resume_reading(reader->pipe);
        reader->paused = false;
    }
    return 0;
}

void brood__process_gather_stop(brood_process *process)
{
    for (int i = 0; i < 2; i++)
        if (process->outputs[i] != NULL)
            brood__reader_limit(process->outputs[i]);
}

/* Room for what is to be appended, so that both are or none. */
static int prepare(const brood_process *process, brood_buffer *const buffers[2])
{
    for (int i = 0; i < 2; i++) {
        const brood_reader *reader = process->outputs[i];
        if (buffers[i] == NULL || reader == NULL || reader->closed)
            continue;
        bool empty = buffers[i]->data == NULL;
        if (empty && reader->bytes.len > 0) /* it will get the reader's own memory */
            continue;
        int error = brood__buffer_reserve(buffers[i], reader->bytes.len);
        if (error == 0)
            continue;
        if (i == 1 && buffers[0] != NULL && buffers[0]->len == 0)
            brood_buffer_free(buffers[0]);
        return error;
    }
    return 0;
}

int brood__process_take(brood_process *process, brood_buffer *out, brood_buffer *err)
{
    brood_buffer *const buffers[2] = {out, err};
    int error = prepare(process, buffers);
    if (error < 0)
        return error;
    for (int i = 0; i < 2; i++) {
        brood_reader *reader = process->outputs[i];
        if (process->outputs[i] == NULL || reader->closed)
            continue;
        brood__reader_take_back(reader);
        if (buffers[i] == NULL) {
            brood__reader_consume(reader, reader->bytes.len);
            brood__reader_rest(reader);
            continue;
        }
        brood__reader_take(reader, buffers[i]);
    }
    return 0;
}

/* Who writes into a pipe that nobody reads has lost nothing. */
static bool is_failure(int error)
{
    return error < 0 && error != BROOD_EPIPE && error != BROOD_ECONNRESET;
}

static int result_of(const brood_process *process)
{
    if (process->in != NULL && is_failure(process->in->error))
        return process->in->error;
    for (int i = 0; i < 2; i++)
        if (process->outputs[i] != NULL && process->outputs[i]->error < 0)
            return process->outputs[i]->error;
    return 0;
}

/* Once; what was written before is still on its way, and goes first. */
static void feed(brood_process *process, const void *input, size_t len)
{
    if (process->in == NULL || process->fed)
        return;
    process->fed = true;
    brood__pipe_lend(process->in->pipe, input, len); /* whatever is wrong, the end will tell */
}

/* What is left of the input goes on by itself, or is dropped with stdin. */
static int leave(brood_process *process, int error, bool keep)
{
    if (process->in == NULL)
        return error;
    if (!keep) {
        brood_pipe_abort(process->in->pipe);
        return error;
    }
    int kept = brood__pipe_keep(process->in->pipe);
    if (kept == 0)
        return error;
    if (error == BROOD_ECANCELED) /* which is still to be told, then */
        brood_task_cancel(process->loop->current);
    return kept;
}

int brood__process_communicate(brood_process *process, const void *input, size_t len,
                               brood_buffer *out, brood_buffer *err, brood_time deadline, bool keep)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    if ((input == NULL && len > 0) || (input != NULL && (process->in == NULL || process->fed)))
        return BROOD_EINVAL;
    error = brood__wait_check(process->loop);
    if (error == 0)
        error = brood__process_gather(process, out != NULL, err != NULL);
    if (error < 0)
        return error;
    feed(process, input, len);
    error = brood_process_wait_finished(process, NULL, deadline);
    if (error == BROOD_ECLOSED)
        return error;

    brood__process_gather_stop(process);
    if (error < 0)
        return leave(process, error, keep);
    error = result_of(process);
    return error < 0 ? error : brood__process_take(process, out, err);
}

int brood_process_communicate(brood_process *process, const void *input, size_t len,
                              brood_buffer *out, brood_buffer *err, brood_time deadline)
{
    return brood__process_communicate(process, input, len, out, err, deadline, true);
}
