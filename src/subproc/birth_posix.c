/* The birth of a child on Unix: by clone or by a true fork, with all signals blocked,
 * and how far it came.
 *
 * In the usual case the child runs in our memory until it execs, and tells there
 * how far it came.  Where memory is not shared (preexec, which gets a true fork,
 * or an emulator) it tells through a pipe.  Whether memory is shared is found out
 * by looking, the first time, with both at hand. */
#include "birth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_posix.h"
#include "reap.h"

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
static pid_t start_shared(struct brood__plan *plan, bool needs_handle, int *process)
{
    pid_t pid = brood__clone(plan, plan->stack, BROOD__CHILD_STACK_SIZE, process);
    if (lacks_descriptors(pid) && !needs_handle)
        return brood__clone(plan, plan->stack, BROOD__CHILD_STACK_SIZE, NULL);
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

static pid_t start(struct brood__plan *plan, bool copied, bool needs_handle, const int hold[2],
                   int *process)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &plan->mask);
    if (plan->options->death_signal != 0)
        plan->parent = getpid();
    pid_t pid = copied ? start_copied(plan, needs_handle, hold, process)
                       : start_shared(plan, needs_handle, process);
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
static pid_t give_birth(struct brood__plan *plan, bool copied, bool needs_handle, int *process,
                        struct brood__progress *progress, const char **step)
{
    int report[2] = {-1, -1}, hold[2] = {-1, -1}, error = 0;
    if (copied || atomic_load(&sharing) != SHARED) {
        plan->reserve = NULL; /* a child that cannot tell of its refusal shares no table */
        error = brood__io_pipe(report);
    }
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
    pid_t pid = start(plan, copied, needs_handle, hold, process);
    brood__io_close(report[1]);
    brood__io_close(hold[0]);
    brood__io_close(hold[1]);
    if (pid > 0)
        *progress = progress_of(plan, copied, report[0]);
    brood__io_close(report[0]);
    return pid;
}

int brood__birth(struct brood__plan *plan, bool needs_handle, struct brood__child *child,
                 struct brood__progress *progress, const char **step)
{
    int process = -1;
    bool copied = needs_copy(plan->options);
    pid_t pid = give_birth(plan, copied, needs_handle, &process, progress, step);
    if (pid == BROOD_ENOSYS && !copied) /* what the quick way cannot do, a true fork can */
        pid = give_birth(plan, true, needs_handle, &process, progress, step);
    if (pid < 0)
        return pid;
    child->pid = pid;
    child->process = process < 0 ? -1 : brood__io_keep_clear(process);
    return 0;
}
