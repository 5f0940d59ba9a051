/* The quick start on macOS, where vfork copies as fork does: posix_spawn, which does
 * what most children need without copying memory.  It cannot tell which step has
 * failed, and some steps it does not know: then the answer is ENOSYS, and a true fork
 * does it all, or tells. */
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>

#include "child.h"
#include "io_bsd.h"
#include "io_posix.h"

static bool is_target(const struct brood__plan *plan, int fd)
{
    for (size_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].target == fd)
            return true;
    return false;
}

/* Actions are carried out one after another: none may overwrite the source of another. */
static bool moves_are_simple(const struct brood__plan *plan)
{
    for (size_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].source != plan->moves[i].target &&
            is_target(plan, plan->moves[i].source))
            return false;
    return true;
}

/* Whether a relative path counts from the new directory is not written down. */
static bool depends_on_directory(const struct brood__plan *plan)
{
    if (plan->options->cwd == NULL)
        return false;
    for (const char *const *program = plan->programs; *program != NULL; program++)
        if (**program != '/')
            return true;
    return false;
}

static bool can_spawn(const struct brood__plan *plan)
{
    const brood_spawn_options *options = plan->options;
    return !options->set_umask && options->nice == 0 && options->rlimit_count == 0 &&
           options->death_signal == 0 && !depends_on_directory(plan) && moves_are_simple(plan);
}

/* ---- what the child is to be ------------------------------------------------- */

static int set_signals(posix_spawnattr_t *attributes, const struct brood__plan *plan, short *flags)
{
    sigset_t restored;
    sigemptyset(&restored);
    if (!plan->options->keep_signals) {
        sigaddset(&restored, SIGPIPE);
        sigaddset(&restored, SIGXFSZ);
        sigaddset(&restored, SIGCHLD);
    }
    *flags |= POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    int error = posix_spawnattr_setsigdefault(attributes, &restored);
    return error != 0 ? error : posix_spawnattr_setsigmask(attributes, &plan->mask);
}

static int set_group(posix_spawnattr_t *attributes, const struct brood__plan *plan, short *flags)
{
    const brood_spawn_options *options = plan->options;
    if (options->new_session) {
        *flags |= POSIX_SPAWN_SETSID;
        return 0;
    }
    if (!options->set_process_group && !options->kill_tree)
        return 0;
    *flags |= POSIX_SPAWN_SETPGROUP;
    return posix_spawnattr_setpgroup(attributes,
                                     options->set_process_group ? options->process_group : 0);
}

static int set_attributes(posix_spawnattr_t *attributes, const struct brood__plan *plan)
{
    short flags = plan->options->keep_fds ? 0 : POSIX_SPAWN_CLOEXEC_DEFAULT;
    int error = set_signals(attributes, plan, &flags);
    if (error == 0)
        error = set_group(attributes, plan, &flags);
    return error != 0 ? error : posix_spawnattr_setflags(attributes, flags);
}

static int inherit(posix_spawn_file_actions_t *actions, int fd)
{
    return posix_spawn_file_actions_addinherit_np(actions, fd);
}

/* Since macOS 10.15; in 26 it got another name. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static int add_chdir(posix_spawn_file_actions_t *actions, const char *path)
{
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
#pragma GCC diagnostic pop

/* What of 0, 1 and 2 has no move is inherited as it is. */
static int add_actions(posix_spawn_file_actions_t *actions, const struct brood__plan *plan)
{
    int error = 0;
    for (size_t i = 0; i < plan->move_count && error == 0; i++) {
        const struct brood__fd_move *move = &plan->moves[i];
        error = move->source == move->target
                    ? inherit(actions, move->target)
                    : posix_spawn_file_actions_adddup2(actions, move->source, move->target);
    }
    for (int fd = 0; fd < 3 && error == 0 && !plan->options->keep_fds; fd++)
        if (!is_target(plan, fd) && brood__io_check_open(fd) == 0)
            error = inherit(actions, fd);
    return error != 0 || plan->options->cwd == NULL ? error
                                                    : add_chdir(actions, plan->options->cwd);
}

/* ---- the start ------------------------------------------------------------------ */

/* posix_spawn promises to change neither array. */
static pid_t try_programs(const struct brood__plan *plan, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes)
{
    union {
        const char *const *given;
        char *const *wanted;
    } arguments = {plan->argv}, environment = {plan->env};
    for (const char *const *program = plan->programs; *program != NULL; program++) {
        pid_t pid;
        int error =
            posix_spawn(&pid, *program, actions, attributes, arguments.wanted, environment.wanted);
        if (error == 0)
            return pid;
        if (error != ENOENT && error != ENOTDIR && error != EACCES)
            break;
    }
    return BROOD_ENOSYS;
}

static pid_t with_actions(const struct brood__plan *plan, posix_spawnattr_t *attributes)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return BROOD_ENOMEM;
    pid_t pid = BROOD_ENOSYS;
    if (plan->options->keep_fds)
        brood__io_hold_pipes();
    if (add_actions(&actions, plan) == 0)
        pid = try_programs(plan, &actions, attributes);
    if (plan->options->keep_fds)
        brood__io_let_pipes_go();
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

pid_t brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    posix_spawnattr_t attributes;
    (void)stack, (void)size, (void)process;
    plan->clean_handlers = false;
    if (!can_spawn(plan))
        return BROOD_ENOSYS;
    if (posix_spawnattr_init(&attributes) != 0)
        return BROOD_ENOMEM;
    pid_t pid = BROOD_ENOSYS;
    if (set_attributes(&attributes, plan) == 0)
        pid = with_actions(plan, &attributes);
    posix_spawnattr_destroy(&attributes);
    if (pid > 0)
        plan->progress.phase = BROOD__EXECUTING;
    return pid;
}
