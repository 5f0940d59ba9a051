/* Spawning on Unix, the parent's side: the plan for the child, and what became of
 * it.  Its birth has a file of its own. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "birth.h"
#include "io_posix.h"
#include "loop.h"
#include "memory.h"
#include "reap.h"
#include "program_posix.h"
#include "stdio_posix.h"

/* A library of macOS has no access to environ by its name. */
#ifdef __APPLE__
#include <crt_externs.h>
#define environ (*_NSGetEnviron())
#else
extern char **environ;
#endif

struct brood__spawn {
    struct brood__plan plan;
    struct brood__stdio stdio;
    struct brood__program program;
    unsigned *groups; /* NULL: those of the options are taken as they are */
};

static int explain(const struct brood__spawn *spawn, const struct brood__progress *progress);

/* ---- the plan ------------------------------------------------------------- */

static int by_target(const void *a, const void *b)
{
    const struct brood__fd_move *first = a, *second = b;
    return (first->target > second->target) - (first->target < second->target);
}

static bool is_piped(const brood_spawn_options *options, int target)
{
    const brood_stdio *wanted[] = {&options->in, &options->out, &options->err};
    int kind = wanted[target]->kind;
    if (kind == BROOD_STDOUT)
        kind = options->out.kind;
    return kind == BROOD_PIPE || kind == BROOD_SOCKET;
}

static int plan_descriptors(struct brood__spawn *spawn)
{
    const brood_spawn_options *options = spawn->plan.options;
    struct brood__plan *plan = &spawn->plan;
    plan->moves = brood__alloc((3 + options->fd_count) * sizeof *plan->moves);
    if (plan->moves == NULL)
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    for (int target = 0; target < 3; target++)
        if (spawn->stdio.child[target] >= 0)
            plan->moves[plan->move_count++] =
                (struct brood__fd_move){.source = spawn->stdio.child[target],
                                        .target = target,
                                        .piped = is_piped(options, target)};
    for (size_t i = 0; i < options->fd_count; i++)
        plan->moves[plan->move_count++] = (struct brood__fd_move){.source = options->fds[i].parent,
                                                                  .target = options->fds[i].child};

    for (size_t i = 0; i < plan->move_count; i++)
        plan->moves[i].from = plan->moves[i].source;
    qsort(plan->moves, plan->move_count, sizeof *plan->moves, by_target);
    for (size_t i = 1; i < plan->move_count; i++)
        if (plan->moves[i].target == plan->moves[i - 1].target)
            return brood__spawn_failed(options, BROOD_EINVAL, "options",
                                       "fds: a number is given twice");
    return 0;
}

/* Where the effective group is one of them, and the first, those that were asked for come
 * after it. */
static int plan_groups(struct brood__spawn *spawn)
{
    const brood_spawn_options *options = spawn->plan.options;
    size_t count = options->extra_group_count;
    spawn->plan.groups = options->extra_groups;
    spawn->plan.group_count = count;
    if (!options->set_extra_groups || !brood__sys_groups_begin_with_own)
        return 0;
    spawn->groups = brood__realloc(NULL, (count + 1) * sizeof *spawn->groups);
    if (spawn->groups == NULL)
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    spawn->groups[0] = options->set_group ? options->group : (unsigned)getegid();
    if (count > 0)
        memcpy(spawn->groups + 1, options->extra_groups, count * sizeof *spawn->groups);
    spawn->plan.groups = spawn->groups;
    spawn->plan.group_count = count + 1;
    return 0;
}

/* After clearenv there is none at all. */
static const char *const *parent_environment(void)
{
    static const char *const empty[] = {NULL};
    return environ != NULL ? (const char *const *)environ : empty;
}

/* A lent descriptor that is not open would soon be one of ours by the same number. */
static int check_one(const brood_spawn_options *options, intptr_t fd, int target)
{
    char what[64];
    int error = brood__io_check_open((int)fd);
    if (error == 0)
        return 0;
    snprintf(what, sizeof what, "%d as %d", (int)fd, target);
    return brood__spawn_failed(options, error, "dup2", what);
}

static int check_lent(const brood_spawn_options *options)
{
    const brood_stdio *stdio[] = {&options->in, &options->out, &options->err};
    int error = 0;
    for (int target = 0; target < 3 && error == 0; target++)
        if (stdio[target]->kind == BROOD_FD)
            error = check_one(options, stdio[target]->fd, target);
    for (size_t i = 0; i < options->fd_count && error == 0; i++)
        error = check_one(options, options->fds[i].parent, options->fds[i].child);
    return error;
}

/* What only Windows can do.  A window that is not shown and a batch file that may be run
 * are no demands: here there is neither. */
static int check(const brood_spawn_options *options)
{
    int error = brood__options_check(options);
    if (error < 0)
        return error;
    if (options->creation_flags != 0)
        return brood__spawn_failed(options, BROOD_ENOSYS, "options", "creation_flags");
    if (options->verbatim_args)
        return brood__spawn_failed(options, BROOD_ENOSYS, "options", "verbatim_args");
    return 0;
}

int brood__spawn_open(const brood_spawn_options *options, struct brood__spawn **made,
                      intptr_t ends[3])
{
    int error = check(options);
    if (error < 0)
        return error;
    struct brood__spawn *spawn = brood__alloc(sizeof *spawn);
    if (spawn == NULL)
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    spawn->plan.options = options;
    spawn->plan.report = -1;
    spawn->plan.env = options->env != NULL ? options->env : parent_environment();
    brood__stdio_init(&spawn->stdio);

    error = check_lent(options);
    if (error == 0)
        error = brood__program_find(&spawn->program, options, spawn->plan.env);
    if (error == 0)
        error = brood__stdio_open(&spawn->stdio, options);
    if (error == 0)
        error = plan_descriptors(spawn);
    if (error == 0)
        error = plan_groups(spawn);
    if (error == 0 && (spawn->plan.stack = brood__realloc(NULL, BROOD__CHILD_STACK_SIZE)) == NULL)
        error = brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    if (error < 0) {
        brood__spawn_close(spawn);
        return error;
    }
    spawn->plan.programs = spawn->program.paths;
    spawn->plan.argv = spawn->program.argv;
    brood__stdio_take_parent_ends(&spawn->stdio, ends);
    *made = spawn;
    return 0;
}

void brood__spawn_close(struct brood__spawn *spawn)
{
    if (spawn == NULL)
        return;
    brood__stdio_close(&spawn->stdio);
    brood__program_free(&spawn->program);
    brood__free(spawn->plan.moves);
    brood__free(spawn->groups);
    brood__free(spawn->plan.stack);
    brood__free(spawn);
}

/* ---- the start ------------------------------------------------------------ */

int brood__spawn_start(struct brood__spawn *spawn, brood_loop *loop, struct brood__child *child)
{
    struct brood__progress progress = {.phase = BROOD__UNBORN};
    const char *step = "fork";
    spawn->plan.reserve = spawn->plan.options->keep_fds ? NULL : &loop->reserve;
    int error =
        brood__birth(&spawn->plan, brood__watcher_needs_handle(loop), child, &progress, &step);
    if (error < 0)
        return brood__spawn_failed(spawn->plan.options, error, step, "");
    if (progress.phase != BROOD__FAILED)
        return 0;
    child->ended = brood__process_reap(child, BROOD__WAIT);
    brood__child_release(child);
    return explain(spawn, &progress);
}

/* ---- what went wrong -------------------------------------------------------- */

static const char *const step_names[] = {
#define NAME(name, text) text,
    BROOD__STEPS(NAME)
#undef NAME
};

static int explain(const struct brood__spawn *spawn, const struct brood__progress *progress)
{
    const brood_spawn_options *options = spawn->plan.options;
    char text[64] = "";
    const char *what = text;
    switch (progress->step) {
    case BROOD__STEP_DUP:
        snprintf(text, sizeof text, "%d as %d", spawn->plan.moves[progress->index].source,
                 spawn->plan.moves[progress->index].target);
        break;
    case BROOD__STEP_CHDIR:
        what = options->cwd;
        break;
    case BROOD__STEP_SETPGID:
        snprintf(text, sizeof text, "%d", options->process_group);
        break;
    case BROOD__STEP_NICE:
        snprintf(text, sizeof text, "%d", options->nice);
        break;
    case BROOD__STEP_RLIMIT:
        snprintf(text, sizeof text, "%d", options->rlimits[progress->index].resource);
        break;
    case BROOD__STEP_SETGID:
        snprintf(text, sizeof text, "%u", options->group);
        break;
    case BROOD__STEP_SETUID:
        snprintf(text, sizeof text, "%u", options->user);
        break;
    case BROOD__STEP_DEATH_SIGNAL:
        snprintf(text, sizeof text, "%d", options->death_signal);
        break;
    case BROOD__STEP_EXEC:
        what = spawn->program.name;
        break;
    default:
        break;
    }
    return brood__spawn_failed(options, progress->error, step_names[progress->step], what);
}
