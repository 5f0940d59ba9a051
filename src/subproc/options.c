/* brood_spawn_options, checked once: later code trusts them. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "spawn.h"

int brood__spawn_failed(const brood_spawn_options *options, int error, const char *step,
                        const char *what)
{
    brood_spawn_failure *failure = options == NULL ? NULL : options->failure;
    if (failure != NULL) {
        failure->error = error;
        failure->step = step;
        snprintf(failure->what, sizeof failure->what, "%s", what);
    }
    return error;
}

static bool stdio_is_valid(const brood_stdio *stdio, bool err)
{
    switch (stdio->kind) {
    case BROOD_INHERIT:
    case BROOD_PIPE:
    case BROOD_SOCKET:
    case BROOD_DEVNULL:
        return true;
    case BROOD_STDOUT:
        return err;
    case BROOD_FD:
        return stdio->fd >= 0 && stdio->fd <= INT_MAX;
    case BROOD_FILE:
        return stdio->path != NULL;
    default:
        return false;
    }
}

static const char *fault_in_fds(const brood_spawn_options *options)
{
    if (options->fds == NULL && options->fd_count > 0)
        return "fds is missing";
    for (size_t i = 0; i < options->fd_count; i++)
        if (options->fds[i].child < 3 || options->fds[i].parent < 0)
            return "fds: a descriptor is out of range";
    return NULL;
}

static const char *fault_in_program(const brood_spawn_options *options)
{
    if (options->argv == NULL && options->shell == NULL)
        return "argv and shell are missing";
    if (options->argv != NULL && options->shell != NULL)
        return "argv and shell exclude each other";
    if (options->argv != NULL && options->argv[0] == NULL)
        return "argv is empty";
    return NULL;
}

static const char *fault_in_identity(const brood_spawn_options *options)
{
    if (options->process_group < 0)
        return "process_group is negative";
    if (options->new_session && options->set_process_group)
        return "new_session and set_process_group exclude each other";
    if (options->kill_tree && options->set_process_group && options->process_group != 0)
        return "kill_tree needs a process group of its own";
    if (options->set_extra_groups && options->extra_groups == NULL &&
        options->extra_group_count > 0)
        return "extra_groups is missing";
    if (options->rlimits == NULL && options->rlimit_count > 0)
        return "rlimits is missing";
    if (options->set_umask && options->umask > 0777)
        return "umask is out of range";
    if (options->death_signal < 0 || options->death_signal > 64)
        return "death_signal is out of range";
    if (options->pipe_size < 0)
        return "pipe_size is negative";
    if (!(options->pipe_grace_seconds >= 0))
        return "pipe_grace_seconds is negative";
    return NULL;
}

int brood__options_check(const brood_spawn_options *options)
{
    if (options == NULL)
        return BROOD_EINVAL;
    const char *fault = fault_in_program(options);
    if (fault == NULL && !stdio_is_valid(&options->in, false))
        fault = "in is not valid";
    if (fault == NULL && !stdio_is_valid(&options->out, false))
        fault = "out is not valid";
    if (fault == NULL && !stdio_is_valid(&options->err, true))
        fault = "err is not valid";
    if (fault == NULL)
        fault = fault_in_fds(options);
    if (fault == NULL)
        fault = fault_in_identity(options);
    if (fault == NULL)
        return 0;
    return brood__spawn_failed(options, BROOD_EINVAL, "options", fault);
}
