/* Processes on Linux: by pidfd (Linux 5.3; 5.4 for waitid), else by pid.  The
 * index is an epoll set that holds pidfds and nothing else. */
#include "reap.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_posix.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { TAKEN_AT_ONCE = 64 };

/* ---- the end of one process ---------------------------------------------- */

/* Since Linux 6.15 a pidfd still knows the status after somebody has reaped the
 * process.  The first 64 bytes of the kernel's pidfd_info. */
struct pidfd_info {
    uint64_t mask, cgroup;
    uint32_t ids[11];
    int32_t exit_code;
};
_Static_assert(sizeof(struct pidfd_info) == 64, "the kernel's layout");
#define PIDFD_GET_INFO  _IOWR(0xFF, 11, struct pidfd_info)
#define PIDFD_INFO_EXIT ((uint64_t)1 << 3)

/* By syscall: the C libraries are not of one mind about the type of ioctl's request. */
brood_returncode brood__process_taken(const struct brood__child *child)
{
    struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
    if (child->process < 0 || syscall(SYS_ioctl, (int)child->process, PIDFD_GET_INFO, &info) < 0 ||
        (info.mask & PIDFD_INFO_EXIT) == 0)
        return BROOD_ELOST;
    bool exited = WIFEXITED(info.exit_code);
    return exited ? WEXITSTATUS(info.exit_code) : -WTERMSIG(info.exit_code);
}

int brood__process_waitid(const struct brood__child *child, siginfo_t *info, int options,
                          struct rusage *usage)
{
    int error = BROOD_EINVAL; /* what a kernel before 5.4 says of P_PIDFD */
    if (child->process >= 0)
        error = brood__waitid(P_PIDFD, child->process, info, options, usage);
    if (error == BROOD_EINVAL)
        error = brood__waitid(P_PID, child->pid, info, options, usage);
    return error;
}

/* ---- signals ------------------------------------------------------------- */

/* EPERM is what an older container says of a call that it does not know; where it is
 * meant, kill says the same. */
int brood__process_signal(const struct brood__child *child, int signal)
{
    long result = -1;
    errno = ENOSYS;
    if (child->process >= 0)
        result = syscall(SYS_pidfd_send_signal, (int)child->process, signal, NULL, 0u);
    if (result < 0 && (errno == ENOSYS || errno == EPERM))
        result = kill((pid_t)child->pid, signal);
    return result < 0 ? -errno : 0;
}

/* ---- the index ----------------------------------------------------------- */

int brood__index_open(void)
{
    int error = brood__procfd_check();
    if (error < 0)
        return error;
    int index = epoll_create1(EPOLL_CLOEXEC);
    return index < 0 ? -errno : brood__io_keep_clear(index);
}

/* Each process has a descriptor of its own for it. */
void brood__index_close(int index, bool forked)
{
    (void)forked;
    brood__io_close(index);
}

const bool brood__index_by_handle = true;

/* Told once, its registration is as good as gone: a pidfd that is closed after that need not be
 * taken out before, even if a process forked elsewhere holds a copy of it. */
int brood__index_add(int index, struct brood__child *child)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = child};
    if (child->process < 0)
        return BROOD_ENOSYS;
    return epoll_ctl(index, EPOLL_CTL_ADD, (int)child->process, &event) < 0 ? -errno : 0;
}

void brood__index_remove(int index, struct brood__child *child)
{
    epoll_ctl(index, EPOLL_CTL_DEL, (int)child->process, &(struct epoll_event){0});
}

int brood__index_take(int index, struct brood__child **children, int max)
{
    struct epoll_event events[TAKEN_AT_ONCE];
    int count = epoll_wait(index, events, max < TAKEN_AT_ONCE ? max : TAKEN_AT_ONCE, 0);
    for (int i = 0; i < count; i++)
        children[i] = events[i].data.ptr;
    return count < 0 ? 0 : count;
}
