/* brood_run: a process from its start to its end in one call. */
#include "process.h"
#include "spawn.h"

/* How long a child that has been killed may take to be gone. */
#define KILLED_SECONDS 5.0

static int start(brood_loop *loop, const brood_spawn_options *options, bool feeds,
                 brood_process **process)
{
    if (options == NULL)
        return BROOD_EINVAL;
    brood_spawn_options own = *options;
    if (feeds && own.in.kind == BROOD_INHERIT)
        own.in.kind = BROOD_PIPE;
    if (feeds && own.in.kind != BROOD_PIPE && own.in.kind != BROOD_SOCKET)
        return brood__spawn_failed(options, BROOD_EINVAL, "options", "in is not a pipe");
    return brood_spawn(loop, &own, process);
}

/* It is not to go on; what it has said until its end is taken all the same. */
static int stop(brood_process *process, brood_result *result, int why)
{
    int error = brood__process_gather(process, true, true);
    if (error == 0 && brood_process_kill(process) != BROOD_EPERM) /* ESRCH: it was quicker */
        error = brood_process_wait(process, NULL, brood_in(KILLED_SECONDS));
    if (error == BROOD_ECLOSED)
        return error;
    if (error == BROOD_ECANCELED && why != BROOD_ECANCELED) /* is still to be told */
        brood_task_cancel(process->loop->current);
    int lost = brood__process_take_rest(process);
    brood__process_gather_stop(process);
    return lost < 0 ? lost : brood__process_take(process, &result->out, &result->err);
}

static void describe(const brood_process *process, brood_result *result)
{
    result->returncode = BROOD_ETIMEDOUT;
    brood_process_returncode(process, &result->returncode);
    brood_process_usage(process, &result->usage);
    result->cut = brood_process_was_cut(process);
}

int brood_run(brood_loop *loop, const brood_spawn_options *options, const void *input, size_t len,
              brood_result *result, brood_time deadline)
{
    brood_process *process = NULL;
    brood_result made = {0};
    if (result == NULL || (input == NULL && len > 0))
        return BROOD_EINVAL;
    int error = brood__loop_resolve(&loop);
    if (error == 0)
        error = brood__wait_check(loop);
    if (error == 0)
        error = start(loop, options, input != NULL, &process);
    if (error < 0 || process == NULL)
        return error;
    error = brood__process_communicate(process, input, len, &made.out, &made.err, deadline, false);
    bool stopped = error == BROOD_ETIMEDOUT || error == BROOD_ECANCELED;
    if (error == BROOD_ECLOSED) /* the loop has ended, and the process with it */
        return error;
    int stopping = stopped ? stop(process, &made, error) : 0;
    if ((error == 0 || stopped) && stopping == 0) {
        describe(process, &made);
        *result = made;
    } else {
        brood_result_free(&made);
    }
    brood_process_close(process);
    return stopping < 0 ? stopping : error;
}

void brood_result_free(brood_result *result)
{
    if (result == NULL)
        return;
    brood_buffer_free(&result->out);
    brood_buffer_free(&result->err);
}
