/* brood.h - asynchronous subprocesses for C.
 *
 * CONCEPTS
 *   A loop (brood_loop) belongs to one thread and minds a brood of child
 *   processes: it starts them, moves bytes through their pipes, and tells when
 *   they end.  There are two layers.
 *
 *   Processes and streams ("waits").  brood_spawn gives a brood_process with a
 *   writer for its stdin and readers for its stdout and stderr.  A function that
 *   may have to wait takes a deadline, and waits in one of two places:
 *     - in a task (brood_task_start), a function on a stack of its own: only that
 *       task waits, and the loop goes on with everything else;
 *     - outside any task, while the loop is not running: the call itself drives
 *       the loop until its answer is there.  So a plain program needs neither
 *       tasks nor callbacks.
 *   In a callback of the loop a wait is refused with BROOD_EWAIT.
 *
 *   Transports and protocols (callbacks).  A transport (brood_subprocess,
 *   brood_pipe) is one child or one pipe.  A protocol is the table of functions
 *   that the transport calls as events arrive.  The first layer is built on it.
 *
 *   Callbacks and tasks run one after another, only from inside
 *   brood_loop_run, brood_loop_run_until, brood_loop_step and the waits
 *   outside of tasks.  A future joins a callback to somebody who waits for it.
 *
 * RULES THAT HOLD EVERYWHERE
 *   - A function that can fail returns an int: 0 or a count when it worked, a
 *     negative BROOD_E... code when it did not.  After a failure nothing has
 *     changed, outputs are untouched and no callback follows, unless the
 *     function says otherwise.  No function reports through errno (but for
 *     brood_file_stdio), none prints, none ends the program, none raises SIGPIPE.
 *   - No function calls back inline: a callback always comes from the loop, and a
 *     task goes on only from there.
 *   - Deadlines are absolute moments (brood_in), so that one can span several
 *     calls.  BROOD_FOREVER never comes.  One that has passed, as BROOD_NOWAIT has,
 *     means: look once, for which the system is asked once, but don't wait.
 *   - Every function with a deadline can fail with BROOD_ETIMEDOUT; BROOD_ECANCELED
 *     when its task was cancelled (outside of tasks: after brood_loop_stop);
 *     BROOD_EWAIT in a callback of the loop, and in a task for another loop's
 *     objects; BROOD_ECLOSED when what it waits for is closed meanwhile.  After these
 *     four nothing is lost, and what was waited for can be waited for again unless it
 *     has been closed.  The functions that run a loop (brood_loop_run_until,
 *     brood_loop_step) are no waits: they give BROOD_EBUSY while it runs.
 *   - `arg` is handed back to callbacks unchanged and belongs to the caller.
 *   - Bytes given to a function are copied before it returns; bytes given to a
 *     callback are valid until it returns.
 *   - A loop and what belongs to it are used by one thread at a time, except
 *     for the functions marked "any thread".
 *   - `loop` may be NULL wherever it is a parameter: the loop that runs in the calling
 *     thread, that is in a callback or task of it; else the thread's own
 *     (brood_loop_default).
 *   - A child of fork must not use its parent's loops: every function that gives a
 *     code, and does more than look, answers BROOD_EFORK there, except
 *     brood_loop_close, which frees the copy and does nothing to the parent or its
 *     children.
 */
#ifndef BROOD_H
#define BROOD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define BROOD_VERSION "0.1.0"

typedef struct brood_loop       brood_loop;
typedef struct brood_handle     brood_handle;     /* a scheduled callback     */
typedef struct brood_future     brood_future;
typedef struct brood_task       brood_task;
typedef struct brood_group      brood_group;
typedef struct brood_reader     brood_reader;     /* a StreamReader           */
typedef struct brood_writer     brood_writer;     /* a StreamWriter           */
typedef struct brood_process    brood_process;
typedef struct brood_file       brood_file;       /* a process taken for a file */
typedef struct brood_pipe       brood_pipe;       /* a pipe transport         */
typedef struct brood_subprocess brood_subprocess; /* a subprocess transport   */

/* ---- errors ------------------------------------------------------------- */

/* Name, value, message.  The enum, brood_errname, brood_strerror and the table
 * in docs/errors.md are all made from this list.  The system's errors are
 * -errno, under the same names everywhere. */
#define BROOD_ERRORS(X)                                                         \
    X(EOF,           -4095, "end of stream") /* for programs: here it is 0 */   \
    X(ELIMIT,        -4094, "no separator within the limit")                    \
    X(EINCOMPLETE,   -4093, "the stream ended inside the answer")               \
    X(EWAIT,         -4092, "waiting is not possible in a callback")            \
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

/* A moment, not a span: a plain 5 is one long past, and means BROOD_NOWAIT; five seconds
 * from now is brood_in(5). */
typedef int64_t brood_time;     /* nanoseconds of the system's monotonic clock     */
#define BROOD_FOREVER INT64_MAX /* a deadline that never comes                     */
#define BROOD_NOWAIT  0         /* one that has passed: look once, without waiting */
brood_time brood_now(void);          /* any thread */
/* The deadline that many seconds from now; BROOD_NOWAIT if not positive, or NaN.  Any thread. */
brood_time brood_in(double seconds);

/* ---- loop --------------------------------------------------------------- */

enum brood_watch {
    /* Process descriptors or events, as below, and SIGCHLD for what they do not tell of: where
     * the kernel has none, for a child for which none was left, and for a host that ignores
     * SIGCHLD, so that the system would take the statuses.  From the first such child on
     * there is a handler, which calls the one that was there before; the host's system
     * calls see EINTR as with any handler that restarts.  Reaps its own children and no
     * others: a host that ignores SIGCHLD so that the system reaps its children had
     * better choose the next one. */
    BROOD_WATCH_SIGCHLD = 0,
    /* No signal handler at all: the kernel's process descriptors (Linux 5.4).
     * BROOD_ENOSYS from brood_loop_open where the kernel has none.  On macOS and the
     * BSDs the kernel's process events.  On Windows there are no such signals, and one
     * watcher: the first. */
    BROOD_WATCH_PROCFD = 1
};

typedef struct brood_loop_options {
    int child_watcher;            /* enum brood_watch                               */
    bool debug;                   /* report slow callbacks and leftovers to `log`   */
    double slow_callback_seconds; /* debug: from when on a callback is slow; 0: 0.1 */
    size_t task_stack_size;       /* bytes; 0: BROOD_TASK_STACK_SIZE                */
    /* Receives one line at a time, without a newline; called by the loop's
     * thread.  NULL: nothing is reported. */
    void (*log)(void *arg, const char *message);
    void *log_arg;
} brood_loop_options;

/* `options` may be NULL.  Errors: EINVAL, ENOMEM, EMFILE, ENFILE, ENOSYS.
 * On Linux a loop holds five descriptors.  Three of them serve children: if they have low
 * numbers, since the loop was opened early, a spawn costs the same however many
 * descriptors the program opens later. */
int brood_loop_open(brood_loop **loop, const brood_loop_options *options);

/* Ends the loop.  Its tasks are cancelled first and run to their ends: every wait
 * of theirs fails with BROOD_ECANCELED; one that goes on waiting all the same (a
 * hundred times) is dropped where it stands, and named in the log.  Then the children
 * that still run are killed and reaped, every pipe is closed, and all that belongs to
 * the loop is freed except futures: pointers to anything else are dead afterwards.
 * Makes no callback.  NULL is fine, and does nothing.
 * BROOD_EBUSY from inside one of the loop's own callbacks and tasks: nothing has
 * changed. */
int brood_loop_close(brood_loop *loop);

/* The calling thread's own loop, which NULL stands for at rest: made at first use, with
 * default options, and closed when the thread ends (the main thread's: by
 * brood_loop_close, if at all).  Errors: those of brood_loop_open. */
int brood_loop_default(brood_loop **loop);

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
intptr_t brood_loop_fd(brood_loop *loop);

/* When a step has something to do at the latest, without an event from outside:
 * BROOD_NOWAIT for at once, BROOD_FOREVER for never.  Ask before each wait.  It may be
 * before the next timer's time; a step that finds nothing to do does no harm. */
brood_time brood_loop_next(brood_loop *loop);

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

/* ---- tasks -------------------------------------------------------------- */

/* A task is a function on a stack of its own, with a guard below it: an overflow
 * ends the program at once.  Only the pages that it touches are resident.  A loop with
 * tasks stays with the thread that began to run it. */
#define BROOD_TASK_STACK_SIZE ((size_t)256 * 1024)
#define BROOD_TASK_STACK_MIN  ((size_t)16 * 1024)
typedef int brood_task_main(void *arg);

/* `main` begins in the loop's next round; what it returns is the task's result.  The
 * task belongs to the caller, who joins or detaches it; with NULL as `task` it is
 * detached at once.  Errors: EINVAL, ENOMEM, EFORK, ECLOSED while the loop closes. */
int brood_task_start(brood_loop *loop, brood_task_main *main, void *arg, brood_task **task);

/* Waits for the end of the task; frees it on success alone.  `result` may be NULL.
 * Errors: EBUSY (somebody waits for it already), EINVAL (oneself). */
int brood_task_join(brood_task *task, int *result, brood_time deadline);

/* Its present wait, or else its next one, fails with BROOD_ECANCELED: once, however often
 * it was cancelled until then.  What it waited for stays as it is.  A task that has not
 * begun yet runs all the same. */
void brood_task_cancel(brood_task *task);

/* It will free itself at its end.  Nothing if somebody waits for it. */
void brood_task_detach(brood_task *task);

/* 0 when the time has come.  With a moment that has passed the loop makes one round. */
int brood_sleep(brood_loop *loop, brood_time until);

/* A group of tasks, at most `width` of them at a time (0: no bound).  When one gives a
 * negative result the others are cancelled and no more are started.  The group
 * belongs to the caller, who joins it: nothing else frees it but the end of its loop.
 * Errors: EINVAL, ENOMEM, EFORK. */
int brood_group_open(brood_loop *loop, size_t width, brood_group **group);
/* Waits for room, as long as it takes: ECANCELED, EWAIT and ECLOSED as any wait; EINVAL,
 * ENOMEM, EFORK.  Once the group has failed or was cancelled: that code. */
int brood_group_start(brood_group *group, brood_task_main *main, void *arg);
/* Waits until all have ended; frees the group then, and gives 0: *result is the first
 * negative one, BROOD_ECANCELED if it was cancelled before that, else 0.  After a
 * failure the group lives on.  `result` may be NULL.  EBUSY: somebody waits already;
 * EINVAL: one of its own tasks. */
int brood_group_join(brood_group *group, int *result, brood_time deadline);
void brood_group_cancel(brood_group *group); /* NULL is fine */

/* ---- futures ------------------------------------------------------------ */

/* Set once, from the loop's thread; waited for by any number of tasks.  Belongs
 * to the caller, who closes it; it may outlive its loop.  Errors: EINVAL, ENOMEM, EFORK. */
int  brood_future_open(brood_loop *loop, brood_future **future);
int  brood_future_set(brood_future *future, int status, void *value); /* BROOD_EBUSY: set already */
/* Its status when it is done, and the value unless `value` is NULL. */
int  brood_future_wait(brood_future *future, void **value, brood_time deadline);
bool brood_future_done(const brood_future *future);
/* The status, and the value unless `value` is NULL; BROOD_EAGAIN: not done. */
int  brood_future_result(const brood_future *future, void **value);
void brood_future_close(brood_future *future); /* NULL is fine */

/* ---- bytes -------------------------------------------------------------- */

/* Borrowed bytes. */
typedef struct brood_slice { const char *data; size_t len; } brood_slice;

/* Owned bytes, NUL-terminated after len once anything was appended, even nothing: before
 * that data is NULL.  Zero-initialise, free with brood_buffer_free, which leaves it
 * empty and usable again. */
typedef struct brood_buffer { char *data; size_t len, cap; } brood_buffer;
int  brood_buffer_append(brood_buffer *buffer, const void *data, size_t len); /* ENOMEM */
void brood_buffer_free(brood_buffer *buffer);

/* ---- StreamReader ------------------------------------------------------- */

/* A reader gives the number of bytes, 0 at the end of the stream, or a negative
 * code, so that
 *     while ((n = brood_reader_readline(reader, &line, BROOD_FOREVER)) > 0)
 * is the loop; when n is negative the stream has not ended, and a child that goes on
 * writing waits for its pipe: close it, or read on, before you wait for its exit.  Slices
 * are lent: they stay where they are until the next call on the reader, its close, or that
 * of its process.  One wait at a time on a reader: a second gives BROOD_EBUSY.  An error of
 * the stream is given before bytes that are still buffered.  Every read can also fail with
 * EINVAL, ENOMEM, EFORK and ECLOSED.
 *
 * While more than twice the limit is buffered nothing is read, and the child
 * blocks when its pipe is full; reading goes on when the buffer is down to the limit,
 * or when somebody waits for more. */
#define BROOD_DEFAULT_LIMIT 65536

/* 1 to n bytes: what is there; waits only while nothing is. */
ptrdiff_t brood_reader_read(brood_reader *reader, void *buf, size_t n, brood_time deadline);
ptrdiff_t brood_reader_read_slice(brood_reader *reader, brood_slice *slice, brood_time deadline);

/* All, to the end of the stream; appended to `out` when that has come, not before:
 * until then the bytes stay in the reader.  BROOD_ELIMIT when there are more than `max`
 * (SIZE_MAX: no bound), which leaves them there too. */
ptrdiff_t brood_reader_read_all(brood_reader *reader, brood_buffer *out, size_t max,
                                brood_time deadline);

/* Exactly n, whatever the limit.  BROOD_EINCOMPLETE: the stream has ended with the
 * *got bytes that are in `buf` now.  `got` may be NULL. */
ptrdiff_t brood_reader_readexactly(brood_reader *reader, void *buf, size_t n, size_t *got,
                                   brood_time deadline);

/* Up to and with the newline; the last line may lack it.  BROOD_ELIMIT: the line is
 * longer than the limit; it stays where it is, to be read in pieces. */
ptrdiff_t brood_reader_readline(brood_reader *reader, brood_slice *line, brood_time deadline);

/* Up to and with the separator.  BROOD_ELIMIT as above; BROOD_EINCOMPLETE: the stream has
 * ended without one, and `chunk` is what was left of it, perhaps nothing.  Of several
 * separators the one that ends first, and of those the shortest; *which is its index. */
ptrdiff_t brood_reader_readuntil(brood_reader *reader, const void *separator, size_t len,
                                 brood_slice *chunk, brood_time deadline);
ptrdiff_t brood_reader_readuntil_any(brood_reader *reader, const brood_slice *separators,
                                     size_t count, brood_slice *chunk, size_t *which,
                                     brood_time deadline);

bool   brood_reader_at_eof(const brood_reader *reader); /* ended, and nothing is buffered */
size_t brood_reader_buffered(const brood_reader *reader);
int    brood_reader_error(const brood_reader *reader); /* the stream's; 0: none */
/* Waits until the stream has ended, though not until it is read; any number of tasks.  0,
 * or the stream's error.  Reads nothing more than the limit allows. */
int    brood_reader_wait_eof(brood_reader *reader, brood_time deadline);

/* A reader of its own, which belongs to the caller: fed by hand, or from a descriptor
 * as brood_connect_read_pipe takes it (no regular file: EINVAL).  limit 0: the default. */
int brood_reader_open(brood_loop *loop, size_t limit, brood_reader **reader);
int brood_reader_connect(brood_loop *loop, intptr_t fd, size_t limit, brood_reader **reader);
/* Only those fed by hand; the bytes are copied.  1: more than twice the limit is
 * buffered now.  ECLOSED after the end; EINVAL, ENOMEM. */
int  brood_reader_feed(brood_reader *reader, const void *data, size_t len);
void brood_reader_feed_eof(brood_reader *reader); /* these too */
/* What every read gives from now on; 0 takes it back. */
void brood_reader_set_error(brood_reader *reader, int error);
/* Ends the reading, also a child's, whose next write fails; frees a reader of its own.
 * NULL is fine. */
void brood_reader_close(brood_reader *reader);

/* ---- StreamWriter ------------------------------------------------------- */

/* As brood_pipe_write and brood_pipe_writev, also to a child that has ended and whose loss
 * has not been seen yet: never waits; what the pipe does not take
 * is copied and buffered, all or nothing.  1: the buffer has been over its high mark and
 * is not down to the low one yet: drain is advised. */
int brood_writer_write(brood_writer *writer, const void *data, size_t len);
int brood_writer_writelines(brood_writer *writer, const brood_slice *parts, size_t count);

/* Waits while the buffer is over its high mark, until it is at or below the low one;
 * any number of tasks.  After the loss of the connection: its error while the
 * buffer was over the mark, later BROOD_ECONNRESET. */
int brood_writer_drain(brood_writer *writer, brood_time deadline);
/* Waits until everything has gone into the pipe. */
int brood_writer_flush(brood_writer *writer, brood_time deadline);

/* End of file after what is buffered.  On a pipe that is its close. */
int  brood_writer_write_eof(brood_writer *writer);
bool brood_writer_can_write_eof(const brood_writer *writer);

/* Nothing more is written; what is buffered still goes out.  wait_closed waits for
 * that: 0, or the error by which the connection was lost. */
void brood_writer_close(brood_writer *writer);
int  brood_writer_wait_closed(brood_writer *writer, brood_time deadline);
bool brood_writer_is_closing(const brood_writer *writer);
size_t brood_writer_buffered(const brood_writer *writer);
/* As brood_pipe_set_limits. */
int  brood_writer_set_limits(brood_writer *writer, size_t high, size_t low);

/* A writer of its own, on a descriptor as brood_connect_write_pipe takes it (no regular
 * file: a child gets one by BROOD_FILE or BROOD_FD); belongs to
 * the caller, who frees it: that closes it, and what is buffered still goes out while
 * the loop runs.  A child's is only closed by it, and freed with its process. */
int  brood_writer_connect(brood_loop *loop, intptr_t fd, brood_writer **writer);
void brood_writer_free(brood_writer *writer); /* NULL is fine */

/* ---- starting a process ------------------------------------------------- */

enum brood_stdio_kind {
    BROOD_INHERIT = 0, /* the parent's own                          */
    BROOD_PIPE,        /* a new pipe to the parent                  */
    BROOD_DEVNULL,     /* the null device                           */
    BROOD_STDOUT,      /* err only: where out goes                  */
    BROOD_FD,          /* .fd: a descriptor, only lent (Windows: a HANDLE,
                          not an overlapped one: programs expect no such) */
    BROOD_FILE,        /* .path: opened for it in the parent (in: for reading;
                          out, err: for writing, created with mode 0666,
                          emptied unless .append)                   */
    BROOD_SOCKET       /* a new socket to the parent (Unix): below  */
};
typedef struct brood_stdio {
    int kind;
    intptr_t fd;
    const char *path;
    bool append;
} brood_stdio;

/* BROOD_SOCKET is a socket pair (AF_UNIX, SOCK_STREAM) in place of a pipe.  For bulk: writes
 * of 16 KiB and more go up to twice as fast, those of less than 4 KiB more slowly; and for
 * programs that want one descriptor both ways.  Here it is used as a pipe is, by the same
 * functions; each of in, out and err has a socket of its own, but for this:
 *
 *     options.in.kind = options.out.kind = BROOD_SOCKET;
 *
 * makes the child's 0 and 1 one and the same socket, as inetd does.  Here it is still two
 * transports, or a writer and a reader: closing the writer is the end of the child's input,
 * while its output goes on; closing the reader makes its next write fail (EPIPE; outside of
 * Linux it may block), while its input goes on.  err as BROOD_STDOUT is that socket, too.
 *
 * What is different for the child:
 *   - fstat says that it is a socket.  Few programs look.  bash -c does: with one on its stdin,
 *     and not below another shell (SHLVL), it takes itself for started by rshd, and reads
 *     ~/.bashrc first.  rsync --daemon takes itself for started by inetd.
 *   - /dev/stdin, /dev/stdout and /dev/fd/N cannot be opened (Linux: ENXIO).
 *   - Writes of several processes to one socket are mixed in pieces of any size: nothing is
 *     kept together up to PIPE_BUF.
 *   - With one socket both ways, closing 1 alone is no end of its output as long as it has 0
 *     open, nor the other way round: for that there is shutdown.
 *   - When the reader here is closed, a write that waits fails with EPIPE, and may do so
 *     without SIGPIPE (Linux), which only the next one raises.
 *   - What a child has written to a stdin of its own, and nobody can read here, makes its end
 *     a reset (ECONNRESET).
 * As with a pipe: it blocks while its socket is full, a write that nobody will read raises
 * SIGPIPE, and what it wrote before it ended can be read after that.  A child that ends with
 * input unread breaks its stdin (EPIPE if there is more to write), and its output ends in
 * order all the same. */

/* Another descriptor for the child, beyond 0, 1 and 2 (Unix). */
typedef struct brood_child_fd { int child; int parent; } brood_child_fd;

/* A resource limit for the child: setrlimit's resource; UINT64_MAX: unlimited. */
typedef struct brood_rlimit { int resource; uint64_t soft, hard; } brood_rlimit;

/* Which step failed: "options", "pipe", "socket", "open", "dup2", "fork", "chdir", "setsid",
 * "exec", ..., on Windows also "env", "batch" and "job"; and on what: a path, a number,
 * the field's name. */
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
     * shell: the shell).  A relative path counts from the child's cwd.
     * Windows: all text is UTF-8 (else EINVAL), and a program gets it whole that reads
     * its wide command line, or says in its manifest that it knows UTF-8; the arguments
     * are quoted by the C runtime's rules.  A name without a folder is searched for
     * beside this program, in the system's folders and in the child's PATH, not in the
     * current folder; one without an extension gets .exe or .com, else .bat or .cmd.
     * The shell, which takes one line, is %COMSPEC% /d /s /c. */
    const char *const *argv;
    const char *shell;
    const char *executable;

    brood_stdio in, out, err;
    size_t limit;              /* of brood_spawn's readers; 0: BROOD_DEFAULT_LIMIT */
    double pipe_grace_seconds; /* brood_spawn: how long after the exit pipes stay open that a
                                  descendant still holds; 0: as long as it does */
    int pipe_size; /* capacity of new pipes in bytes, rounded up by the system (Linux), which
                      answers EPERM over its limit; 0: its own (Windows: 65536).  Elsewhere
                      the size is the system's own, whatever is asked for.  Of sockets: SO_SNDBUF,
                      which Linux cuts to net.core.wmem_max, others refuse with ENOBUFS;
                      0: 512 KiB, or as much as is allowed */

    const char *cwd;
    const char *const *env;    /* the whole environment, "NAME=value", ended by NULL; NULL: the parent's
                                  (Windows: with SystemRoot; names differ by more than case) */
    const brood_child_fd *fds; /* descriptors beyond 0, 1 and 2, with the numbers the child sees */
    size_t fd_count;
    bool keep_fds;             /* also inherit whatever is not close-on-exec (Windows: whatever
                                  can be inherited) */

    bool new_session;       /* setsid */
    bool set_process_group; /* setpgid(0, process_group); 0: a new group of its own
                               (Windows: only that; such a child ignores Ctrl+C) */
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
    int death_signal;      /* sent to the child when the thread that started it ends (Linux), or the
                              parent process (FreeBSD, DragonFly); elsewhere ENOSYS */
    const brood_rlimit *rlimits;
    size_t rlimit_count;
    /* Runs in the child, last before exec: async-signal-safe code only.  Returns 0,
     * or a negative code or an errno, with which the spawn fails as step "preexec".
     * Costs a full fork. */
    int (*preexec)(void *arg);
    void *preexec_arg;
    /* kill and close end the descendants too: Unix: a process group of its own (or
     * the new session's); descendants that leave the group escape.  Windows: a job
     * object, which descendants cannot leave. */
    bool kill_tree;

    unsigned creation_flags; /* Windows: CreateProcess's, such as CREATE_NEW_CONSOLE (a
                                suspended child's thread is yours to find and resume)   */
    bool hide_window;        /* Windows: what window it opens first is not shown          */
    bool verbatim_args;      /* Windows: argv joined with blanks, with nothing quoted     */
    bool allow_batch;        /* Windows: argv may name a .bat or .cmd, which cmd.exe runs */

    brood_spawn_failure *failure; /* filled when spawning fails; may be NULL */
} brood_spawn_options;

/* What the system at hand has no counterpart for is refused, never ignored: BROOD_ENOSYS,
 * step "options", and the field's name.  On Windows: in, out or err as BROOD_SOCKET, fds,
 * new_session, a process_group but 0, umask, user, group, extra_groups, keep_signals, nice,
 * death_signal, rlimits, preexec.  Elsewhere: creation_flags and verbatim_args (hide_window
 * and allow_batch ask for nothing there).  A batch file without allow_batch: EINVAL, step
 * "batch": cmd.exe reads its arguments by rules of its own, so that one with, say, & in it could run
 * another program.  With it each argument is written so that cmd.exe sees plain text in
 * it, and so that a program which the file hands %* or %1 to gets it as it was, provided
 * that it takes a doubled " for one, as the C runtime does; what the file itself does with
 * it, %~1 for one, is the file's to answer for.  An argument with a line end in it cannot
 * be passed: EINVAL, step "batch", too. */

/* Quote one word for /bin/sh; appends to `out`.  ENOMEM. */
int brood_shell_quote(const char *word, brood_buffer *out);

/* The return code: the exit status, 0..255; -N: ended by signal N; BROOD_ELOST:
 * it has ended, but somebody else took its status.  Windows: 0..4294967295; 1 when it was
 * ended by us. */
typedef int64_t brood_returncode;

/* What a child has used, with those of its own children that it has waited for (Windows:
 * without). */
typedef struct brood_usage {
    double user_seconds, system_seconds;
    uint64_t max_rss_bytes; /* the largest of them; Linux counts in what the parent had at the start */
} brood_usage;

/* ---- processes ---------------------------------------------------------- */

/* Starts a child; never waits.  The process belongs to the caller, who closes or
 * detaches it.  Three events are told apart, each to be waited for by any number of
 * tasks: the exit (wait); the end of each pipe (brood_reader_wait_eof,
 * brood_writer_wait_closed); and both (wait_finished), which may come long after the
 * exit when a descendant of the child holds a pipe.
 * Errors: as brood_subprocess_exec. */
int brood_spawn(brood_loop *loop, const brood_spawn_options *options, brood_process **process);

/* The child's streams; NULL unless that is a pipe or a socket.  They live as long as the process. */
brood_writer *brood_process_stdin(const brood_process *process);
brood_reader *brood_process_stdout(const brood_process *process);
brood_reader *brood_process_stderr(const brood_process *process);
int64_t brood_process_pid(const brood_process *process);
/* false: it still runs, as far as the loop has seen. */
bool brood_process_returncode(const brood_process *process, brood_returncode *returncode);

/* Waits for the exit alone; `returncode` may be NULL.  Beware: a child that
 * writes more than its pipes and the limit hold does not exit while nobody reads. */
int brood_process_wait(brood_process *process, brood_returncode *returncode, brood_time deadline);
int brood_process_wait_finished(brood_process *process, brood_returncode *returncode,
                                brood_time deadline);

/* Writes `input` to stdin and closes it, reads stdout and stderr to their ends, and
 * waits for the exit.  input NULL: nothing to write.  The outputs are appended to `out`
 * and `err`, when all has come; NULL drops that one.  A broken stdin is no error.
 * After BROOD_ETIMEDOUT or BROOD_ECANCELED nothing is lost: input that is still to be
 * written goes on by itself, what has come stays with the process, and another call,
 * without input, goes on; EINVAL with one.  A call after the end appends nothing.
 * Errors: EINVAL (input without a pipe on stdin), EBUSY (somebody reads), ENOMEM. */
int brood_process_communicate(brood_process *process, const void *input, size_t len,
                              brood_buffer *out, brood_buffer *err, brood_time deadline);

/* As brood_subprocess_send_signal and its kin. */
int brood_process_send_signal(brood_process *process, int signal);
int brood_process_terminate(brood_process *process);
int brood_process_kill(brood_process *process);

/* Once it has ended; BROOD_EAGAIN before, BROOD_ELOST when somebody else took it, and on
 * macOS and OpenBSD with kill_tree, where it is told when a child is reaped. */
int brood_process_usage(const brood_process *process, brood_usage *usage);
/* Whether pipes were closed because their grace period was over: the output may lack
 * what descendants wrote later. */
bool brood_process_was_cut(const brood_process *process);

/* Let it live on: the pipes are closed, what stdin has buffered goes out first, and
 * the process object is gone.  The loop still reaps it; a loop that is closed
 * before its end leaves it alone. */
void brood_process_detach(brood_process *process);
/* Kills it if it still runs (with its tree, if it has one); it is reaped by the loop.
 * The process and its streams are gone; whoever waits for them gets BROOD_ECLOSED.  NULL
 * is fine. */
void brood_process_close(brood_process *process);

/* Run to the end: spawn, communicate, wait, close.  in, out and err are as in the
 * options, but that input makes a pipe of an inherited stdin.  At the deadline, and
 * when cancelled, the child is killed, which may take another 5 seconds at most, and
 * `result` holds what came so far; after every other failure it is untouched.  Free it
 * with brood_result_free. */
typedef struct brood_result {
    brood_returncode returncode; /* BROOD_ETIMEDOUT: killed, but not seen to end */
    brood_buffer out, err;
    brood_usage usage; /* zero if it is not known */
    bool cut;          /* brood_process_was_cut   */
} brood_result;
int  brood_run(brood_loop *loop, const brood_spawn_options *options, const void *input, size_t len,
               brood_result *result, brood_time deadline);
void brood_result_free(brood_result *result);

/* ---- PEP 3145: a process as something to send to and receive from -------- */

/* How many of the bytes were accepted, 1 to len: what fits under stdin's high mark;
 * waits only while nothing does.  BROOD_ETIMEDOUT: none yet.  EPIPE: nobody reads
 * any more; EBADF: stdin is no pipe. */
ptrdiff_t brood_process_send(brood_process *process, const void *data, size_t len,
                             brood_time deadline);
/* What is there on stdout, or on stderr, 1 to n bytes; 0: the end; BROOD_ETIMEDOUT: nothing
 * yet.  EBADF: that is no pipe. */
ptrdiff_t brood_process_recv(brood_process *process, void *buf, size_t n, brood_time deadline);
ptrdiff_t brood_process_recv_err(brood_process *process, void *buf, size_t n, brood_time deadline);
/* All that comes on fd 1 or 2 in that time, appended to `out`, and how much it was; 0:
 * the end; BROOD_ETIMEDOUT: nothing came. */
ptrdiff_t brood_process_asyncread(brood_process *process, int fd, brood_buffer *out,
                                  double seconds);
/* Sends until all is accepted: len.  At the deadline, or when nobody reads any more:
 * how many were, or the error if none was. */
ptrdiff_t brood_process_asyncwrite(brood_process *process, const void *data, size_t len,
                                   brood_time deadline);

/* The process as a file: reads its stdout, writes its stdin; each call takes so many
 * seconds (a span, no deadline) at most (BROOD_ETIMEDOUT), 0: as long as it takes.  A write
 * never deadlocks with a child that writes too: what it says meanwhile is kept, whatever
 * the limit.  A direction that the process has no pipe for: BROOD_EBADF.  Waits as everything else
 * that waits.  The file belongs to the caller, who closes it before its process; errors of
 * open: EINVAL, ENOMEM, EFORK, ECLOSED. */
int brood_file_open(brood_process *process, double timeout_seconds, brood_file **file);
ptrdiff_t brood_file_read(brood_file *file, void *buf, size_t n); /* 1 to n; 0: the end */
ptrdiff_t brood_file_readline(brood_file *file, brood_slice *line);
int brood_file_write(brood_file *file, const void *data, size_t len); /* all of it */
int brood_file_flush(brood_file *file); /* until all has gone into the pipe */
/* Ends the child's input after what is still to go out, waits for that, and frees the
 * file, whatever the result.  While it is being closed by another task: 0 at once.  NULL
 * is fine. */
int brood_file_close(brood_file *file);
/* The C library's view of it, for fgets, fprintf, getline: mode "r", "w" or "r+".  fclose
 * of the last one that writes ends the child's input; the brood_file is closed by itself.
 * Errors are in errno, as stdio has it:
 * look at ferror first, and clearerr before going on after a time-out.  NULL: no memory, or
 * no such thing here (Windows: ENOSYS). */
FILE *brood_file_stdio(brood_file *file, const char *mode);

/* ---- subprocess transports ---------------------------------------------- */

/* In this order for each child: connection_made, first of all; then data and
 * losses of pipes and process_exited, the order between which is open, except
 * that what the child itself had written is delivered before process_exited
 * unless reading is paused (up to 4 MiB); last and once, after the exit and the loss
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
 * terminate sends SIGTERM, kill SIGKILL.  On Windows both end the process there and then,
 * terminate never more than it; of the signals 0 (is it there?), SIGTERM, 9 and SIGBREAK
 * mean something, others are EINVAL: SIGBREAK (21) is the console's CTRL_BREAK to the group
 * that a child with set_process_group leads, which it may handle; EPERM to another child;
 * ENOSYS without a console.
 * With kill_tree, kill also reaches descendants that are left after the child's end, and
 * then works; until it is closed such a child stays a zombie, which holds the number of its
 * group (Unix: so kill works also when nobody is left; on Windows that is ESRCH).
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
 * (else BROOD_EINVAL); on Windows of a HANDLE: a named pipe of bytes, opened with
 * FILE_FLAG_OVERLAPPED, that waits and is on no completion port.  On success the
 * descriptor belongs to the transport, is switched to non-blocking, and switched back
 * before it is closed: a mode that all duplicates of a descriptor share, so don't connect
 * two of them.  The hang-up of a terminal is its end.  The transport belongs to the caller,
 * who closes it; `protocol` must stay valid until then.  Errors: EINVAL, EBADF, ENOMEM,
 * EFORK. */
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
 * written as it drains; all or nothing is accepted.  On Windows everything is copied, and
 * counts as buffered until the loop has seen that it was written.  The result is 0, or 1 from
 * the time when the buffer is over its high mark until it is at or below the low one: one
 * pause_writing and one resume_writing come from the loop, unless the loss comes first.
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
 * connection_lost follows from the loop, in the present round or in the next one; then a
 * pipe of its own is freed (one of a subprocess is freed with it).  May be called again
 * until then; NULL is fine. */
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
