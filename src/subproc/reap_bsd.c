/* Processes on macOS and the BSDs, which have no descriptors for them: by pid, which is
 * theirs until they are reaped.  The index is a kqueue with EVFILT_PROC. */
#include "reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "io_bsd.h"
#include "io_posix.h"

enum { TAKEN_AT_ONCE = 64 };

int brood__process_waitid(const struct brood__child *child, siginfo_t *info, int options,
                          struct rusage *usage)
{
    return brood__waitid(P_PID, child->pid, info, options, usage);
}

brood_returncode brood__process_taken(const struct brood__child *child)
{
    return child->told ? child->returncode : BROOD_ELOST;
}

int brood__process_signal(const struct brood__child *child, int signal)
{
    return kill((pid_t)child->pid, signal) < 0 ? -errno : 0;
}

/* ---- the index ----------------------------------------------------------- */

int brood__index_open(void)
{
    return brood__io_kqueue();
}

/* No forked child has inherited the kqueue: its number may be another file's there. */
void brood__index_close(int index, bool forked)
{
    if (!forked)
        brood__io_close(index);
}

const bool brood__index_by_handle = false;

/* macOS tells the status to those who ask for it, the BSDs to all. */
#ifdef NOTE_EXITSTATUS
enum { WITH_STATUS = NOTE_EXITSTATUS };
#else
enum { WITH_STATUS = 0 };
#endif

static int change(int index, struct brood__child *child, unsigned flags)
{
    return brood__kevent_change(index, (intptr_t)child->pid, EVFILT_PROC, flags,
                                NOTE_EXIT | WITH_STATUS, child);
}

/* Whether somebody else has reaped it, and its pid may be a stranger's. */
static bool is_gone(const struct brood__child *child)
{
    siginfo_t info;
    struct rusage usage;
    return brood__waitid(P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage) ==
           BROOD_ECHILD;
}

/* A zombie is taken by FreeBSD, which tells of it at once; macOS, NetBSD and OpenBSD say
 * ESRCH of it.  NetBSD says EACCES of a program that has changed its user. */
int brood__index_add(int index, struct brood__child *child)
{
    child->told = false;
    int error = change(index, child, EV_ADD | EV_ONESHOT);
    if (error == 0 && is_gone(child)) {
        change(index, child, EV_DELETE);
        error = BROOD_ESRCH;
    }
    return error == BROOD_EACCES ? BROOD_EPERM : error;
}

void brood__index_remove(int index, struct brood__child *child)
{
    change(index, child, EV_DELETE);
}

static brood_returncode code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int brood__index_take(int index, struct brood__child **children, int max)
{
    struct kevent events[TAKEN_AT_ONCE];
    int count = brood__kevent_wait(index, events, max < TAKEN_AT_ONCE ? max : TAKEN_AT_ONCE,
                                   &(struct timespec){0});
    for (int i = 0; i < count; i++) {
        children[i] = events[i].udata;
        children[i]->told = (events[i].fflags & WITH_STATUS) == WITH_STATUS;
        children[i]->returncode = code_of((int)events[i].data);
    }
    return count < 0 ? 0 : count;
}
