/* What the tests of pipes share: a protocol that writes down what happens to a
 * pipe and does what a test asks of it, and the other end of that pipe.  The
 * recorder itself insists on the order that every pipe keeps: made first, lost
 * last, pause and resume in turn. */
#ifndef BROOD_TEST_PIPE_RECORDER_H
#define BROOD_TEST_PIPE_RECORDER_H

#include "support.h"

enum pipe_event { PIPE_MADE, PIPE_DATA, PIPE_EOF, PIPE_PAUSE, PIPE_RESUME, PIPE_LOST, PIPE_EVENTS };

struct pipe_recorder {
    brood_pipe *pipe;
    char log[256];           /* "made data eof lost:EPIPE", repeated data once */
    int counts[PIPE_EVENTS]; /* how often                                      */
    brood_buffer bytes;      /* unless `discard`                               */
    size_t received;
    bool made, ended, paused, lost;
    int error; /* of the loss */

    void (*on[PIPE_EVENTS])(struct pipe_recorder *recorder); /* called after the event is noted */
    struct pipe_recorder *other;                             /* for those                       */
    bool discard;
    bool keep_when_lost; /* else the pipe is closed from connection_lost at the latest */
};
extern const brood_pipe_protocol pipe_recorder_protocol;
void pipe_recorder_free(struct pipe_recorder *recorder);

/* Connect a descriptor, which works. */
void record_reading(brood_loop *loop, struct pipe_recorder *recorder, int fd);
void record_writing(brood_loop *loop, struct pipe_recorder *recorder, int fd);
/* The same with one end of a new pipe; the other end, which blocks, is the caller's. */
int record_reader(brood_loop *loop, struct pipe_recorder *recorder);
int record_writer(brood_loop *loop, struct pipe_recorder *recorder);
/* A writer whose pipe is full, with the pattern, and whose buffer is empty. */
int record_full_writer(brood_loop *loop, struct pipe_recorder *writing, const char *bytes);

/* Things to do in a callback. */
void do_close(struct pipe_recorder *recorder);
void do_abort(struct pipe_recorder *recorder);
void do_pause(struct pipe_recorder *recorder);
void do_close_other(struct pipe_recorder *recorder);

/* ---- descriptors ------------------------------------------------------------- */

void make_pipe(int ends[2]);
void make_sockets(int ends[2]);
bool is_blocking(int fd);
size_t capacity_of(int fd);
size_t available(int fd);           /* bytes that can be read now */
void put(int fd, const char *text); /* all of it                  */
char *pattern_of(size_t len);       /* bytes that tell their place; free() */
char pattern_at(size_t place);
/* Read at most len bytes, and check that they are the pattern's from `place` on. */
size_t take_pattern(int fd, size_t len, size_t place);

/* Data or the end. */
bool is_readable(int fd);
/* A reader that takes a few bytes a round, to the end; how many it has got. */
size_t read_slowly(brood_loop *loop, int peer, size_t at_once);

/* A process like this one, in which `body` runs; false when it returned false or
 * a signal ended it. */
bool holds_in_a_fork(bool (*body)(void));

/* ---- a loop that reports what is left ------------------------------------------ */

struct loop_report {
    int lines;
    char last[128];
};
brood_loop *reporting_loop(struct loop_report *report);

#endif
