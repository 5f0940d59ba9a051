/* Spawning on Unix, the parent's side: the plan for the child, its birth, and
 * what became of it.
 *
 * In the usual case the child runs in our memory until it execs, and tells there
 * how far it came.  Where memory is not shared (preexec, which gets a true fork,
 * or an emulator) it tells through a pipe.  Whether memory is shared is found out
 * by looking, the first time, with both at hand. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "io_posix.h"
#include "memory.h"
#include "reap.h"
#include "program_posix.h"
#include "stdio_posix.h"

enum { CHILD_STACK_SIZE = 16384 };

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
    unsigned *groups;  /* NULL: those of the options are taken as they are */
    void *child_stack; /* not on ours, which may be a task's small one */
};

static int explain(const struct brood__spawn *spawn, const struct brood__progress *progress);

/* ---- the plan ------------------------------------------------------------- */

static int by_target(const void *a, const void *b)
{
    const struct brood__fd_move *first = a, *second = b;
    return (first->target > second->target) - (first->target < second->target);
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
                (struct brood__fd_move){.source = spawn->stdio.child[target], .target = target};
    for (size_t i = 0; i < options->fd_count; i++)
        plan->moves[plan->move_count++] = (struct brood__fd_move){.source = options->fds[i].parent,
                                                                  .target = options->fds[i].child};

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
    if (error == 0 && (spawn->child_stack = brood__realloc(NULL, CHILD_STACK_SIZE)) == NULL)
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
    brood__free(spawn->child_stack);
    brood__free(spawn);
}

/* ---- birth ---------------------------------------------------------------- */

/* Whether a clone shares our memory: unknown until one has been seen. */
enum sharing { UNKNOWN, SHARED, COPIED };
static atomic_int sharing = UNKNOWN;

/* What a child must not do in our memory: run the host's code; and change its user,
 * which would take core dumps and tracing from us, and let others touch the child. */
static bool needs_copy(const brood_spawn_options *options)
{
    return options->preexec != NULL || options->set_user || options->set_group ||
           options->set_extra_groups;
}

static bool lacks_descriptors(int error)
{
    return error == BROOD_EMFILE || error == BROOD_ENFILE;
}

/* No handle is to be had for a child that needs one: it has not been started after all. */
static pid_t undo(pid_t pid, int error)
{
    struct brood__child child = {.pid = pid, .process = -1};
    if (!brood__process_reap(&child, BROOD__LOOK))
        kill(pid, SIGKILL);
    brood__process_reap(&child, BROOD__WAIT);
    return error;
}

/* A handle for a child that has run on since: only if nobody has reaped it in the meantime,
 * for then its pid is still its own. */
static int open_late(pid_t pid)
{
    siginfo_t info;
    struct rusage usage;
    int process = brood__process_open(pid);
    if (process < 0)
        return process;
    int error = brood__waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage);
    if (error < 0)
        brood__io_close(process);
    return error < 0 ? error : process;
}

/* By clone.  Without descriptors left for a handle, a child goes without.  Where clone has
 * none to give, the pid is all there is, and the sooner it is changed for a handle the
 * better; with one the index can take the child. */
static pid_t start_shared(struct brood__spawn *spawn, bool needs_handle, int *process)
{
    pid_t pid = brood__clone(&spawn->plan, spawn->child_stack, CHILD_STACK_SIZE, process);
    if (lacks_descriptors(pid) && !needs_handle)
        return brood__clone(&spawn->plan, spawn->child_stack, CHILD_STACK_SIZE, NULL);
    if (pid <= 0 || *process >= 0 || !brood__index_by_handle)
        return pid;
    *process = open_late(pid);
    return *process < 0 && needs_handle ? undo(pid, *process) : pid;
}

/* Where there are handles the child of a fork waits until its own has been opened: while
 * it does, its pid is its own, whoever reaps children in this process.  A byte, and not
 * the end of the pipe, which another thread's child may hold open. */
static void wait_for_parent(int hold)
{
    char byte;
    ssize_t n;
    do
        n = read(hold, &byte, 1);
    while (n < 0 && errno == EINTR);
}

static void let_go(int hold)
{
    char byte = 0;
    brood__io_writev(hold, &(struct iovec){.iov_base = &byte, .iov_len = 1}, 1);
}

/* A true fork.  The kernel does not undo it when no handle can be had. */
static pid_t start_copied(struct brood__plan *plan, bool needs_handle, const int hold[2],
                          int *process)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (hold[0] >= 0)
            wait_for_parent(hold[0]);
        brood__child_main(plan);
    }
    if (pid < 0)
        return -errno;
    if (hold[1] < 0)
        return pid;
    *process = brood__process_open(pid);
    if (*process < 0 && needs_handle)
        return undo(pid, *process);
    let_go(hold[1]);
    return pid;
}

static pid_t start(struct brood__spawn *spawn, bool copied, bool needs_handle, const int hold[2],
                   int *process)
{
    struct brood__plan *plan = &spawn->plan;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &plan->mask);
    if (plan->options->death_signal != 0)
        plan->parent = getpid();
    pid_t pid = copied ? start_copied(plan, needs_handle, hold, process)
                       : start_shared(spawn, needs_handle, process);
    pthread_sigmask(SIG_SETMASK, &plan->mask, NULL);
    return pid;
}

/* How far the child came.  A report pipe that ends without a word was closed by
 * exec, or by a death before it, which will be seen as the child's exit. */
static struct brood__progress progress_of(const struct brood__plan *plan, bool copied, int report)
{
    struct brood__progress progress = plan->progress;
    if (!copied)
        atomic_store(&sharing, progress.phase == BROOD__UNBORN ? COPIED : SHARED);
    if (progress.phase == BROOD__UNBORN && report >= 0 &&
        brood__io_read(report, &progress, sizeof progress) != sizeof progress)
        progress.phase = BROOD__EXECUTING;
    return progress;
}

/* Starts the child in the one way or the other: its pid, and how far it came; or a negative
 * code, and the step that failed. */
static pid_t give_birth(struct brood__spawn *spawn, bool copied, bool needs_handle, int *process,
                        struct brood__progress *progress, const char **step)
{
    struct brood__plan *plan = &spawn->plan;
    int report[2] = {-1, -1}, hold[2] = {-1, -1}, error = 0;
    if (copied || atomic_load(&sharing) != SHARED)
        error = brood__io_pipe(report);
    if (error == 0 && copied && brood__index_by_handle)
        error = brood__io_pipe(hold);
    if (error < 0) {
        brood__io_close(report[0]);
        brood__io_close(report[1]);
        *step = "pipe";
        return error;
    }
    *step = "fork";
    plan->report = report[1];
    pid_t pid = start(spawn, copied, needs_handle, hold, process);
    brood__io_close(report[1]);
    brood__io_close(hold[0]);
    brood__io_close(hold[1]);
    if (pid > 0)
        *progress = progress_of(plan, copied, report[0]);
    brood__io_close(report[0]);
    return pid;
}

int brood__spawn_start(struct brood__spawn *spawn, bool needs_handle, struct brood__child *child)
{
    struct brood__progress progress = {.phase = BROOD__UNBORN};
    const char *step;
    int process = -1;
    bool copied = needs_copy(spawn->plan.options);
    pid_t pid = give_birth(spawn, copied, needs_handle, &process, &progress, &step);
    if (pid == BROOD_ENOSYS && !copied) /* what the quick way cannot do, a true fork can */
        pid = give_birth(spawn, true, needs_handle, &process, &progress, &step);
    if (pid < 0)
        return brood__spawn_failed(spawn->plan.options, pid, step, "");

    child->pid = pid;
    child->process = process < 0 ? -1 : brood__io_keep_clear(process);
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
