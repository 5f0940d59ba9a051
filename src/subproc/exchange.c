/* PEP 3145: send, recv and their kin, with its conventions in our codes: how much was
 * accepted, nothing yet, the end. */
#include <string.h>

#include "process.h"

/* What several steps have done counts more than how the last one ended; but a
 * cancellation is not lost by it: the next wait says so. */
static ptrdiff_t counted(brood_process *process, size_t total, ptrdiff_t last)
{
    if (total == 0)
        return last;
    if (last == BROOD_ECANCELED)
        brood_task_cancel(process->loop->current);
    return (ptrdiff_t)total;
}

/* ---- sending ------------------------------------------------------------------ */

/* How much more stdin takes before it is over its high mark. */
static size_t room_of(const brood_writer *writer)
{
    size_t buffered = brood_writer_buffered(writer), high = brood__pipe_out(writer->pipe)->high;
    return buffered < high ? high - buffered : 0;
}

/* With a high mark of 0 an empty buffer takes one byte all the same. */
static ptrdiff_t accept_some(brood_writer *writer, const void *data, size_t len)
{
    size_t room = room_of(writer);
    if (room == 0 && brood_writer_buffered(writer) == 0)
        room = 1;
    if (len > room)
        len = room;
    int error = len > 0 ? brood_writer_write(writer, data, len) : 0;
    if (error == BROOD_ECLOSED)
        error = BROOD_EPIPE;
    return error < 0 ? error : (ptrdiff_t)len;
}

static ptrdiff_t send_some(brood_process *process, const void *data, size_t len,
                           brood_time deadline, const char *what)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    if (data == NULL && len > 0)
        return BROOD_EINVAL;
    if (process->in == NULL)
        return BROOD_EBADF;
    struct brood__wait wait;
    brood__wait_begin(&wait, process->loop, deadline, what);
    brood_writer *writer = process->in;
    for (;;) {
        ptrdiff_t accepted = accept_some(writer, data, len);
        if (accepted != 0 || len == 0)
            return accepted;
        bool over = writer->pipe->over; /* else it is full to the very mark */
        error = brood__wait_for(&wait, over ? &writer->drainers : &writer->flushers);
        if (error < 0)
            return error == BROOD_ECONNRESET ? BROOD_EPIPE : error;
    }
}

ptrdiff_t brood_process_send(brood_process *process, const void *data, size_t len,
                             brood_time deadline)
{
    return send_some(process, data, len, deadline, "brood_process_send");
}

ptrdiff_t brood_process_asyncwrite(brood_process *process, const void *data, size_t len,
                                   brood_time deadline)
{
    const char *next = data;
    size_t sent = 0;
    do {
        ptrdiff_t n = send_some(process, next, len - sent, deadline, "brood_process_asyncwrite");
        if (n < 0)
            return counted(process, sent, n);
        sent += (size_t)n;
        next = n > 0 ? next + n : next;
    } while (sent < len);
    return (ptrdiff_t)sent;
}

/* ---- receiving ------------------------------------------------------------------ */

static ptrdiff_t recv_from(brood_process *process, int index, void *buf, size_t n,
                           brood_time deadline)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    if (process->outputs[index] == NULL)
        return BROOD_EBADF;
    return brood_reader_read(process->outputs[index], buf, n, deadline);
}

ptrdiff_t brood_process_recv(brood_process *process, void *buf, size_t n, brood_time deadline)
{
    return recv_from(process, 0, buf, n, deadline);
}

ptrdiff_t brood_process_recv_err(brood_process *process, void *buf, size_t n, brood_time deadline)
{
    return recv_from(process, 1, buf, n, deadline);
}

ptrdiff_t brood_process_asyncread(brood_process *process, int fd, brood_buffer *out, double seconds)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    if (out == NULL || fd < 1 || fd > 2)
        return BROOD_EINVAL;
    if (process->outputs[fd - 1] == NULL)
        return BROOD_EBADF;
    brood_reader *reader = process->outputs[fd - 1];
    ptrdiff_t n;
    size_t total = 0;
    brood_time deadline = brood_in(seconds);
    do { /* a flood ends with its time, too */
        brood_slice slice;
        n = brood_reader_read_slice(reader, &slice, deadline);
        if (n > 0 && (error = brood_buffer_append(out, slice.data, slice.len)) < 0) {
            brood__reader_put_back(reader, slice.len);
            n = error;
        }
        total += n > 0 ? (size_t)n : 0;
    } while (n > 0 && brood_now() < deadline);
    return counted(process, total, n);
}
