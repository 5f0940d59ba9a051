/* A vfork-like clone: the child runs in the parent's memory, on a stack of its
 * own, while the calling thread is suspended; so its cost does not depend on how
 * much memory the parent has.  clone3 also resets the signal handlers and gives
 * a pidfd; where it is missing, clone(2) does without the first, and on old
 * kernels without the second. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

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

static _Noreturn int begin(void *plan)
{
    brood__child_main(plan);
}

/* The child must not return through the parent's frames: it is sent into `begin`
 * by the very instructions that follow the system call. */
#if defined(__x86_64__)
static long call_clone3(struct clone3_arguments *arguments, struct brood__plan *plan)
{
    long result;
    register struct brood__plan *child_plan __asm__("r8") = plan;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r8, %%rdi\n\t"
                     "call *%%rdx\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "d"(begin),
                       "r"(child_plan)
                     : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long call_clone3(struct clone3_arguments *arguments, struct brood__plan *plan)
{
    register long result __asm__("x0") = (long)arguments;
    register size_t size __asm__("x1") = sizeof *arguments;
    register int (*entry)(void *) __asm__("x2") = begin;
    register struct brood__plan *child_plan __asm__("x3") = plan;
    register long number __asm__("x8") = SYS_clone3;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x30, xzr\n\t"
                     "mov x0, x3\n\t"
                     "blr x2\n\t"
                     "brk #1\n"
                     "1:"
                     : "+r"(result)
                     : "r"(size), "r"(entry), "r"(child_plan), "r"(number)
                     : "memory", "cc");
    return result;
}
#else
static long call_clone3(struct clone3_arguments *arguments, struct brood__plan *plan)
{
    (void)arguments;
    (void)plan;
    return -ENOSYS;
}
#endif

/* What this kernel, or the sandbox around it, has refused once. */
static atomic_bool no_clone3;

static pid_t by_clone3(struct brood__plan *plan, void *stack, size_t size, int *process)
{
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
    plan->clean_handlers = true;
    long pid = call_clone3(&arguments, plan);
    if (pid > 0 && process != NULL)
        *process = pidfd;
    return (pid_t)pid;
}

static pid_t by_clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    int pidfd = -1, flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    if (process != NULL)
        flags |= CLONE_PIDFD;
    plan->clean_handlers = false;
    char *top = (char *)stack + size;
    pid_t pid = clone(begin, top, flags, plan, &pidfd);
    if (pid < 0)
        return -errno;
    if (process != NULL)
        *process = pidfd;
    return pid;
}

pid_t brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    if (!atomic_load_explicit(&no_clone3, memory_order_relaxed)) {
        pid_t pid = by_clone3(plan, stack, size, process);
        if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL)
            return pid;
        atomic_store(&no_clone3, true);
    }
    return by_clone(plan, stack, size, process);
}
