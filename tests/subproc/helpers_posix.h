/* What the tests of spawning and watching share on Unix alone: processes and files of
 * their own.  helpers.h includes it. */
#ifndef BROOD_TEST_SUBPROC_HELPERS_POSIX_H
#define BROOD_TEST_SUBPROC_HELPERS_POSIX_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static inline bool same_mask(const sigset_t *a, const sigset_t *b)
{
    for (int signal = 1; signal < 65; signal++)
        if (sigismember(a, signal) != sigismember(b, signal))
            return false;
    return true;
}

/* ---- a process of the test's own ----------------------------------------------- */

/* Runs body, which returns 0 or the line that went wrong, in a forked process. */
#define IN_FORK(body) in_fork(body, __FILE__)
static inline void in_fork(int (*body)(void), const char *file)
{
    int status;
    int *line = mmap(NULL, sizeof *line, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)line, MAP_FAILED);
    test_child(); /* finds out its path, and asserts */
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        alarm(100);
        *line = body();
        _exit(*line != 0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(status == 0 && *line == 0, "%s:%d, wait status 0x%x", file, *line, (unsigned)status);
    munmap(line, sizeof *line);
}

/* A child of the host that ends with this status. */
static inline pid_t foreign_child(int status)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(status);
    return pid;
}

/* Whether the kernel still knows a status that somebody else has taken, as since Linux 6.15:
 * it is asked. */
bool kernel_remembers_status(void);

/* A file without a name that holds the text. */
static inline int text_file(const char *text, unsigned flags)
{
    int fd = memfd_create("text", flags);
    if (write(fd, text, strlen(text)) < 0)
        abort();
    return fd;
}

#endif
