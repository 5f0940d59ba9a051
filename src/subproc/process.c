/* Process: a subprocess transport with streams on its pipes, and its three events:
 * the exit, the end of each pipe, and both. */
#include "process.h"

#include "memory.h"
#include "spawn.h"

static const brood_subprocess_protocol protocol;

static void grace_over(struct brood__timer *timer);

/* ---- starting --------------------------------------------------------------- */

static void free_later(struct brood__post *post)
{
    brood_process *process = BROOD__CONTAINER(post, brood_process, post);
    brood__loop_disown(&process->owned);
    brood__free(process);
}

static void destroy_streams(brood_process *process)
{
    if (process->in != NULL)
        brood__writer_destroy(process->in);
    for (int i = 0; i < 2; i++)
        if (process->outputs[i] != NULL)
            brood__reader_destroy(process->outputs[i]);
    brood__wake_for_good(&process->exit_waiters, BROOD_ECLOSED);
    brood__wake_for_good(&process->finish_waiters, BROOD_ECLOSED);
    brood__timer_cancel(&process->loop->timers, &process->grace_timer);
}

/* The loop ends: the transport goes by itself. */
static void destroy(struct brood__owned *owned)
{
    brood_process *process = BROOD__CONTAINER(owned, brood_process, owned);
    brood__loop_withdraw(&process->post);
    destroy_streams(process);
    brood__free(process);
}

static void connect_streams(brood_process *process, size_t limit)
{
    brood_pipe *pipe = brood_subprocess_pipe(process->transport, 0);
    if (pipe != NULL) {
        process->in = &process->in_space;
        brood__writer_init(process->in, process->loop, pipe);
    }
    for (int i = 0; i < 2; i++) {
        pipe = brood_subprocess_pipe(process->transport, i + 1);
        if (pipe == NULL)
            continue;
        process->outputs[i] = &process->output_space[i];
        brood__reader_init(process->outputs[i], process->loop, limit);
        brood__reader_connect(process->outputs[i], pipe);
    }
}

static brood_time nanoseconds(double seconds)
{
    if (seconds > 1e9)
        return 0;
    return seconds > 1e-9 ? (brood_time)(seconds * 1e9) : seconds > 0;
}

int brood_spawn(brood_loop *loop, const brood_spawn_options *options, brood_process **made)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return brood__spawn_failed(options, error, "options", "loop");
    if (made == NULL)
        return brood__spawn_failed(options, BROOD_EINVAL, "options", "process is missing");
    brood_process *process = brood__alloc(sizeof *process);
    if (process == NULL)
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    error = brood_subprocess_exec(loop, &protocol, process, options, &process->transport);
    if (error < 0) {
        brood__free(process);
        return error;
    }
    process->loop = loop;
    process->pid = brood_subprocess_pid(process->transport);
    process->grace = nanoseconds(options->pipe_grace_seconds);
    process->grace_timer.fire = grace_over;
    brood__list_init(&process->exit_waiters);
    brood__list_init(&process->finish_waiters);
    brood__post_init(&process->post, free_later);
    connect_streams(process, options->limit);
    process->owned.destroy = destroy; /* after its transport, which is what gets reported */
    brood__loop_own(loop, &process->owned);
    *made = process;
    return 0;
}

/* ---- events ----------------------------------------------------------------- */

static bool outputs_have_ended(const brood_process *process)
{
    for (int i = 0; i < 2; i++)
        if (process->outputs[i] != NULL && process->outputs[i]->pipe != NULL)
            return false;
    return true;
}

/* Nobody is left who could want its input. */
static void check_input(brood_process *process)
{
    if (process->exited && process->in != NULL && outputs_have_ended(process))
        brood_writer_close(process->in);
}

static void pipe_lost(void *arg, int fd, int error)
{
    brood_process *process = arg;
    if (fd == 0)
        brood__writer_lost(process->in, error);
    else
        brood__reader_lost(process->outputs[fd - 1], error);
    check_input(process);
}

static void exited(void *arg)
{
    brood_process *process = arg;
    process->exited = true;
    brood_subprocess_returncode(process->transport, &process->returncode);
    brood__wake_all(&process->exit_waiters, 0);
    check_input(process);
    if (process->grace > 0 && !process->closed)
        brood__timer_add(&process->loop->timers, &process->grace_timer,
                         brood__loop_now(process->loop) + process->grace);
}

static void finished(void *arg, int error)
{
    brood_process *process = arg;
    (void)error;
    process->finished = true;
    brood__timer_cancel(&process->loop->timers, &process->grace_timer);
    brood__wake_all(&process->finish_waiters, 0);
    if (process->closed)
        brood__loop_post_closing(process->loop, &process->post);
}

static void resume_writing(void *arg)
{
    brood_process *process = arg;
    brood__writer_resumed(process->in);
}

static const brood_subprocess_protocol protocol = {
    .pipe_connection_lost = pipe_lost,
    .process_exited = exited,
    .connection_lost = finished,
    .resume_writing = resume_writing,
};

/* What is there is taken, beyond any limit; whether somebody could still write more. */
static bool take_rest(brood_reader *reader)
{
    brood_pipe *pipe = reader->pipe;
    if (pipe == NULL || reader->closed)
        return false;
    bool limited = reader->mode == BROOD__READER_LIMITED;
    if (limited) {
        reader->mode = BROOD__READER_GATHER;
        reader->enough = 0;
        reader->paused = false;
        brood_pipe_resume_reading(pipe);
    }
    brood__pipe_read_rest(pipe);
    if (limited)
        brood__reader_limit(reader);
    return !brood_pipe_is_closing(pipe);
}

int brood__process_take_rest(brood_process *process)
{
    int error = 0;
    for (int i = 0; i < 2; i++) {
        brood_reader *reader = process->outputs[i];
        if (reader == NULL)
            continue;
        take_rest(reader);
        int lost = reader->pipe != NULL ? reader->pipe->error : reader->error;
        if (lost == BROOD_ENOMEM)
            error = lost;
    }
    return error;
}

/* A descendant still holds what the child had: that was it. */
static void grace_over(struct brood__timer *timer)
{
    brood_process *process = BROOD__CONTAINER(timer, brood_process, grace_timer);
    for (int i = 0; i < 2; i++) {
        if (process->outputs[i] == NULL || !take_rest(process->outputs[i]))
            continue;
        process->cut = true;
        brood_pipe_abort(process->outputs[i]->pipe);
    }
    if (process->in != NULL && !process->in->lost)
        brood_pipe_abort(process->in->pipe);
}

/* ---- waiting ------------------------------------------------------------------ */

int brood__process_check(const brood_process *process)
{
    if (process == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(process->loop);
    return error == 0 && process->closed ? BROOD_ECLOSED : error;
}

static int give_code(const brood_process *process, brood_returncode *returncode)
{
    if (returncode != NULL)
        *returncode = process->returncode;
    return 0;
}

int brood_process_wait(brood_process *process, brood_returncode *returncode, brood_time deadline)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    struct brood__wait wait;
    brood__wait_begin(&wait, process->loop, deadline, "brood_process_wait");
    if (!process->exited)
        brood__subprocess_hasten(process->transport);
    while (!process->exited) {
        error = brood__wait_for(&wait, &process->exit_waiters);
        if (error < 0)
            return error;
    }
    return give_code(process, returncode);
}

int brood_process_wait_finished(brood_process *process, brood_returncode *returncode,
                                brood_time deadline)
{
    int error = brood__process_check(process);
    if (error < 0)
        return error;
    struct brood__wait wait;
    brood__wait_begin(&wait, process->loop, deadline, "brood_process_wait_finished");
    if (!process->exited)
        brood__subprocess_hasten(process->transport);
    while (!process->finished) {
        error = brood__wait_for(&wait, &process->finish_waiters);
        if (error < 0)
            return error;
    }
    return give_code(process, returncode);
}

/* ---- questions and signals ------------------------------------------------------ */

brood_writer *brood_process_stdin(const brood_process *process)
{
    return process == NULL ? NULL : process->in;
}

brood_reader *brood_process_stdout(const brood_process *process)
{
    return process == NULL ? NULL : process->outputs[0];
}

brood_reader *brood_process_stderr(const brood_process *process)
{
    return process == NULL ? NULL : process->outputs[1];
}

int64_t brood_process_pid(const brood_process *process)
{
    return process == NULL ? -1 : process->pid;
}

bool brood_process_returncode(const brood_process *process, brood_returncode *returncode)
{
    if (process == NULL || !process->exited)
        return false;
    give_code(process, returncode);
    return true;
}

int brood_process_usage(const brood_process *process, brood_usage *usage)
{
    int error = usage == NULL ? BROOD_EINVAL : brood__process_check(process);
    if (error < 0)
        return error;
    return process->exited ? brood__subprocess_usage(process->transport, usage) : BROOD_EAGAIN;
}

bool brood_process_was_cut(const brood_process *process)
{
    return process != NULL && process->cut;
}

int brood_process_send_signal(brood_process *process, int signal)
{
    int error = brood__process_check(process);
    return error < 0 ? error : brood_subprocess_send_signal(process->transport, signal);
}

int brood_process_terminate(brood_process *process)
{
    int error = brood__process_check(process);
    return error < 0 ? error : brood_subprocess_terminate(process->transport);
}

int brood_process_kill(brood_process *process)
{
    int error = brood__process_check(process);
    return error < 0 ? error : brood_subprocess_kill(process->transport);
}

/* ---- ending ------------------------------------------------------------------------ */

/* Whoever communicates goes away with his input. */
static void keep_input(brood_process *process)
{
    if (process->in != NULL)
        brood__pipe_keep(process->in->pipe);
}

void brood_process_detach(brood_process *process)
{
    if (brood__process_check(process) < 0)
        return;
    process->closed = true;
    keep_input(process);
    destroy_streams(process);
    brood__subprocess_detach(process->transport);
    brood__loop_post_closing(process->loop, &process->post);
}

void brood_process_close(brood_process *process)
{
    if (brood__process_check(process) < 0)
        return;
    process->closed = true;
    brood_subprocess_close(process->transport);
    keep_input(process);
    destroy_streams(process);
    if (process->finished)
        brood__loop_post_closing(process->loop, &process->post);
}
