/* The child watcher on Windows: the system's thread pool waits for the ends of all
 * processes, 63 by a thread, and posts each to the loop's completion port. */
#include "watcher.h"

#include <stdatomic.h>

#include "exit_windows.h"
#include "memory.h"
#include "system_windows.h"

#include <psapi.h>

/* SIGTERM and its kin, as the C library here numbers them, and what it has no name for. */
enum { SIGNAL_NONE = 0, SIGNAL_KILL = 9, SIGNAL_TERMINATE = 15, SIGNAL_BREAK = 21 };

/* What an ended process that was told to gives as its exit status. */
enum { STATUS_OF_KILLED = 1 };

/* It outlives its child if the end has been posted, until that has come out of the port. */
struct watch {
    struct brood__link link; /* the watcher's */
    struct brood__op op;
    struct brood__child *child; /* NULL: nobody wants to know any more */
    brood_loop *loop;
    HANDLE wait;
    atomic_bool posted;
};

struct brood__watcher {
    struct brood__owned owned;
    brood_loop *loop;
    struct brood__link watches;
};

static HANDLE process_of(const struct brood__child *child)
{
    return brood__handle_of(child->process);
}

/* ---- a watcher ---------------------------------------------------------------- */

static void free_watch(struct watch *watch)
{
    brood__list_remove(&watch->link);
    brood__free(watch);
}

/* Its children have gone before it; what they posted last may still be in the port. */
static void destroy(struct brood__owned *owned)
{
    struct brood__watcher *watcher = BROOD__CONTAINER(owned, struct brood__watcher, owned);
    struct brood__link *link;
    while ((link = brood__list_take(&watcher->watches)) != NULL) {
        struct watch *watch = BROOD__CONTAINER(link, struct watch, link);
        brood__exit_drain(watcher->loop->backend, &watch->op);
        free_watch(watch);
    }
    watcher->loop->watcher = NULL;
    brood__free(watcher);
}

int brood__watcher_prepare(brood_loop *loop)
{
    if (loop->watcher != NULL)
        return 0;
    struct brood__watcher *watcher = brood__alloc(sizeof *watcher);
    if (watcher == NULL)
        return BROOD_ENOMEM;
    watcher->loop = loop;
    watcher->owned.destroy = destroy;
    brood__list_init(&watcher->watches);
    brood__loop_own(loop, &watcher->owned);
    loop->watcher = watcher;
    return 0;
}

bool brood__watcher_needs_handle(const brood_loop *loop)
{
    (void)loop;
    return true;
}

/* ---- watching -------------------------------------------------------------------- */

/* In a thread of the system's. */
static void CALLBACK process_ended(void *arg, BOOLEAN timed_out)
{
    (void)timed_out;
    struct watch *watch = arg;
    atomic_store(&watch->posted, true);
    brood__exit_post(watch->loop->backend, &watch->op);
}

static int begin(struct watch *watch)
{
    watch->op.state = BROOD__SUBMITTED;
    if (!RegisterWaitForSingleObject(&watch->wait, process_of(watch->child), process_ended, watch,
                                     INFINITE, WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD))
        return brood__last_error();
    return 0;
}

/* When it returns the callback has been made, or never will be. */
static void end_wait(struct watch *watch)
{
    if (watch->wait != NULL)
        UnregisterWaitEx(watch->wait, INVALID_HANDLE_VALUE);
    watch->wait = NULL;
}

static void stop_watching(struct brood__child *child)
{
    struct watch *watch = child->watch;
    if (watch == NULL)
        return;
    child->watch = NULL;
    watch->child = NULL;
    end_wait(watch);
    if (!atomic_load(&watch->posted))
        free_watch(watch);
}

static void read_usage(struct brood__child *child);

/* Whether it has ended; then the return code is known. */
static bool look(struct brood__child *child)
{
    if (child->ended)
        return true;
    if (WaitForSingleObject(process_of(child), 0) != WAIT_OBJECT_0)
        return false;
    DWORD code = 0;
    bool known = GetExitCodeProcess(process_of(child), &code);
    child->returncode = known ? (brood_returncode)code : BROOD_ELOST;
    read_usage(child);
    child->ended = child->reaped = true;
    return true;
}

static void notice(struct brood__child *child)
{
    stop_watching(child);
    if (!child->tree)
        brood__child_release(child);
    child->exited(child);
}

/* A wait has ended for another reason.  What cannot be waited for is asked again. */
static void wait_again(struct watch *watch)
{
    if (begin(watch) == 0)
        return;
    atomic_store(&watch->posted, true);
    brood__exit_post(watch->loop->backend, &watch->op);
}

static void exit_came(struct brood__op *op, void *unused)
{
    (void)unused;
    struct watch *watch = BROOD__CONTAINER(op, struct watch, op);
    struct brood__child *child = watch->child;
    atomic_store(&watch->posted, false);
    if (child == NULL) {
        free_watch(watch);
        return;
    }
    end_wait(watch);
    if (look(child))
        notice(child);
    else
        wait_again(watch);
}

int brood__watcher_add(brood_loop *loop, struct brood__child *child)
{
    static const struct brood__op_type type = {.done = exit_came};
    struct watch *watch = brood__alloc(sizeof *watch);
    if (watch == NULL)
        return BROOD_ENOMEM;
    watch->op = (struct brood__op){.kind = BROOD__POSTED, .type = &type};
    watch->child = child;
    watch->loop = loop;
    int error = begin(watch);
    if (error < 0) {
        brood__free(watch);
        return error;
    }
    child->watcher = loop->watcher;
    child->watch = watch;
    brood__list_append(&loop->watcher->watches, &watch->link);
    return 0;
}

/* ---- one child ------------------------------------------------------------------------ */

static double seconds_of(FILETIME time) /* which counts in 100 ns */
{
    return 1e-7 * ((double)time.dwHighDateTime * 4294967296.0 + (double)time.dwLowDateTime);
}

static void read_usage(struct brood__child *child)
{
    FILETIME created, ended, system, user;
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    child->usage_lost = !GetProcessTimes(process_of(child), &created, &ended, &system, &user) ||
                        !K32GetProcessMemoryInfo(process_of(child), &memory, sizeof memory);
    if (child->usage_lost)
        return;
    child->usage = (brood_usage){.user_seconds = seconds_of(user),
                                 .system_seconds = seconds_of(system),
                                 .max_rss_bytes = memory.PeakWorkingSetSize};
}

bool brood__child_has_ended(struct brood__child *child)
{
    return child->ended || WaitForSingleObject(process_of(child), 0) == WAIT_OBJECT_0;
}

/* The thread pool may still be on its way to say so. */
void brood__child_hasten(struct brood__child *child)
{
    struct watch *watch = child->watch;
    if (watch == NULL || atomic_load(&watch->posted) || !brood__child_has_ended(child))
        return;
    end_wait(watch);
    if (!atomic_exchange(&watch->posted, true))
        brood__exit_post(watch->loop->backend, &watch->op);
}

/* A process that is ending already cannot be ended. */
static int end_process(struct brood__child *child)
{
    if (TerminateProcess(process_of(child), STATUS_OF_KILLED))
        return 0;
    DWORD error = GetLastError(); /* our handle may do anything to a live one */
    return error == ERROR_ACCESS_DENIED || brood__child_has_ended(child) ? BROOD_ESRCH
                                                                         : brood__error_from(error);
}

/* The console's message, for the group that the child leads.  Without one of its own it is in
 * the host's, which would hear it, too. */
static int send_break(const struct brood__child *child)
{
    if (!child->leads_group)
        return BROOD_EPERM;
    if (GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, (DWORD)child->pid))
        return 0;
    DWORD error = GetLastError();
    bool is_absent = error == ERROR_INVALID_HANDLE || error == ERROR_INVALID_ACCESS;
    return is_absent ? BROOD_ENOSYS : brood__error_from(error);
}

int brood__child_signal(struct brood__child *child, int signal)
{
    if (brood__child_has_ended(child))
        return BROOD_ESRCH;
    switch (signal) {
    case SIGNAL_NONE:
        return 0;
    case SIGNAL_KILL:
    case SIGNAL_TERMINATE:
        return end_process(child);
    case SIGNAL_BREAK:
        return send_break(child);
    default:
        return BROOD_EINVAL;
    }
}

int brood__child_terminate(struct brood__child *child)
{
    return brood__child_signal(child, SIGNAL_TERMINATE);
}

static bool is_tree_empty(HANDLE job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION info;
    return QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &info, sizeof info,
                                     NULL) &&
           info.ActiveProcesses == 0;
}

int brood__child_kill(struct brood__child *child)
{
    HANDLE job = brood__handle_of(child->job);
    if (job == NULL)
        return brood__child_signal(child, SIGNAL_KILL);
    if (is_tree_empty(job))
        return BROOD_ESRCH;
    return TerminateJobObject(job, STATUS_OF_KILLED) ? 0 : brood__last_error();
}

void brood__child_kill_rest(struct brood__child *child)
{
    if (child->job != 0)
        brood__child_kill(child);
}

void brood__child_release(struct brood__child *child)
{
    if (child->process != -1)
        CloseHandle(process_of(child));
    if (child->job != 0)
        CloseHandle(brood__handle_of(child->job));
    child->process = -1;
    child->job = 0;
}

void brood__child_destroy(struct brood__child *child)
{
    stop_watching(child);
    if (child->process != -1) {
        brood__child_kill(child);
        WaitForSingleObject(process_of(child), INFINITE);
        look(child);
    }
    child->ended = child->reaped = true;
    brood__child_release(child);
}

void brood__child_leave(struct brood__child *child)
{
    stop_watching(child);
    if (child->process != -1)
        look(child);
    brood__child_release(child);
}

void brood__child_forget(struct brood__child *child)
{
    brood__child_leave(child);
}
