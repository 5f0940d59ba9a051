/* What the tests of spawning and watching share.  None of it asserts, so that it
 * also serves in processes that a test has forked and in its threads. */
#ifndef BROOD_TEST_SUBPROC_HELPERS_H
#define BROOD_TEST_SUBPROC_HELPERS_H

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"
#include "support.h"

/* ---- one child ----------------------------------------------------------------- */

struct kid {
    brood_subprocess *transport;
    brood_buffer text; /* stdout and stderr */
    int calls;         /* of any kind */
    bool spoke, exited, lost;
    bool lost_pipe[3];
    brood_returncode code;
};

static inline void kid_made(void *arg, brood_subprocess *transport)
{
    struct kid *kid = arg;
    kid->transport = transport;
    kid->calls++;
}

static inline void kid_data(void *arg, int fd, const void *data, size_t len)
{
    struct kid *kid = arg;
    (void)fd;
    brood_buffer_append(&kid->text, data, len);
    kid->spoke = memchr(kid->text.data, '\n', kid->text.len) != NULL;
    kid->calls++;
}

static inline void kid_pipe_lost(void *arg, int fd, int error)
{
    struct kid *kid = arg;
    (void)error;
    kid->lost_pipe[fd] = true;
    kid->calls++;
}

static inline void kid_exited(void *arg)
{
    struct kid *kid = arg;
    kid->exited = brood_subprocess_returncode(kid->transport, &kid->code);
    kid->calls++;
}

static inline void kid_lost(void *arg, int error)
{
    struct kid *kid = arg;
    (void)error;
    kid->lost = true;
    kid->calls++;
}

static const brood_subprocess_protocol kid_protocol = {
    .connection_made = kid_made,
    .pipe_data_received = kid_data,
    .pipe_connection_lost = kid_pipe_lost,
    .process_exited = kid_exited,
    .connection_lost = kid_lost,
};

/* The child program with these arguments unless the options name another. */
static inline int kid_start(brood_loop *loop, struct kid *kid, brood_spawn_options options,
                            const char *const *arguments)
{
    const char *argv[32] = {test_child()};
    for (size_t i = 0; arguments != NULL && arguments[i] != NULL && i < 30; i++)
        argv[i + 1] = arguments[i];
    if (options.argv == NULL && options.shell == NULL)
        options.argv = argv;
    return brood_subprocess_exec(loop, &kid_protocol, kid, &options, &kid->transport);
}

/* Rounds until *flag; false at the deadline. */
static inline bool run_until(brood_loop *loop, const bool *flag)
{
    brood_time deadline = test_deadline();
    while (!*flag && brood_now() < deadline)
        if (brood_loop_step(loop, deadline) < 0)
            return false;
    return *flag;
}

static inline brood_loop *open_loop(int watcher)
{
    brood_loop_options options = {.child_watcher = watcher};
    brood_loop *loop = NULL;
    return brood_loop_open(&loop, &options) < 0 ? NULL : loop;
}

/* Rounds until the kid is finished; then it is closed, and freed by a last round. */
static inline bool kid_finish(brood_loop *loop, struct kid *kid)
{
    bool over = run_until(loop, &kid->lost);
    brood_subprocess_close(kid->transport);
    over = brood_loop_step(loop, BROOD_NOWAIT) == 0 && over;
    brood_buffer_free(&kid->text);
    return brood_loop_close(loop) == 0 && over;
}

/* What a child prints, then "[code]" if that is not 0; "ENOENT exec /path" when it
 * cannot be started.  Its stdout is a pipe if it would be inherited. */
static inline const char *look(brood_spawn_options options, const char *const *arguments)
{
    static char seen[65536];
    struct kid kid = {0};
    brood_spawn_failure failure = {0};
    brood_loop *loop = open_loop(test_watcher());
    if (options.out.kind == BROOD_INHERIT)
        options.out.kind = BROOD_PIPE;
    options.failure = &failure;
    int error = kid_start(loop, &kid, options, arguments);
    if (error != 0) {
        snprintf(seen, sizeof seen, "%s %s %s", brood_errname(error), failure.step, failure.what);
        brood_loop_close(loop);
        return seen;
    }
    bool over = run_until(loop, &kid.lost);
    snprintf(seen, sizeof seen - 32, "%s", kid.text.len > 0 ? kid.text.data : "");
    if (!over || kid.code != 0)
        sprintf(seen + strlen(seen), over ? "[%d]" : "[not over %d]", (int)kid.code);
    kid_finish(loop, &kid);
    return seen;
}

static inline bool same_mask(const sigset_t *a, const sigset_t *b)
{
    for (int signal = 1; signal < 65; signal++)
        if (sigismember(a, signal) != sigismember(b, signal))
            return false;
    return true;
}

static inline void never_called(void *arg)
{
    (void)arg;
}

/* The backend gets its first places for descriptors: where there is no index of
 * children, the watcher has not asked for one. */
static inline void make_room(brood_loop *loop)
{
    int ends[2];
    if (pipe(ends) < 0)
        return;
    brood_add_reader(loop, ends[0], never_called, NULL);
    brood_remove_reader(loop, ends[0]);
    brood_loop_step(loop, BROOD_NOWAIT);
    close(ends[0]);
    close(ends[1]);
}

/* The failure of a spawn, as "ENOENT exec /path"; another text if anything is left
 * of it: a descriptor, a zombie, memory, a changed signal mask, a callback. */
static inline const char *refusal(brood_spawn_options options)
{
    static char seen[512];
    static brood_subprocess *const untouched = (brood_subprocess *)(void *)seen;
    struct kid kid = {.transport = untouched};
    brood_spawn_failure failure = {.step = ""};
    sigset_t before, after;
    brood_loop *loop = open_loop(test_watcher());
    if (loop == NULL)
        return "no loop";
    /* Nothing to run: this only makes the loop's watcher. */
    brood_subprocess_exec(loop, &kid_protocol, &kid, &(brood_spawn_options){0}, &kid.transport);
    make_room(loop);
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    options.failure = &failure;
    int error = brood_subprocess_exec(loop, &kid_protocol, &kid, &options, &kid.transport);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int i = 0; i < 4; i++)
        brood_loop_step(loop, BROOD_NOWAIT);
    snprintf(seen, sizeof seen, "%s %s %s%s%s%s%s%s%s%s", brood_errname(error), failure.step,
             failure.what, error < 0 ? "" : "; no failure",
             failure.error == error ? "" : "; another code is told",
             kid.transport == untouched ? "" : "; the transport is touched",
             kid.calls == 0 ? "" : "; a callback came",
             test_count_descriptors() == descriptors ? "" : "; a descriptor is left",
             !test_has_children() ? "" : "; a child is left",
             test_live_allocations() == allocations ? "" : "; memory is left");
    if (!same_mask(&before, &after))
        strncat(seen, "; the mask is changed", sizeof seen - strlen(seen) - 1);
    brood_loop_close(loop);
    return seen;
}

/* ---- a process of the test's own ----------------------------------------------- */

#define NEED(condition)      \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

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

/* Waits until the process is a zombie, and leaves it one. */
static inline void wait_zombie(int64_t pid)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
}

/* Since 6.15 Linux still knows a status that somebody else has taken. */
static inline bool kernel_remembers_status(void)
{
    struct utsname name;
    int major = 0, minor = 0;
    uname(&name);
    sscanf(name.release, "%d.%d", &major, &minor);
    return major > 6 || (major == 6 && minor >= 15);
}

/* ---- files ----------------------------------------------------------------------- */

/* A file without a name that holds the text. */
static inline int text_file(const char *text, unsigned flags)
{
    int fd = memfd_create("text", flags);
    if (write(fd, text, strlen(text)) < 0)
        abort();
    return fd;
}

static char scratch[64]; /* a directory of the test */

static inline void scratch_begin(void)
{
    strcpy(scratch, "/tmp/brood-XXXXXX");
    if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) < 0)
        abort();
}

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void scratch_end(void)
{
    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of something in it; a few are valid at a time. */
static inline const char *in_scratch(const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

static inline const char *make_file(const char *name, const char *text, mode_t mode)
{
    const char *path = in_scratch(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
        abort();
    close(fd);
    return path;
}

static inline const char *file_text(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

#endif
