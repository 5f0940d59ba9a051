/* The protocol that writes down what happens to a pipe, and the pipe's other end. */
#include "pipe_recorder.h"

#include <stdio.h>

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

void record_reading(brood_loop *loop, struct pipe_recorder *recorder, intptr_t end)
{
    cr_assert_eq(
        brood_connect_read_pipe(loop, end, &pipe_recorder_protocol, recorder, &recorder->pipe), 0);
}

void record_writing(brood_loop *loop, struct pipe_recorder *recorder, intptr_t end)
{
    cr_assert_eq(
        brood_connect_write_pipe(loop, end, &pipe_recorder_protocol, recorder, &recorder->pipe), 0);
}

int record_reader(brood_loop *loop, struct pipe_recorder *recorder)
{
    int peer;
    record_reading(loop, recorder, make_read_end(&peer));
    return peer;
}

int record_wide_reader(brood_loop *loop, struct pipe_recorder *recorder, size_t room)
{
    int peer;
    record_reading(loop, recorder, make_wide_read_end(&peer, room));
    cr_assert_geq(capacity_of(peer), room);
    return peer;
}

int record_writer(brood_loop *loop, struct pipe_recorder *recorder)
{
    int peer;
    record_writing(loop, recorder, make_write_end(&peer));
    return peer;
}

int record_full_writer(brood_loop *loop, struct pipe_recorder *writing, const char *bytes)
{
    int peer = record_writer(loop, writing);
    cr_assert_eq(brood_pipe_write(writing->pipe, bytes, capacity_of(peer)), 0);
    let_out(loop);
    cr_assert_eq(brood_pipe_buffered(writing->pipe), 0);
    test_settle(loop);
    return peer;
}

void record_both_ends(intptr_t reader, intptr_t writer)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.keep_when_lost = true}, writing = {0};
    record_reading(loop, &reading, reader);
    record_writing(loop, &writing, writer);
    cr_assert_eq(brood_pipe_fd(reading.pipe), reader);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", 1), 0);
    test_settle(loop);
    cr_assert(reading.made && writing.made);
    brood_pipe_close(writing.pipe);
    test_run_until(loop, &writing.lost);
    test_run_until(loop, &reading.lost);
    brood_pipe_close(reading.pipe);
    test_settle(loop);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
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

/* ---- bytes --------------------------------------------------------------------- */

void let_out(brood_loop *loop)
{
    if (writes_wait())
        test_settle(loop);
}

void put(int fd, const char *text)
{
    put_bytes(fd, text, strlen(text));
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
    size_t n = take_bytes(fd, block, len < sizeof block ? len : sizeof block);
    for (size_t i = 0; i < n; i++)
        if (block[i] != pattern_at(place + i))
            cr_assert_fail("the byte at %zu is wrong", place + i);
    return n;
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
