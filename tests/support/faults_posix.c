/* The other side of the linker's --wrap. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static struct {
    atomic_uint calls, faults, left;
    atomic_int error;
    atomic_bool all;
} states[FAULT_COUNT];

void test_fail_call(enum fault call, unsigned nth, int error, int all)
{
    atomic_store(&states[call].error, error);
    atomic_store(&states[call].all, all != 0);
    atomic_store(&states[call].left, nth);
}

unsigned test_calls(enum fault call)
{
    return atomic_load(&states[call].calls);
}

unsigned test_faults(enum fault call)
{
    return atomic_load(&states[call].faults);
}

static bool strikes(enum fault call)
{
    atomic_fetch_add(&states[call].calls, 1);
    unsigned left = atomic_load(&states[call].left);
    if (left == 0)
        return false;
    if (left > 1) {
        atomic_store(&states[call].left, left - 1);
        return false;
    }
    if (!atomic_load(&states[call].all))
        atomic_store(&states[call].left, 0);
    atomic_fetch_add(&states[call].faults, 1);
    errno = atomic_load(&states[call].error);
    return true;
}

/* WRAP(result, name, parameters, arguments, fault) */
#define WRAP(type, name, parameters, arguments, fault)        \
    type __real_##name parameters;                            \
    type __wrap_##name parameters;                            \
    type __wrap_##name parameters                             \
    {                                                         \
        return strikes(fault) ? -1 : __real_##name arguments; \
    }

WRAP(int, pipe2, (int ends[2], int flags), (ends, flags), FAULT_PIPE2)
WRAP(int, epoll_create1, (int flags), (flags), FAULT_EPOLL_CREATE1)
WRAP(int, epoll_ctl, (int set, int action, int fd, struct epoll_event *event),
     (set, action, fd, event), FAULT_EPOLL_CTL)
WRAP(int, epoll_wait, (int set, struct epoll_event *events, int max, int timeout),
     (set, events, max, timeout), FAULT_EPOLL_WAIT)
WRAP(int, eventfd, (unsigned count, int flags), (count, flags), FAULT_EVENTFD)
WRAP(int, sigaction, (int number, const struct sigaction *action, struct sigaction *before),
     (number, action, before), FAULT_SIGACTION)
WRAP(pid_t, fork, (void), (), FAULT_FORK)

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return strikes(FAULT_FCNTL) ? -1 : __real_fcntl(fd, command, argument);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return strikes(FAULT_OPEN) ? -1 : __real_open(path, flags, mode);
}

pid_t __real_brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process);
pid_t __wrap_brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process);
pid_t __wrap_brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    if (strikes(FAULT_CLONE)) {
        int error = atomic_load(&states[FAULT_CLONE].error);
        return error != 0 ? -error : __real_brood__clone(plan, stack, size, NULL);
    }
    return __real_brood__clone(plan, stack, size, process);
}

struct rusage;
int __real_brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage);
int __wrap_brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage);
int __wrap_brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    if (strikes(FAULT_WAITID))
        return -errno;
    return __real_brood__waitid(type, id, info, options, usage);
}

int __real_brood__process_open(int64_t pid);
int __wrap_brood__process_open(int64_t pid);
int __wrap_brood__process_open(int64_t pid)
{
    return strikes(FAULT_PROCESS_OPEN) ? -errno : __real_brood__process_open(pid);
}
