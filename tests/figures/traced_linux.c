#include "traced_linux.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call that does not exist. */
enum { MARK = 0xb00d };

struct kernel_call_info { /* the kernel's ptrace_syscall_info, as far as an entry has it */
    uint8_t op, padding[3];
    uint32_t arch;
    uint64_t instruction, stack, number, arguments[6];
};
enum { GET_SYSCALL_INFO = 0x420e, INFO_ENTRY = 1 };

void traced_mark(void)
{
    syscall(MARK);
}

static void count_call(struct traced *traced, pid_t pid, pid_t own, bool *counting)
{
    struct kernel_call_info info;
    long size = syscall(SYS_ptrace, GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (size < (long)offsetof(struct kernel_call_info, arguments) || info.op != INFO_ENTRY)
        return;
    if (info.number == MARK && pid == own)
        *counting = !*counting;
    else if (*counting && info.number < TRACED_CALLS)
        (pid == own ? traced->own : traced->child)[info.number]++;
}

/* What a stopped process goes on with: a signal, or none. */
static long signal_of(int status)
{
    int signal = WSTOPSIG(status);
    bool of_tracing = signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP;
    return of_tracing ? 0 : signal;
}

static bool has_begun_another_program(int status)
{
    return status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
}

static void follow(struct traced *traced, pid_t own)
{
    bool counting = false;
    int status;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == ECHILD)
            return;
        if (pid == own && !WIFSTOPPED(status)) {
            traced->status = status;
            return;
        }
        if (pid < 0 || !WIFSTOPPED(status))
            continue;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            count_call(traced, pid, own, &counting);
        if (pid != own && has_begun_another_program(status))
            ptrace(PTRACE_DETACH, pid, NULL, 0L);
        else
            ptrace(PTRACE_SYSCALL, pid, NULL, signal_of(status));
    }
}

bool traced_run(void (*scenario)(void *arg), void *arg, struct traced *traced)
{
    memset(traced, 0, sizeof *traced);
    pid_t own = fork();
    if (own == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(126);
        raise(SIGSTOP);
        scenario(arg);
        _exit(0);
    }
    int status;
    if (own < 0 || waitpid(own, &status, 0) != own || !WIFSTOPPED(status))
        return false;
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, own, NULL, options) < 0) {
        kill(own, SIGKILL);
        waitpid(own, &status, 0);
        return false;
    }
    ptrace(PTRACE_SYSCALL, own, NULL, 0L);
    follow(traced, own);
    return true;
}
