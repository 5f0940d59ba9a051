/* brood.h - asynchronous subprocesses for C.
 *
 * CONCEPTS
 *   A loop (brood_loop) belongs to one thread and minds a brood of child
 *   processes: it starts them, moves bytes through their pipes, and tells when
 *   they end.  It runs callbacks, one after another, only from inside
 *   brood_loop_run, brood_loop_run_until and brood_loop_step.
 *
 *   A transport (brood_subprocess, brood_pipe) is one child or one pipe.  A
 *   protocol is the table of functions that the transport calls as events
 *   arrive.  Data arrives as callbacks; writing never waits.
 *
 *   A future joins a callback to somebody who waits for it.
 *
 * RULES THAT HOLD EVERYWHERE
 *   - A function that can fail returns an int: 0 or a count when it worked, a
 *     negative BROOD_E... code when it did not.  After a failure nothing has
 *     changed, outputs are untouched and no callback follows, unless the
 *     function says otherwise.  No function reports through errno, none prints,
 *     none ends the program, none raises SIGPIPE.
 *   - No function calls back inline: a callback always comes from the loop.
 *   - `arg` is handed back to callbacks unchanged and belongs to the caller.
 *   - Bytes given to a function are copied before it returns; bytes given to a
 *     callback are valid until it returns.
 *   - A loop and what belongs to it are used by one thread at a time, except
 *     for the functions marked "any thread".
 *   - A child of fork must not use its parent's loops: every function that gives a
 *     code answers BROOD_EFORK there, except brood_loop_close, which frees the copy
 *     and does nothing to the parent or its children.
 */
#ifndef BROOD_H
#define BROOD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define BROOD_VERSION "0.1.0"

typedef struct brood_loop       brood_loop;
typedef struct brood_handle     brood_handle;     /* a scheduled callback   */
typedef struct brood_future     brood_future;
typedef struct brood_pipe       brood_pipe;       /* a pipe transport       */
typedef struct brood_subprocess brood_subprocess; /* a subprocess transport */

/* ---- errors ------------------------------------------------------------- */

/* Name, value, message.  The enum, brood_errname, brood_strerror and the table
 * in docs/errors.md are all made from this list.  The system's errors are
 * -errno, under the same names everywhere. */
#define BROOD_ERRORS(X)                                                         \
    X(EOF,           -4095, "end of stream")                                    \
    X(ECLOSED,       -4091, "the object is closing or has been closed")         \
    X(ELOST,         -4090, "the exit status was taken by somebody else")       \
    X(EFORK,         -4089, "the loop belongs to the parent of this process")   \
    X(E2BIG,         -E2BIG, "argument list too long")                          \
    X(EACCES,        -EACCES, "permission denied")                              \
    X(EAGAIN,        -EAGAIN, "resource temporarily unavailable")               \
    X(EBADF,         -EBADF, "bad file descriptor")                             \
    X(EBUSY,         -EBUSY, "resource busy")                                   \
    X(ECANCELED,     -ECANCELED, "operation cancelled")                         \
    X(ECHILD,        -ECHILD, "no such child process")                          \
    X(ECONNRESET,    -ECONNRESET, "connection reset by peer")                   \
    X(EEXIST,        -EEXIST, "file exists")                                    \
    X(EFAULT,        -EFAULT, "bad address")                                    \
    X(EFBIG,         -EFBIG, "file too large")                                  \
    X(EINTR,         -EINTR, "interrupted")                                     \
    X(EINVAL,        -EINVAL, "invalid argument")                               \
    X(EIO,           -EIO, "input/output error")                                \
    X(EISDIR,        -EISDIR, "is a directory")                                 \
    X(ELOOP,         -ELOOP, "too many levels of symbolic links")               \
    X(EMFILE,        -EMFILE, "too many open files in this process")            \
    X(ENAMETOOLONG,  -ENAMETOOLONG, "file name too long")                       \
    X(ENFILE,        -ENFILE, "too many open files in the system")              \
    X(ENOBUFS,       -ENOBUFS, "no buffer space left")                          \
    X(ENODEV,        -ENODEV, "no such device")                                 \
    X(ENOENT,        -ENOENT, "no such file or directory")                      \
    X(ENOEXEC,       -ENOEXEC, "not an executable format")                      \
    X(ENOMEM,        -ENOMEM, "out of memory")                                  \
    X(ENOSPC,        -ENOSPC, "no space left on device")                        \
    X(ENOSYS,        -ENOSYS, "not available on this system")                   \
    X(ENOTDIR,       -ENOTDIR, "not a directory")                               \
    X(ENXIO,         -ENXIO, "no such device or address")                       \
    X(EPERM,         -EPERM, "operation not permitted")                         \
    X(EPIPE,         -EPIPE, "broken pipe")                                     \
    X(ERANGE,        -ERANGE, "out of range")                                   \
    X(EROFS,         -EROFS, "read-only file system")                           \
    X(ESPIPE,        -ESPIPE, "not possible on a pipe")                         \
    X(ESRCH,         -ESRCH, "no such process")                                 \
    X(ETIMEDOUT,     -ETIMEDOUT, "timed out")                                   \
    X(ETXTBSY,       -ETXTBSY, "the program is open for writing")

#define BROOD_ERROR_ENUM(name, value, text) BROOD_##name = (value),
enum brood_error { BROOD_ERRORS(BROOD_ERROR_ENUM) BROOD_OK = 0 };
#undef BROOD_ERROR_ENUM

/* A static text for any code, known or not.  Any thread. */
const char *brood_strerror(int error); /* "no such file or directory" */
const char *brood_errname(int error);  /* "ENOENT"; "EOF"; "EUNKNOWN" */

/* ---- time --------------------------------------------------------------- */

typedef int64_t brood_time;     /* nanoseconds of the system's monotonic clock     */
#define BROOD_FOREVER INT64_MAX /* a deadline that never comes                     */
#define BROOD_NOWAIT  0         /* one that has passed: look once, without waiting */
brood_time brood_now(void);          /* any thread */
/* The deadline that many seconds from now; BROOD_NOWAIT if not positive, or NaN.  Any thread. */
brood_time brood_in(double seconds);

/* ---- loop --------------------------------------------------------------- */

enum brood_watch {
    /* A handler for SIGCHLD from the first child on, which calls the handler that
     * was there before; the host's system calls see EINTR as with any handler that
     * restarts.  Reaps its own children and no others: a host that ignores SIGCHLD
     * so that the system reaps its children had better choose the next one. */
    BROOD_WATCH_SIGCHLD = 0,
    /* No signal handler at all: the kernel's process descriptors (Linux 5.4).
     * BROOD_ENOSYS from brood_loop_open where the kernel has none. */
    BROOD_WATCH_PROCFD = 1
};

typedef struct brood_loop_options {
    int child_watcher;            /* enum brood_watch                               */
    bool debug;                   /* report slow callbacks and leftovers to `log`   */
    double slow_callback_seconds; /* debug: from when on a callback is slow; 0: 0.1 */
    /* Receives one line at a time, without a newline; called by the loop's
     * thread.  NULL: nothing is reported. */
    void (*log)(void *arg, const char *message);
    void *log_arg;
} brood_loop_options;

/* `options` may be NULL.  Errors: EINVAL, ENOMEM, EMFILE, ENFILE, ENOSYS. */
int brood_loop_open(brood_loop **loop, const brood_loop_options *options);

/* Ends the loop: kills and reaps the children that it still runs, closes every
 * pipe, and frees all that belongs to it except futures; pointers to transports
 * and handles are dead afterwards.  Makes no callback.  NULL is fine.
 * BROOD_EBUSY from inside one of the loop's own callbacks: nothing has changed. */
int brood_loop_close(brood_loop *loop);

/* Rounds until brood_loop_stop.  BROOD_EBUSY when the loop is running already. */
int brood_loop_run(brood_loop *loop);

/* Rounds until the future is done; nothing more is waited for then.  Returns its
 * status; BROOD_ETIMEDOUT at the deadline, BROOD_ECANCELED when brood_loop_stop
 * came first, BROOD_EBUSY. */
int brood_loop_run_until(brood_loop *loop, brood_future *future, brood_time deadline);

/* One round, which waits for its first event until the deadline at most; a call
 * or timer that has run is one.
 * This and the next two let a host's own loop drive this one: wait until
 * brood_loop_fd is readable or brood_loop_next has come, then call
 * brood_loop_step(loop, BROOD_NOWAIT).  BROOD_EBUSY. */
int brood_loop_step(brood_loop *loop, brood_time deadline);

/* The present run ends after its present round; with none, the next run or step,
 * which ends after its first round anyway, takes it.  From another thread: post it. */
void brood_loop_stop(brood_loop *loop);

/* A descriptor that polls readable when a step has something to do; owned by
 * the loop: wait on it, nothing else.  -1 on Windows. */
intptr_t brood_loop_fd(const brood_loop *loop);

/* When a step has something to do at the latest, without an event from outside:
 * BROOD_NOWAIT for at once, BROOD_FOREVER for never.  Ask before each wait.  It may be
 * before the next timer's time; a step that finds nothing to do does no harm. */
brood_time brood_loop_next(const brood_loop *loop);

/* Callbacks.  `handle` may be NULL.  A handle is valid until its callback is
 * entered or it is cancelled, and then freed by the loop.  Callbacks with equal
 * times run in the order of the calls.  Errors: EINVAL, ENOMEM, EFORK. */
typedef void brood_callback(void *arg);
int brood_call_soon(brood_loop *loop, brood_callback *call, void *arg, brood_handle **handle);
int brood_call_at(brood_loop *loop, brood_time when, brood_callback *call, void *arg,
                  brood_handle **handle);
void brood_handle_cancel(brood_handle *handle); /* NULL is fine */

/* Any thread, as long as the loop is not being closed; wakes the loop. */
int brood_call_soon_threadsafe(brood_loop *loop, brood_callback *call, void *arg);

/* Descriptors of the host, Unix only (BROOD_ENOSYS elsewhere).  The callback
 * comes once a round as long as the descriptor is ready.  The descriptor stays
 * the caller's: remove it before closing it.  A second add replaces the callback.
 * Errors: EBADF, EPERM (a file that is always ready), ENOMEM, EFORK; remove:
 * BROOD_ENOENT when it was not added. */
int brood_add_reader(brood_loop *loop, int fd, brood_callback *call, void *arg);
int brood_add_writer(brood_loop *loop, int fd, brood_callback *call, void *arg);
int brood_remove_reader(brood_loop *loop, int fd);
int brood_remove_writer(brood_loop *loop, int fd);

/* Signals, Unix only.  The callback comes from the loop, once for any number of
 * deliveries since the last; the handler that was installed before is called at
 * delivery, and comes back when the last loop removes its own.  Several loops
 * may handle one signal.  A second add replaces the callback.
 * Errors: EINVAL (no such signal, KILL, STOP, or one that reports a fault of
 * the program: SEGV, BUS, ILL, FPE), ENOMEM, EFORK, EBUSY (handlers of the host lie
 * over two of ours); remove: BROOD_ENOENT. */
int brood_add_signal_handler(brood_loop *loop, int signal, brood_callback *call, void *arg);
int brood_remove_signal_handler(brood_loop *loop, int signal);

/* ---- futures ------------------------------------------------------------ */

/* Set once, from the loop's thread, waited for with brood_loop_run_until.  Belongs
 * to the caller, who closes it; it may outlive its loop. */
int  brood_future_open(brood_loop *loop, brood_future **future);
int  brood_future_set(brood_future *future, int status, void *value); /* BROOD_EBUSY: set already */
bool brood_future_done(const brood_future *future);
/* The status, and the value unless `value` is NULL; BROOD_EAGAIN: not done. */
int  brood_future_result(const brood_future *future, void **value);
void brood_future_close(brood_future *future); /* NULL is fine */

/* ---- bytes -------------------------------------------------------------- */

/* Borrowed bytes. */
typedef struct brood_slice { const char *data; size_t len; } brood_slice;

/* Owned bytes, NUL-terminated after len; zero-initialise, free with
 * brood_buffer_free, which leaves it empty and usable again. */
typedef struct brood_buffer { char *data; size_t len, cap; } brood_buffer;
int  brood_buffer_append(brood_buffer *buffer, const void *data, size_t len); /* ENOMEM */
void brood_buffer_free(brood_buffer *buffer);

/* ---- starting a process ------------------------------------------------- */

enum brood_stdio_kind {
    BROOD_INHERIT = 0, /* the parent's own                          */
    BROOD_PIPE,        /* a new pipe to the parent                  */
    BROOD_DEVNULL,     /* the null device                           */
    BROOD_STDOUT,      /* err only: where out goes                  */
    BROOD_FD,          /* .fd: a descriptor, only lent              */
    BROOD_FILE         /* .path: opened for it in the parent (in: for reading;
                          out, err: for writing, created with mode 0666,
                          emptied unless .append)                   */
};
typedef struct brood_stdio {
    int kind;
    intptr_t fd;
    const char *path;
    bool append;
} brood_stdio;

/* Another descriptor for the child, beyond 0, 1 and 2 (Unix). */
typedef struct brood_child_fd { int child; int parent; } brood_child_fd;

/* A resource limit for the child: setrlimit's resource; UINT64_MAX: unlimited. */
typedef struct brood_rlimit { int resource; uint64_t soft, hard; } brood_rlimit;

/* Which step failed: "options", "pipe", "open", "fork", "chdir", "setsid",
 * "exec", ... and on what: a path, a number, the field's name. */
typedef struct brood_spawn_failure {
    int error;        /* the code that was also returned */
    const char *step; /* static                          */
    char what[256];   /* cut short if longer; may be ""  */
} brood_spawn_failure;

/* Zero-initialise, then name what differs.  Everything that it points to is
 * only read, and only until the call returns. */
typedef struct brood_spawn_options {
    /* What to run: either argv, ended by NULL, whose first element is searched
     * for in the child's PATH when it has no slash, or a command line for
     * /bin/sh.  executable: the program, with argv[0] only its label (with
     * shell: the shell).  A relative path counts from the child's cwd. */
    const char *const *argv;
    const char *shell;
    const char *executable;

    brood_stdio in, out, err;
    int pipe_size; /* capacity of new pipes in bytes, rounded up by the system (Linux), which
                      answers EPERM over its limit; 0: its own */

    const char *cwd;
    const char *const *env;    /* the whole environment, "NAME=value", ended by NULL; NULL: the parent's */
    const brood_child_fd *fds; /* descriptors beyond 0, 1 and 2, with the numbers the child sees */
    size_t fd_count;
    bool keep_fds;             /* also inherit whatever is not close-on-exec */

    bool new_session;       /* setsid */
    bool set_process_group; /* setpgid(0, process_group); 0: a new group of its own */
    int process_group;
    bool set_umask;
    unsigned umask;
    /* Each of these three costs a full fork, as preexec does. */
    bool set_user, set_group, set_extra_groups;
    unsigned user, group; /* real, effective and saved ids */
    const unsigned *extra_groups;
    size_t extra_group_count;
    bool keep_signals;     /* leave SIGPIPE, SIGXFSZ and SIGCHLD ignored if the parent ignores them */
    int nice;              /* added to the parent's */
    int death_signal;      /* Linux: sent to the child when the thread that started it ends */
    const brood_rlimit *rlimits;
    size_t rlimit_count;
    /* Runs in the child, last before exec: async-signal-safe code only.  Returns 0,
     * or a negative code or an errno, with which the spawn fails as step "preexec".
     * Costs a full fork. */
    int (*preexec)(void *arg);
    void *preexec_arg;
    /* kill and close end the descendants too: a process group of its own (or
     * the new session's); descendants that leave the group escape. */
    bool kill_tree;

    brood_spawn_failure *failure; /* filled when spawning fails; may be NULL */
} brood_spawn_options;

/* Quote one word for /bin/sh; appends to `out`.  ENOMEM. */
int brood_shell_quote(const char *word, brood_buffer *out);

/* ---- subprocess transports ---------------------------------------------- */

/* In this order for each child: connection_made, first of all; then data and
 * losses of pipes and process_exited, the order between which is open, except
 * that what the child itself had written is delivered before process_exited
 * unless reading is paused (Unix, up to 4 MiB); last and once, after the exit and the loss
 * of every pipe, connection_lost.  Any member may be NULL. */
typedef struct brood_subprocess_protocol {
    void (*connection_made)(void *arg, brood_subprocess *transport);
    void (*pipe_data_received)(void *arg, int fd, const void *data, size_t len);
    void (*pipe_connection_lost)(void *arg, int fd, int error); /* 0: ended or closed in order */
    void (*process_exited)(void *arg);
    void (*connection_lost)(void *arg, int error); /* error is always 0 */
    void (*pause_writing)(void *arg);  /* stdin's buffer is over the high mark      */
    void (*resume_writing)(void *arg); /* and now at or below the low one           */
} brood_subprocess_protocol;

/* The return code: the exit status, 0..255; -N: ended by signal N; BROOD_ELOST:
 * it has ended, but somebody else took its status. */
typedef int64_t brood_returncode;

/* Starts a child.  On success the transport belongs to the caller, who closes
 * it; `protocol` must stay valid until then.  Errors: EINVAL, ENOMEM, EMFILE,
 * EAGAIN, EFORK, and those of the step that failed (options->failure). */
int brood_subprocess_exec(brood_loop *loop, const brood_subprocess_protocol *protocol, void *arg,
                          const brood_spawn_options *options, brood_subprocess **transport);
int64_t brood_subprocess_pid(const brood_subprocess *transport);
/* false: it still runs, as far as the loop has seen. */
bool brood_subprocess_returncode(const brood_subprocess *transport, brood_returncode *returncode);
/* The pipe on the child's 0, 1 or 2; NULL if that is none.  There, also to be
 * written to, from the return of exec until the transport is freed. */
brood_pipe *brood_subprocess_pipe(const brood_subprocess *transport, int fd);

/* BROOD_ESRCH once the child has ended: a signal never reaches a recycled pid.
 * terminate sends SIGTERM, kill SIGKILL.  With kill_tree, kill also reaches
 * descendants that are left after the child's end, and then works; until it is
 * closed such a child stays a zombie, which holds the number of its group.
 * Without it, a descendant that holds a pipe goes on, and delays connection_lost. */
int brood_subprocess_send_signal(brood_subprocess *transport, int signal);
int brood_subprocess_terminate(brood_subprocess *transport);
int brood_subprocess_kill(brood_subprocess *transport);

/* Closes every pipe (what stdin has buffered is flushed first, unless the
 * child is killed here: then it is lost, with error 0) and kills the child if
 * it still runs.  The remaining
 * events follow, connection_lost last; then the transport is freed.  Closing
 * one whose connection_lost has come frees it at the end of the round.  Called again
 * before that it drops what stdin still has buffered; NULL is fine. */
void brood_subprocess_close(brood_subprocess *transport);
bool brood_subprocess_is_closing(const brood_subprocess *transport);

/* ---- pipe transports ---------------------------------------------------- */

/* connection_made first; connection_lost last and once.  Any member may be NULL. */
typedef struct brood_pipe_protocol {
    void (*connection_made)(void *arg, brood_pipe *pipe);
    void (*data_received)(void *arg, const void *data, size_t len);
    void (*eof_received)(void *arg);
    void (*pause_writing)(void *arg);
    void (*resume_writing)(void *arg);
    void (*connection_lost)(void *arg, int error); /* 0: ended or closed in order */
} brood_pipe_protocol;

/* Make a transport of a descriptor: a FIFO, a socket or a character device
 * (else BROOD_EINVAL).  On success the descriptor belongs to the transport, is
 * switched to non-blocking, and switched back before it is closed: a mode that all
 * duplicates of a descriptor share, so don't connect two of them.  The
 * transport belongs to the caller, who closes it; `protocol` must stay valid
 * until then.  Errors: EINVAL, EBADF, ENOMEM, EFORK. */
int brood_connect_read_pipe(brood_loop *loop, intptr_t fd, const brood_pipe_protocol *protocol,
                            void *arg, brood_pipe **pipe);
int brood_connect_write_pipe(brood_loop *loop, intptr_t fd, const brood_pipe_protocol *protocol,
                             void *arg, brood_pipe **pipe);

/* Reading.  While paused nothing is read, and the child blocks when its pipe is
 * full.  Pausing twice is fine.  Errors: EINVAL on a pipe for writing, ECLOSED. */
int  brood_pipe_pause_reading(brood_pipe *pipe);
int  brood_pipe_resume_reading(brood_pipe *pipe);
bool brood_pipe_is_reading(const brood_pipe *pipe);

/* Writing.  What the pipe takes is written at once, the rest is copied and
 * written as it drains; all or nothing is accepted.  The result is 0, or 1 when the
 * buffer is over its high mark now: then one pause_writing comes from the loop, and
 * one resume_writing once it is at or below the low mark, unless the loss comes first.
 * Errors: EINVAL on a pipe for reading, ECLOSED after close, abort, write_eof or
 * loss: the bytes are discarded; ENOBUFS above BROOD_MAX_BUFFERED; ENOMEM.  EPIPE,
 * or whatever else the system said of the write itself: the connection is lost by it,
 * and connection_lost follows with the same code. */
#define BROOD_DEFAULT_HIGH_WATER 65536
#define BROOD_MAX_BUFFERED ((size_t)1 << 30)
int    brood_pipe_write(brood_pipe *pipe, const void *data, size_t len);
int    brood_pipe_writev(brood_pipe *pipe, const brood_slice *parts, size_t count);
size_t brood_pipe_buffered(const brood_pipe *pipe);
/* End of file after what is buffered.  It ends the connection as close does, but the
 * pipe is still to be closed by its owner.  0 if it is ending already; EINVAL, EFORK. */
int    brood_pipe_write_eof(brood_pipe *pipe);
bool   brood_pipe_can_write_eof(const brood_pipe *pipe);

/* The water marks, in bytes.  BROOD_DERIVED: high as four times low, low as a
 * quarter of high; both: the default.  BROOD_EINVAL: low is over high. */
#define BROOD_DERIVED ((size_t)-1)
int  brood_pipe_set_limits(brood_pipe *pipe, size_t high, size_t low);
void brood_pipe_limits(const brood_pipe *pipe, size_t *high, size_t *low);

/* close: after what is buffered; abort: at once, and what is buffered is lost.
 * connection_lost follows, then a pipe of its own is freed (one of a subprocess
 * is freed with it).  May be called again until then; NULL is fine. */
void brood_pipe_close(brood_pipe *pipe);
void brood_pipe_abort(brood_pipe *pipe);
bool brood_pipe_is_closing(const brood_pipe *pipe);
intptr_t brood_pipe_fd(const brood_pipe *pipe); /* lent; -1 once closed */

/* ---- memory ------------------------------------------------------------- */

/* Use another allocator.  Call it before anything else of brood, once;
 * BROOD_EBUSY after the first allocation.  realloc(NULL, n) allocates and
 * n is never 0.  Both functions may be called by every thread that uses brood. */
int brood_set_allocator(void *(*reallocate)(void *p, size_t n), void (*release)(void *p));

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif /* BROOD_H */
