/* A vfork-like clone: the child runs in the parent's memory, on a stack of its
 * own, while the calling thread is suspended; so its cost does not depend on how
 * much memory the parent has.  clone3 also resets the signal handlers and gives
 * a pidfd; where it is missing, clone does without the first, and on old kernels
 * without the second. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "share.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

struct clone3_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

/* The first thing that the child does is to leave the table that it may share with us. */
static _Noreturn int begin(void *argument)
{
    struct brood__plan *plan = argument;
    if (plan->table_end > 0) {
        int error = brood__sys_leave_table((unsigned)plan->table_end, ~0u);
        if (error < 0) {
            plan->progress.error = error;
            plan->progress.phase = BROOD__REFUSED;
            brood__sys_exit(127);
        }
    }
    brood__child_main(plan);
}

/* The child must not return through the parent's frames: it is sent into `begin`
 * by the very instructions that follow the system call.  The registers that carry
 * `begin` and the plan are the same in both processes. */
#if defined(__x86_64__)
static long call_into_child(long number, long a, long b, long c, struct brood__plan *plan)
{
    long result;
    register long r10 __asm__("r10") = 0;
    register long r8 __asm__("r8") = 0;
    register struct brood__plan *r9 __asm__("r9") = plan;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%rbx\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9), "b"(begin)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#define HAVE_CALL_INTO_CHILD 1
#elif defined(__aarch64__)
static long call_into_child(long number, long a, long b, long c, struct brood__plan *plan)
{
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register struct brood__plan *x5 __asm__("x5") = plan;
    register int (*x6)(void *) __asm__("x6") = begin;
    register long x8 __asm__("x8") = number;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x30, xzr\n\t"
                     "mov x0, x5\n\t"
                     "blr x6\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x8)
                     : "memory", "cc");
    return x0;
}
#define HAVE_CALL_INTO_CHILD 1
#else
#define HAVE_CALL_INTO_CHILD 0
#endif

/* What this kernel, or the sandbox around it, has refused once. */
static atomic_bool no_clone3, no_pidfd;

static int shared_table(const struct brood__plan *plan)
{
    return plan->table_end > 0 ? CLONE_FILES : 0;
}

static pid_t by_clone3(struct brood__plan *plan, void *stack, size_t size, int *process)
{
#if HAVE_CALL_INTO_CHILD
    int pidfd = -1;
    struct clone3_arguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = size,
    };
    if (process != NULL) {
        arguments.flags |= CLONE_PIDFD;
        arguments.pidfd = (uint64_t)(uintptr_t)&pidfd;
    }
    arguments.flags |= (uint64_t)shared_table(plan);
    plan->clean_handlers = true;
    long pid = call_into_child(SYS_clone3, (long)(uintptr_t)&arguments, sizeof arguments, 0, plan);
    if (pid > 0 && process != NULL)
        *process = pidfd;
    return (pid_t)pid;
#else
    (void)plan, (void)stack, (void)size, (void)process;
    return -ENOSYS;
#endif
}

static pid_t by_plain_clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    int pidfd = -1, flags = CLONE_VM | CLONE_VFORK | SIGCHLD | shared_table(plan);
    if (process != NULL)
        flags |= CLONE_PIDFD;
    plan->clean_handlers = false;
    char *top = (char *)stack + size;
#if HAVE_CALL_INTO_CHILD
    long pid =
        call_into_child(SYS_clone, flags, (long)(uintptr_t)top, (long)(uintptr_t)&pidfd, plan);
#else
    long pid = clone(begin, top, flags, plan, &pidfd, NULL, NULL);
    if (pid < 0)
        pid = -errno;
#endif
    if (pid > 0 && process != NULL)
        *process = pidfd;
    return (pid_t)pid;
}

/* CLONE_PIDFD is refused by emulators and sandboxes; before Linux 5.2 it is ignored. */
static pid_t by_clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    if (process != NULL && !atomic_load_explicit(&no_pidfd, memory_order_relaxed)) {
        pid_t pid = by_plain_clone(plan, stack, size, process);
        if (pid != -EINVAL)
            return pid;
        atomic_store(&no_pidfd, true);
    }
    return by_plain_clone(plan, stack, size, NULL);
}

static pid_t by_either(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    if (!atomic_load_explicit(&no_clone3, memory_order_relaxed)) {
        pid_t pid = by_clone3(plan, stack, size, process);
        if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL)
            return pid;
        atomic_store(&no_clone3, true);
    }
    return by_clone(plan, stack, size, process);
}

pid_t brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    brood__share_begin(plan);
    pid_t pid = by_either(plan, stack, size, process);
    if (brood__share_refused(plan, pid, process))
        pid = by_either(plan, stack, size, process);
    brood__share_end(plan);
    return pid;
}
