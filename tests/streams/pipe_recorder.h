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
    const int *peer;                                         /* for those                       */
    bool discard;
    bool keep_when_lost; /* else the pipe is closed from connection_lost at the latest */
};
extern const brood_pipe_protocol pipe_recorder_protocol;
void pipe_recorder_free(struct pipe_recorder *recorder);

/* Connect one end of a pipe, which works. */
void record_reading(brood_loop *loop, struct pipe_recorder *recorder, intptr_t end);
void record_writing(brood_loop *loop, struct pipe_recorder *recorder, intptr_t end);
/* The same with one end of a new pipe; the peer's end, which blocks, is the caller's. */
int record_reader(brood_loop *loop, struct pipe_recorder *recorder);
int record_writer(brood_loop *loop, struct pipe_recorder *recorder);
/* A reader whose pipe holds that much. */
int record_wide_reader(brood_loop *loop, struct pipe_recorder *recorder, size_t room);
/* A writer whose pipe is full, with the pattern, and whose buffer is empty. */
int record_full_writer(brood_loop *loop, struct pipe_recorder *writing, const char *bytes);
/* Connects both, writes a byte, and closes them. */
void record_both_ends(intptr_t reader, intptr_t writer);

/* Things to do in a callback. */
void do_close(struct pipe_recorder *recorder);
void do_abort(struct pipe_recorder *recorder);
void do_pause(struct pipe_recorder *recorder);
void do_close_other(struct pipe_recorder *recorder);

/* ---- pipes -------------------------------------------------------------------------
 * One end is brood's, as brood_connect_read_pipe takes it.  The other is the peer's, a
 * descriptor (on Windows: of the C library), which blocks. */

intptr_t make_read_end(int *peer);
intptr_t make_wide_read_end(int *peer, size_t room);
intptr_t make_write_end(int *peer);
void make_ends(intptr_t *reader, intptr_t *writer); /* both can be connected           */
void make_pipe(int ends[2]);                        /* both are as a peer's             */
intptr_t end_of(int fd);                            /* a peer's, as a child is given it */

void close_end(intptr_t end); /* one that is not connected */
intptr_t copy_end(intptr_t end);
bool is_untouched(intptr_t end); /* open, and as it was made */
size_t available_at(intptr_t end);
/* What is a file or a directory, and none that can be connected. */
intptr_t open_file(void);
intptr_t open_directory(void);
int mode_of(intptr_t end); /* changes with what is switched; -1: it is not open */

size_t capacity_of(int fd);
size_t available(int fd); /* bytes that can be read now, at either end       */
bool is_readable(int fd); /* data or the end                                 */
bool nobody_reads(int fd);
void put(int fd, const char *text); /* all of it                             */
void put_bytes(int fd, const void *bytes, size_t len);
size_t put_some(int fd, const void *bytes, size_t len); /* what there is room for; 0: none */
size_t take_bytes(int fd, void *bytes, size_t len);     /* waits; 0: the end               */
char *pattern_of(size_t len);                           /* bytes that tell their place; free() */
char pattern_at(size_t place);
/* Read at most len bytes, and check that they are the pattern's from `place` on. */
size_t take_pattern(int fd, size_t len, size_t place);
/* A reader that takes a few bytes a round, to the end; how many it has got. */
size_t read_slowly(brood_loop *loop, int peer, size_t at_once);

/* Whether what is written counts as buffered until all of it is in the pipe and the loop
 * has made a round, although the other end sees it at once (on Windows); or only what
 * does not go into the pipe at once (on Unix). */
static inline bool writes_wait(void)
{
    return test_on_windows();
}
/* What has been written is no longer buffered, as far as there is room for all of it. */
void let_out(brood_loop *loop);

/* Has the loop call this whenever there is something to read at a peer's end. */
void watch_peer(brood_loop *loop, int fd, void (*call)(void *arg), void *arg);
void unwatch_peer(brood_loop *loop, int fd); /* also one that is not watched */

double own_seconds(void); /* of this thread, as finely as the system tells */

/* ---- Unix alone ---------------------------------------------------------------------- */

void make_sockets(int ends[2]);
bool is_blocking(int fd);
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
