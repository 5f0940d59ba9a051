/* The child between its birth and exec.
 *
 * It may run in the parent's memory, with the parent's thread suspended and other
 * threads of the parent running: so only raw system calls on memory that was
 * prepared beforehand, no locks, no allocation, no return.  This file is compiled
 * without sanitizers, for which a function that never returns in a process that
 * shares its memory is a puzzle. */
#include "child.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>

static _Noreturn void fail(struct brood__plan *plan, enum brood__step step, size_t index, int error)
{
    struct brood__progress progress = {
        .phase = BROOD__FAILED, .step = (int)step, .index = (int)index, .error = error};
    plan->progress = progress;
    if (plan->report >= 0)
        brood__sys_write(plan->report, &progress, sizeof progress);
    brood__sys_exit(127);
}

static void check(struct brood__plan *plan, enum brood__step step, size_t index, int result)
{
    if (result < 0)
        fail(plan, step, index, result);
}

/* ---- descriptors ---------------------------------------------------------- */

static bool is_target(const struct brood__plan *plan, int fd)
{
    size_t low = 0, high = plan->move_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (plan->moves[middle].target == fd)
            return true;
        if (plan->moves[middle].target < fd)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* A copy of fd, under a number that is no target. */
static int copy_aside(const struct brood__plan *plan, int fd)
{
    int copy = brood__sys_dup_above(fd, 3);
    while (copy >= 0 && is_target(plan, copy)) /* what is left behind is closed later */
        copy = brood__sys_dup_above(fd, copy + 1);
    return copy;
}

/* First every source that is a target too is copied out of the way, so that no
 * order of the moves can overwrite one that is still needed; this makes swaps and
 * overlaps ordinary. */
static void move_descriptors(struct brood__plan *plan)
{
    if (plan->report >= 0 && is_target(plan, plan->report)) {
        int copy = copy_aside(plan, plan->report);
        check(plan, BROOD__STEP_DUP, 0, copy);
        plan->report = copy;
    }
    for (size_t i = 0; i < plan->move_count; i++) {
        struct brood__fd_move *move = &plan->moves[i];
        move->now = move->from;
        if (move->from != move->target && is_target(plan, move->from))
            move->now = copy_aside(plan, move->from);
        check(plan, BROOD__STEP_DUP, i, move->now);
    }
    for (size_t i = 0; i < plan->move_count; i++) {
        struct brood__fd_move *move = &plan->moves[i];
        int result = move->now == move->target ? brood__sys_keep_on_exec(move->target)
                                               : brood__sys_dup2(move->now, move->target);
        check(plan, BROOD__STEP_DUP, i, result);
    }
}

/* Closes what lies between `first` and `kept`; the number after that one. */
static int close_gap(struct brood__plan *plan, int first, int kept)
{
    if (first < kept)
        check(plan, BROOD__STEP_CLOSE, 0, brood__sys_close_range(first, kept - 1));
    return kept + 1;
}

/* All but 0, 1, 2, the targets, and the report pipe, which closes at exec; and so do the
 * copies aside, which are all that can be above the end of a table that was cut off. */
static void close_others(struct brood__plan *plan)
{
    int first = 3, report = plan->report;
    for (size_t i = 0; i < plan->move_count; i++) {
        int target = plan->moves[i].target;
        if (target < 3)
            continue;
        if (report >= first && report < target)
            first = close_gap(plan, first, report);
        first = close_gap(plan, first, target);
    }
    if (report >= first)
        first = close_gap(plan, first, report);
    if (plan->table_end == 0 || first < plan->table_end)
        check(plan, BROOD__STEP_CLOSE, 0, brood__sys_close_range(first, INT_MAX));
}

/* ---- identity ------------------------------------------------------------- */

static void set_identity(struct brood__plan *plan)
{
    const brood_spawn_options *options = plan->options;
    if (options->set_umask)
        brood__sys_umask(options->umask);
    if (options->new_session)
        check(plan, BROOD__STEP_SETSID, 0, brood__sys_setsid());
    else if (options->set_process_group)
        check(plan, BROOD__STEP_SETPGID, 0, brood__sys_setpgid(options->process_group));
    else if (options->kill_tree)
        check(plan, BROOD__STEP_SETPGID, 0, brood__sys_setpgid(0));
    if (options->nice != 0)
        check(plan, BROOD__STEP_NICE, 0, brood__sys_nice(options->nice));
    for (size_t i = 0; i < options->rlimit_count; i++)
        check(plan, BROOD__STEP_RLIMIT, i, brood__sys_setrlimit(&options->rlimits[i]));
    if (options->set_extra_groups)
        check(plan, BROOD__STEP_SETGROUPS, 0,
              brood__sys_setgroups(plan->groups, plan->group_count));
    if (options->set_group)
        check(plan, BROOD__STEP_SETGID, 0, brood__sys_setgid(options->group));
    if (options->set_user)
        check(plan, BROOD__STEP_SETUID, 0, brood__sys_setuid(options->user));
    /* After those: changing the user takes it back. */
    if (options->death_signal != 0)
        check(plan, BROOD__STEP_DEATH_SIGNAL, 0,
              brood__sys_death_signal(options->death_signal, plan->parent));
}

/* The dispositions that a library or a shell may have left ignored, and that
 * programs rely on.  Handlers have to go before signals are let in. */
static void set_signals(struct brood__plan *plan)
{
    static const int restored[] = {SIGPIPE, SIGXFSZ, SIGCHLD};
    if (!plan->clean_handlers)
        check(plan, BROOD__STEP_SIGNALS, 0, brood__sys_default_handlers());
    if (plan->options->keep_signals)
        return;
    for (size_t i = 0; i < sizeof restored / sizeof *restored; i++)
        check(plan, BROOD__STEP_SIGNALS, 0, brood__sys_default_signal(restored[i]));
}

/* ---- exec ----------------------------------------------------------------- */

/* As execvp: what is not there, or not executable, is looked for further on; of
 * several failures, one that says more than "not there" is reported. */
static _Noreturn void execute(struct brood__plan *plan)
{
    bool only_one = plan->programs[1] == NULL;
    int error = BROOD_ENOENT;
    plan->progress.phase = BROOD__EXECUTING;
    for (const char *const *program = plan->programs; *program != NULL; program++) {
        int result = brood__sys_exec(*program, plan->argv, plan->env);
        if (result == BROOD_EACCES || only_one)
            error = result;
        else if (result != BROOD_ENOENT && result != BROOD_ENOTDIR)
            fail(plan, BROOD__STEP_EXEC, 0, result);
    }
    fail(plan, BROOD__STEP_EXEC, 0, error);
}

_Noreturn void brood__child_main(struct brood__plan *plan)
{
    const brood_spawn_options *options = plan->options;
    plan->progress.phase = BROOD__BORN;
    move_descriptors(plan);
    if (options->cwd != NULL)
        check(plan, BROOD__STEP_CHDIR, 0, brood__sys_chdir(options->cwd));
    set_identity(plan);
    set_signals(plan);
    if (options->preexec != NULL) {
        int result = options->preexec(options->preexec_arg);
        if (result != 0)
            fail(plan, BROOD__STEP_PREEXEC, 0, result < 0 ? result : -result); /* or an errno */
    }
    if (!options->keep_fds)
        close_others(plan);
    check(plan, BROOD__STEP_SIGNALS, 0, brood__sys_set_mask(&plan->mask));
    execute(plan);
}
