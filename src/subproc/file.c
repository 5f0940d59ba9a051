/* The process as a file: reads its stdout, writes its stdin.  While a write waits,
 * what the child says is kept, so that the two never wait for each other. */
#include "file.h"

#include "memory.h"

/* ---- beginning and end ------------------------------------------------------------ */

static void free_if_over(brood_file *file)
{
    if (!file->closed || file->users > 0)
        return;
    brood__loop_disown(&file->owned);
    brood__free(file);
}

/* The loop ends, and its process with it; streams may be left. */
static void destroy(struct brood__owned *owned)
{
    brood_file *file = BROOD__CONTAINER(owned, brood_file, owned);
    file->process = NULL;
    file->closed = true;
    free_if_over(file);
}

int brood_file_open(brood_process *process, double timeout_seconds, brood_file **file)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    if (file == NULL || !(timeout_seconds >= 0))
        return BROOD_EINVAL;
    brood_file *made = brood__alloc(sizeof *made);
    if (made == NULL)
        return BROOD_ENOMEM;
    made->process = process;
    made->timeout_seconds = timeout_seconds;
    made->owned.destroy = destroy;
    brood__loop_own(process->loop, &made->owned);
    *file = made;
    return 0;
}

void brood__file_release(brood_file *file, bool wrote)
{
    file->users--;
    if (wrote && --file->writing_views == 0 && !file->closed)
        brood_writer_close(file->process->in);
    free_if_over(file);
}

static brood_time deadline_of(const brood_file *file)
{
    return file->timeout_seconds > 0 ? brood_in(file->timeout_seconds) : BROOD_FOREVER;
}

static brood_writer *writer_of(const brood_file *file)
{
    return file == NULL || file->closed ? NULL : file->process->in;
}

/* ---- reading ------------------------------------------------------------------------ */

static brood_reader *reader_of(const brood_file *file)
{
    return file == NULL || file->closed ? NULL : file->process->outputs[0];
}

ptrdiff_t brood_file_read(brood_file *file, void *buf, size_t n)
{
    brood_reader *reader = reader_of(file);
    return reader == NULL ? BROOD_EBADF : brood_reader_read(reader, buf, n, deadline_of(file));
}

ptrdiff_t brood_file_readline(brood_file *file, brood_slice *line)
{
    brood_reader *reader = reader_of(file);
    return reader == NULL ? BROOD_EBADF : brood_reader_readline(reader, line, deadline_of(file));
}

/* ---- writing ------------------------------------------------------------------------ */

/* Wait with one of the writer's functions, and listen meanwhile, unless somebody else
 * reads: then that is his to do.  The file may be closed while it waits. */
static int wait_listening(brood_file *file, int (*wait)(brood_writer *, brood_time))
{
    brood_process *process = file->process;
    file->users++;
    bool listening = brood__process_gather(process, true, true) == 0;
    int error = wait(process->in, deadline_of(file));
    if (listening && error != BROOD_ECLOSED)
        brood__process_gather_stop(process);
    file->users--;
    return error;
}

/* All or nothing: it waits before it writes. */
int brood_file_write(brood_file *file, const void *data, size_t len)
{
    brood_writer *writer = writer_of(file);
    if (writer == NULL)
        return BROOD_EBADF;
    int error = wait_listening(file, brood_writer_drain);
    if (error == 0)
        error = file->closed ? BROOD_ECLOSED : brood_writer_write(writer, data, len);
    free_if_over(file);
    return error < 0 ? error : 0;
}

int brood_file_flush(brood_file *file)
{
    if (writer_of(file) == NULL)
        return BROOD_EBADF;
    int error = wait_listening(file, brood_writer_flush);
    free_if_over(file);
    return error;
}

int brood_file_close(brood_file *file)
{
    if (file == NULL || file->closed)
        return 0;
    int error = brood__process_check(file->process);
    file->closed = true;
    if (error == 0 && file->process->in != NULL) {
        brood_writer_close(file->process->in);
        error = wait_listening(file, brood_writer_wait_closed);
    }
    free_if_over(file);
    return error;
}
