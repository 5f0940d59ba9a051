/* Calls that fail on demand: those of every Unix, and of the library itself. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static struct {
    atomic_uint calls, faults, left;
    atomic_int error;
    atomic_bool all;
} states[FAULT_COUNT];

/* The process that asks; its children between fork and exec are not meant, whose memory
 * may be its own. */
static _Atomic(pid_t) meant;

void test_fail_call(enum fault call, unsigned nth, int error, int all)
{
    atomic_store(&meant, getpid());
    atomic_store(&states[call].error, error);
    atomic_store(&states[call].all, all != 0);
    atomic_store(&states[call].left, nth);
}

unsigned test_calls(enum fault call)
{
    atomic_store(&meant, getpid());
    return atomic_load(&states[call].calls);
}

unsigned test_faults(enum fault call)
{
    return atomic_load(&states[call].faults);
}

int test_fault_strikes(enum fault call)
{
    if (getpid() != atomic_load(&meant))
        return 0;
    atomic_fetch_add(&states[call].calls, 1);
    unsigned left = atomic_load(&states[call].left);
    if (left == 0)
        return 0;
    if (left > 1) {
        atomic_store(&states[call].left, left - 1);
        return 0;
    }
    if (!atomic_load(&states[call].all))
        atomic_store(&states[call].left, 0);
    atomic_fetch_add(&states[call].faults, 1);
    errno = atomic_load(&states[call].error);
    return 1;
}

WRAP(int, pipe, (int ends[2]), (ends), FAULT_PIPE2)
#ifndef __APPLE__
WRAP(int, pipe2, (int ends[2], int flags), (ends, flags), FAULT_PIPE2)
#endif
#undef socketpair /* a stand-in for the tests' own calls (lacking_bsd.h) */
WRAP(int, socketpair, (int domain, int type, int protocol, int ends[2]),
     (domain, type, protocol, ends), FAULT_SOCKETPAIR)
WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),
     (fd, level, name, value, len), FAULT_SETSOCKOPT)
WRAP(int, sigaction, (int number, const struct sigaction *action, struct sigaction *before),
     (number, action, before), FAULT_SIGACTION)
WRAP(pid_t, fork, (void), (), FAULT_FORK)

int REAL(fcntl)(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return test_fault_strikes(FAULT_FCNTL) ? -1 : REAL(fcntl)(fd, command, argument);
}

int REAL(open)(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    unsigned mode = va_arg(arguments, unsigned);
    va_end(arguments);
    return test_fault_strikes(FAULT_OPEN) ? -1 : REAL(open)(path, flags, (mode_t)mode);
}

pid_t REAL(brood__clone)(struct brood__plan *plan, void *stack, size_t size, int *process);
pid_t __wrap_brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process);
pid_t __wrap_brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    if (test_fault_strikes(FAULT_CLONE)) {
        int error = atomic_load(&states[FAULT_CLONE].error);
        return error != 0 ? -error : REAL(brood__clone)(plan, stack, size, NULL);
    }
    return REAL(brood__clone)(plan, stack, size, process);
}

struct rusage;
int REAL(brood__waitid)(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage);
int __wrap_brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage);
int __wrap_brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage)
{
    if (test_fault_strikes(FAULT_WAITID))
        return -errno;
    return REAL(brood__waitid)(type, id, info, options, usage);
}

int REAL(brood__process_open)(int64_t pid);
int __wrap_brood__process_open(int64_t pid);
int __wrap_brood__process_open(int64_t pid)
{
    return test_fault_strikes(FAULT_PROCESS_OPEN) ? -errno : REAL(brood__process_open)(pid);
}
