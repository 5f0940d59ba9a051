/* What a child does between its birth and exec, as a plan that the parent writes
 * and the child follows without allocating anything.  Unix. */
#ifndef BROOD_CHILD_H
#define BROOD_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "brood.h"

/* The steps that can fail, in their order, with the names that the user sees. */
#define BROOD__STEPS(X)             \
    X(DUP, "dup2")                  \
    X(CHDIR, "chdir")               \
    X(SETSID, "setsid")             \
    X(SETPGID, "setpgid")           \
    X(NICE, "nice")                 \
    X(RLIMIT, "setrlimit")          \
    X(SETGROUPS, "setgroups")       \
    X(SETGID, "setgid")             \
    X(SETUID, "setuid")             \
    X(DEATH_SIGNAL, "death_signal") \
    X(SIGNALS, "signals")           \
    X(PREEXEC, "preexec")           \
    X(CLOSE, "close_fds")           \
    X(EXEC, "exec")

#define BROOD__STEP_ENUM(name, text) BROOD__STEP_##name,
enum brood__step { BROOD__STEPS(BROOD__STEP_ENUM) BROOD__STEP_COUNT };
#undef BROOD__STEP_ENUM

/* How far the child is, written by the child. */
struct brood__progress {
    int phase; /* enum brood__phase                        */
    int step;  /* enum brood__step, of a failure           */
    int index; /* which descriptor, which limit            */
    int error; /* negative                                 */
};
enum brood__phase {
    BROOD__UNBORN, /* or the child's memory is not the parent's */
    BROOD__BORN,
    BROOD__EXECUTING, /* nothing has failed before exec */
    BROOD__FAILED,
    BROOD__REFUSED, /* it could not get a table of its own: share.h */
};

/* Descriptor `source` of the parent is to be `target` in the child. */
struct brood__fd_move {
    int source, target;
    int from;   /* under which number the child finds the source: its own, or a lower one */
    int now;    /* the child's: where it has been moved to                                */
    bool piped; /* the source is an end of a pipe or socket of ours                     */
};

struct brood__plan {
    const brood_spawn_options *options;
    struct brood__fd_move *moves; /* by target, ascending */
    size_t move_count;
    const char *const *programs; /* full paths, to be tried in turn */
    const char *const *argv;
    const char *const *env;
    const unsigned *groups; /* for setgroups */
    size_t group_count;
    struct brood__reserve *reserve; /* NULL: the child's table is to be a copy of ours */
    int table_end;       /* > 0: it shares ours until it takes along what is below this number */
    void *stack;         /* for the child: not on ours, which may be a task's small one        */
    sigset_t mask;       /* the parent's, to be restored               */
    pid_t parent;        /* for death_signal                           */
    bool clean_handlers; /* the kernel has reset the signal handlers   */
    int report;          /* a pipe to the parent, or -1                */
    volatile struct brood__progress progress; /* seen by the parent where memory is shared */
};

/* The child's whole life up to exec; never returns.  All signals are blocked. */
_Noreturn void brood__child_main(struct brood__plan *plan);

/* ---- the system's part (child_linux.c, child_bsd.c) ----------------------- */

/* Raw calls: each returns 0 or more, or a negative code.  On Linux the C library's
 * own will not do: setuid would change the parent's threads too, and the sanitizers'
 * replacements keep books in memory that parent and child may share. */
int brood__sys_dup2(int source, int target);
int brood__sys_dup_above(int fd, int least); /* close-on-exec */
int brood__sys_keep_on_exec(int fd);
int brood__sys_chdir(const char *path);
int brood__sys_setsid(void);
int brood__sys_setpgid(int group);
int brood__sys_nice(int increment);
int brood__sys_setrlimit(const brood_rlimit *limit);
int brood__sys_setgroups(const unsigned *groups, size_t count);
extern const bool brood__sys_groups_begin_with_own; /* the effective one is the first of them */
int brood__sys_setgid(unsigned group);
int brood__sys_setuid(unsigned user);
int brood__sys_death_signal(int signal, pid_t parent);
int brood__sys_default_signal(int signal);
int brood__sys_default_handlers(void); /* all that are functions */
int brood__sys_set_mask(const sigset_t *mask);
int brood__sys_close_range(int first, int last);
/* Linux: from now on its table is its own, without the numbers from first to last. */
int brood__sys_leave_table(unsigned first, unsigned last);
int brood__sys_exec(const char *program, const char *const *argv, const char *const *env);
void brood__sys_umask(unsigned mask);
void brood__sys_write(int fd, const void *data, size_t len);
_Noreturn void brood__sys_exit(int status);

/* Starts a process that calls brood__child_main(plan), or does all that it would
 * (macOS), while this thread is suspended until it execs or ends, and where the
 * system can do so in the parent's memory; on the stack that is given, or further
 * down on the thread's own.  The pid, or a negative code; *process, if wanted: a
 * pidfd, or -1 where the system gives none.  ENOSYS: it cannot do that, or cannot
 * tell what went wrong; a true fork can. */
pid_t brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process);

#endif
