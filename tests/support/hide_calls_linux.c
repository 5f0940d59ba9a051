/* The filter is a table of rules made into a program.  Arguments are compared by their low
 * words, as the kernel does that takes each of them for an int; and clone has no flags above. */
#include "hide_calls_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* System calls have other numbers elsewhere; all of these have the low word first. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__AARCH64EL__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__ARMEL__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#else
#define ARCH 0u
#endif

/* The same number on every system, and too new for some C libraries' headers. */
enum {
    NR_PIDFD_SEND_SIGNAL = 424,
    NR_PIDFD_OPEN = 434,
    NR_CLONE3 = 435,
    NR_CLOSE_RANGE = 436,
    NR_EPOLL_PWAIT2 = 441,
};

enum { ANY = -1 };

struct rule {
    const char *name, *text;
    unsigned what;
    int call;
    int argument; /* ANY, or the one that decides: hidden if (it & mask) == value */
    uint32_t mask, value;
    int error;
};

static const struct rule rules[] = {
    {"pidfd-send-signal", "Linux 5.1: ENOSYS", HIDE_PIDFD_SEND_SIGNAL, NR_PIDFD_SEND_SIGNAL, ANY, 0,
     0, ENOSYS},
    {"clone-pidfd", "5.2: EINVAL for CLONE_PIDFD; and clone3", HIDE_CLONE_PIDFD, SYS_clone, 0,
     0x1000, 0x1000, EINVAL},
    {"clone3", "5.3: ENOSYS", HIDE_CLONE3, NR_CLONE3, ANY, 0, 0, ENOSYS},
    {"pidfd-open", "5.3: ENOSYS", HIDE_PIDFD_OPEN, NR_PIDFD_OPEN, ANY, 0, 0, ENOSYS},
    {"p-pidfd", "5.4: EINVAL from waitid", HIDE_P_PIDFD, SYS_waitid, 0, ~0u, 3, EINVAL},
    {"close-range", "5.9: ENOSYS", HIDE_CLOSE_RANGE, NR_CLOSE_RANGE, ANY, 0, 0, ENOSYS},
    {"close-range-unshare", "EINVAL from close_range with CLOSE_RANGE_UNSHARE", HIDE_UNSHARE,
     NR_CLOSE_RANGE, 2, 2, 2, EINVAL},
    {"epoll-pwait2", "5.11: ENOSYS", HIDE_EPOLL_PWAIT2, NR_EPOLL_PWAIT2, ANY, 0, 0, ENOSYS},
    {"guard-install", "6.13: EINVAL from madvise", HIDE_GUARD_INSTALL, SYS_madvise, 2, ~0u, 102,
     EINVAL},
    {"pidfd-info", "6.15: ENOTTY from ioctl", HIDE_PIDFD_INFO, SYS_ioctl, 1, 0xffff, 0xff0b,
     ENOTTY},
    {"rwf-nosignal", "6.18: EOPNOTSUPP from pwritev2", HIDE_RWF_NOSIGNAL, SYS_pwritev2, 5, 0x100,
     0x100, EOPNOTSUPP},
    {"directories", "ENOENT from openat, as if /proc were missing", HIDE_DIRECTORIES, SYS_openat, 2,
     O_DIRECTORY, O_DIRECTORY, ENOENT},
};
enum { RULES = sizeof rules / sizeof *rules, LONGEST_RULE = 6 };

/* ---- names ------------------------------------------------------------------ */

unsigned hide_by_name(const char *name)
{
    for (size_t i = 0; i < RULES; i++)
        if (strcmp(rules[i].name, name) == 0)
            return rules[i].what;
    return strcmp(name, "all") == 0 ? HIDE_ALL : 0;
}

void hide_print_names(FILE *out)
{
    for (size_t i = 0; i < RULES; i++)
        fprintf(out, "  %-18s %s\n", rules[i].name, rules[i].text);
    fprintf(out, "  %-18s %s\n", "all", "what has a version here");
}

/* ---- the filter -------------------------------------------------------------- */

struct program {
    struct sock_filter code[RULES * LONGEST_RULE + 4];
    unsigned short length;
};

static void emit(struct program *program, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
    program->code[program->length++] =
        (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void load(struct program *program, size_t offset)
{
    emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_rule(struct program *program, const struct rule *rule, bool by_eperm)
{
    bool any = rule->argument == ANY;
    int error = by_eperm && rule->error == ENOSYS ? EPERM : rule->error;
    load(program, offsetof(struct seccomp_data, nr));
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->call, 0, any ? 1 : 4);
    if (!any) {
        load(program, offsetof(struct seccomp_data, args) + 8 * (size_t)rule->argument);
        emit(program, BPF_ALU | BPF_AND | BPF_K, rule->mask, 0, 0);
        emit(program, BPF_JMP | BPF_JEQ | BPF_K, rule->value, 0, 1);
    }
    emit(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

bool hide_is_possible(void)
{
    return ARCH != 0 && prctl(PR_GET_SECCOMP) >= 0; /* EINVAL: an emulator */
}

/* clone3 has its flags in memory, where a filter cannot look; but it came after CLONE_PIDFD. */
static unsigned with_what_follows(unsigned what)
{
    return (what & HIDE_CLONE_PIDFD) != 0 ? what | HIDE_CLONE3 : what;
}

bool hide_calls(unsigned what)
{
    struct program program = {.length = 0};
    what = with_what_follows(what);
    load(&program, offsetof(struct seccomp_data, arch)); /* a program for another system */
    emit(&program, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
    emit(&program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    for (size_t i = 0; i < RULES; i++)
        if ((what & rules[i].what) != 0)
            emit_rule(&program, &rules[i], (what & HIDE_BY_EPERM) != 0);
    emit(&program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);

    struct sock_fprog filter = {.len = program.length, .filter = program.code};
    if (ARCH == 0)
        errno = ENOSYS;
    return ARCH != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
