/* What the tests of spawning and watching share.  None of it asserts, so that it
 * also serves in processes that a test has forked and in its threads. */
#ifndef BROOD_TEST_SUBPROC_HELPERS_H
#define BROOD_TEST_SUBPROC_HELPERS_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"
#include "support.h"

#ifndef _WIN32
#include "helpers_posix.h"
#endif

/* ---- of the system -------------------------------------------------------------- */

/* Waits until the child has ended, and leaves it for its loop to notice: where there are
 * zombies it is one. */
void wait_zombie(int64_t pid);

/* The backend gets its first places for what it waits for: where there is no index of
 * children, the watcher has not asked for one. */
void make_room(brood_loop *loop);

/* The calling thread's signal mask, where there is such a thing: as it is now, and whether
 * it has changed since. */
void note_mask(void);
bool mask_is_changed(void);

/* An environment variable of this process; NULL takes it away. */
void set_variable(const char *name, const char *value);

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
    if (failure.step != NULL)
        return "a failure was told of a spawn that worked";
    bool over = run_until(loop, &kid.lost);
    snprintf(seen, sizeof seen - 32, "%s", kid.text.len > 0 ? kid.text.data : "");
    if (!over || kid.code != 0)
        sprintf(seen + strlen(seen), over ? "[%d]" : "[not over %d]", (int)kid.code);
    kid_finish(loop, &kid);
    return seen;
}

/* The failure of a spawn, as "ENOENT exec /path"; another text if anything is left
 * of it: a descriptor, a zombie, memory, a changed signal mask, a callback. */
static inline const char *refusal(brood_spawn_options options)
{
    static char seen[512];
    static brood_subprocess *const untouched = (brood_subprocess *)(void *)seen;
    struct kid kid = {.transport = untouched};
    brood_spawn_failure failure = {.step = ""};
    brood_loop *loop = open_loop(test_watcher());
    if (loop == NULL)
        return "no loop";
    /* Nothing to run: this only makes the loop's watcher. */
    brood_subprocess_exec(loop, &kid_protocol, &kid, &(brood_spawn_options){0}, &kid.transport);
    make_room(loop);
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    note_mask();
    options.failure = &failure;
    int error = brood_subprocess_exec(loop, &kid_protocol, &kid, &options, &kid.transport);
    bool changed = mask_is_changed();
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
    if (changed)
        strncat(seen, "; the mask is changed", sizeof seen - strlen(seen) - 1);
    brood_loop_close(loop);
    return seen;
}

#define NEED(condition)      \
    do {                     \
        if (!(condition))    \
            return __LINE__; \
    } while (0)

/* ---- a thread with children ------------------------------------------------------ */

enum { PER_LOOP = 200 };

struct kids_of_thread {
    int watcher, first, wrong;
    struct kid kids[PER_LOOP];
};

static inline void *run_kids(void *arg)
{
    struct kids_of_thread *thread = arg;
    brood_loop *loop = open_loop(thread->watcher);
    for (int i = 0; i < PER_LOOP; i++) {
        char code[12];
        snprintf(code, sizeof code, "%d", (thread->first + i) % 250);
        if (kid_start(loop, &thread->kids[i], (brood_spawn_options){0}, ARGV("exit", code)) != 0)
            thread->wrong += 1000;
        if (i % 20 == 0)
            brood_loop_step(loop, BROOD_NOWAIT);
    }
    for (int i = 0; thread->wrong < 1000 && i < PER_LOOP; i++)
        if (!run_until(loop, &thread->kids[i].lost) ||
            thread->kids[i].code != (thread->first + i) % 250)
            thread->wrong++;
    if (brood_loop_close(loop) < 0)
        thread->wrong++;
    return NULL;
}

/* ---- files ----------------------------------------------------------------------- */

/* A file without a name that holds the text, as it is lent to a child; and its offset,
 * which the text has moved, back to the start. */
intptr_t lent_text(const char *text);
void rewind_lent(intptr_t file);
void close_lent(intptr_t file);

/* A directory of the test, and the path of something in it; a few paths are valid at a
 * time. */
extern char scratch[512];
void scratch_begin(void);
void scratch_end(void);
const char *in_scratch(const char *name);

const char *make_folder(const char *name);
/* The mode matters where there are modes. */
const char *make_file(const char *name, const char *text, unsigned mode);
const char *file_text(const char *path);

#endif
