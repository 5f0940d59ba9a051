/* The protocol that writes down what happens to a pipe, and the pipe's other end. */
#include "pipe_recorder.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the protocol --------------------------------------------------------------- */

static void note(struct pipe_recorder *recorder, const char *event)
{
    size_t used = strlen(recorder->log), length = strlen(event);
    bool again = used >= length && strcmp(recorder->log + used - length, event) == 0;
    if (again && strcmp(event, "data") == 0)
        return;
    snprintf(recorder->log + used, sizeof recorder->log - used, "%s%s", used > 0 ? " " : "", event);
}

static void happened(struct pipe_recorder *recorder, enum pipe_event event, const char *text)
{
    cr_assert_eq(recorder->made, event != PIPE_MADE, "%s after: %s", text, recorder->log);
    cr_assert_not(recorder->lost, "%s after: %s", text, recorder->log);
    recorder->made = true;
    recorder->counts[event]++;
    note(recorder, text);
}

static void react(struct pipe_recorder *recorder, enum pipe_event event)
{
    if (recorder->on[event] != NULL)
        recorder->on[event](recorder);
}

static void made(void *arg, brood_pipe *pipe)
{
    struct pipe_recorder *recorder = arg;
    cr_assert_eq(pipe, recorder->pipe);
    happened(recorder, PIPE_MADE, "made");
    react(recorder, PIPE_MADE);
}

static void data(void *arg, const void *bytes, size_t len)
{
    struct pipe_recorder *recorder = arg;
    happened(recorder, PIPE_DATA, "data");
    cr_assert_gt(len, 0);
    recorder->received += len;
    if (!recorder->discard)
        cr_assert_eq(brood_buffer_append(&recorder->bytes, bytes, len), 0);
    react(recorder, PIPE_DATA);
}

static void ended(void *arg)
{
    struct pipe_recorder *recorder = arg;
    happened(recorder, PIPE_EOF, "eof");
    recorder->ended = true;
    react(recorder, PIPE_EOF);
}

static void pause_writing(void *arg)
{
    struct pipe_recorder *recorder = arg;
    happened(recorder, PIPE_PAUSE, "pause");
    cr_assert_not(recorder->paused);
    recorder->paused = true;
    react(recorder, PIPE_PAUSE);
}

static void resume_writing(void *arg)
{
    struct pipe_recorder *recorder = arg;
    happened(recorder, PIPE_RESUME, "resume");
    cr_assert(recorder->paused);
    recorder->paused = false;
    react(recorder, PIPE_RESUME);
}

static void lost(void *arg, int error)
{
    struct pipe_recorder *recorder = arg;
    char text[32];
    snprintf(text, sizeof text, "lost%s%s", error < 0 ? ":" : "",
             error < 0 ? brood_errname(error) : "");
    happened(recorder, PIPE_LOST, text);
    recorder->lost = true;
    recorder->error = error;
    react(recorder, PIPE_LOST);
    if (!recorder->keep_when_lost)
        brood_pipe_close(recorder->pipe);
}

const brood_pipe_protocol pipe_recorder_protocol = {
    .connection_made = made,
    .data_received = data,
    .eof_received = ended,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
    .connection_lost = lost,
};

void pipe_recorder_free(struct pipe_recorder *recorder)
{
    brood_buffer_free(&recorder->bytes);
}

void record_reading(brood_loop *loop, struct pipe_recorder *recorder, int fd)
{
    cr_assert_eq(
        brood_connect_read_pipe(loop, fd, &pipe_recorder_protocol, recorder, &recorder->pipe), 0);
}

void record_writing(brood_loop *loop, struct pipe_recorder *recorder, int fd)
{
    cr_assert_eq(
        brood_connect_write_pipe(loop, fd, &pipe_recorder_protocol, recorder, &recorder->pipe), 0);
}

int record_reader(brood_loop *loop, struct pipe_recorder *recorder)
{
    int ends[2];
    make_pipe(ends);
    record_reading(loop, recorder, ends[0]);
    return ends[1];
}

int record_writer(brood_loop *loop, struct pipe_recorder *recorder)
{
    int ends[2];
    make_pipe(ends);
    record_writing(loop, recorder, ends[1]);
    return ends[0];
}

int record_full_writer(brood_loop *loop, struct pipe_recorder *writing, const char *bytes)
{
    int peer = record_writer(loop, writing);
    cr_assert_eq(brood_pipe_write(writing->pipe, bytes, capacity_of(peer)), 0);
    cr_assert_eq(brood_pipe_buffered(writing->pipe), 0);
    test_settle(loop);
    return peer;
}

void do_close(struct pipe_recorder *recorder)
{
    brood_pipe_close(recorder->pipe);
    brood_pipe_close(recorder->pipe);
}

void do_abort(struct pipe_recorder *recorder)
{
    brood_pipe_abort(recorder->pipe);
    brood_pipe_abort(recorder->pipe);
}

void do_pause(struct pipe_recorder *recorder)
{
    cr_assert_eq(brood_pipe_pause_reading(recorder->pipe), 0);
}

void do_close_other(struct pipe_recorder *recorder)
{
    brood_pipe_close(recorder->other->pipe);
}

/* ---- descriptors ------------------------------------------------------------- */

void make_pipe(int ends[2])
{
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
}

void make_sockets(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    cr_assert_geq(flags, 0);
    return (flags & O_NONBLOCK) == 0;
}

size_t capacity_of(int fd)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    cr_assert_gt(size, 0);
    return (size_t)size;
}

size_t available(int fd)
{
    int count;
    cr_assert_eq(ioctl(fd, FIONREAD, &count), 0);
    return (size_t)count;
}

void put(int fd, const char *text)
{
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* The period is no divisor of any block size: a block out of place is seen. */
char pattern_at(size_t place)
{
    return (char)(place % 251 + (place / 65536) % 5);
}

char *pattern_of(size_t len)
{
    char *bytes = malloc(len);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = pattern_at(i);
    return bytes;
}

size_t take_pattern(int fd, size_t len, size_t place)
{
    char block[65536];
    ssize_t n = read(fd, block, len < sizeof block ? len : sizeof block);
    cr_assert_geq(n, 0);
    for (size_t i = 0; i < (size_t)n; i++)
        if (block[i] != pattern_at(place + i))
            cr_assert_fail("the byte at %zu is wrong", place + i);
    return (size_t)n;
}

bool is_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

size_t read_slowly(brood_loop *loop, int peer, size_t at_once)
{
    size_t place = 0, n = 1;
    brood_time deadline = test_deadline();
    while (n > 0) {
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        cr_assert_lt(brood_now(), deadline);
        if (is_readable(peer)) {
            n = take_pattern(peer, at_once, place);
            place += n;
        }
    }
    return place;
}

bool holds_in_a_fork(bool (*body)(void))
{
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0)
        _exit(body() ? 0 : 1);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- a loop that reports what is left ------------------------------------------ */

static void keep_line(void *arg, const char *message)
{
    struct loop_report *report = arg;
    report->lines++;
    snprintf(report->last, sizeof report->last, "%s", message);
}

brood_loop *reporting_loop(struct loop_report *report)
{
    brood_loop_options options = {
        .child_watcher = test_watcher(),
        .debug = true,
        .slow_callback_seconds = 3600,
        .log = keep_line,
        .log_arg = report,
    };
    brood_loop *loop;
    *report = (struct loop_report){0};
    cr_assert_eq(brood_loop_open(&loop, &options), 0);
    return loop;
}
