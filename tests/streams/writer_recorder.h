/* What the tests of writers share: a writer whose pipe is empty, full, or whose
 * buffer is over the high mark; the other end of it, which knows what has to arrive;
 * and those who wait for a writer, each in a task of its own. */
#ifndef BROOD_TEST_WRITER_RECORDER_H
#define BROOD_TEST_WRITER_RECORDER_H

#include "pipe_recorder.h"
#include "writer.h"

enum { SENDER_BYTES = 1 << 20, HIGH_MARK = BROOD_DEFAULT_HIGH_WATER };

struct sender {
    brood_loop *loop;
    brood_writer *writer;
    int peer;         /* the other end, which blocks; -1: closed */
    char *bytes;      /* SENDER_BYTES of the pattern             */
    size_t accepted;  /* so many of them have been written       */
    size_t taken;     /* and so many were read at the other end  */
    size_t capacity;  /* of the pipe                             */
    size_t out, sent; /* Windows: so many are out, so many out or in flight */
};

/* The writer has begun. */
void sender_open(struct sender *sender);
void sender_open_on(struct sender *sender, brood_loop *loop);
/* The pipe is full, and nothing is buffered. */
void sender_open_full(struct sender *sender);
/* Besides, the buffer holds one byte more than the high mark.  The last quarter of it, and
 * a page, was written by itself: a write in flight is buffered as a whole. */
void sender_open_pressed(struct sender *sender);
/* Frees the writer if there is one, and closes the rest. */
void sender_close(struct sender *sender);
void sender_close_keeping_loop(struct sender *sender);

/* Write the next bytes of the pattern; what the write says. */
int sender_write(struct sender *sender, size_t len);
/* Read exactly that much at the other end: it is there.  The loop runs, or does not. */
void sender_take(struct sender *sender, size_t len);
/* Read there until so many bytes or fewer are buffered; the loop runs. */
void sender_take_until_buffered(struct sender *sender, size_t buffered);
/* Whether each byte that was accepted is buffered, in the pipe, or taken; one in flight may
 * be buffered and in the pipe. */
bool sender_accounts(const struct sender *sender);
/* How much has to be buffered: right after a write; or settled, when all that can happen
 * has. */
size_t sender_must_hold(struct sender *sender, bool settled);
/* Runs the loop until there is nothing that it could do. */
void sender_settle(const struct sender *sender);
/* Read to the end there while the loop runs; how much has come in all. */
size_t sender_take_all(struct sender *sender);
void sender_close_peer(struct sender *sender);
/* Reads there whatever comes, by a callback of the loop, until the end or undone by
 * sender_close_peer. */
void sender_take_by_callback(struct sender *sender);

/* ---- those who wait -------------------------------------------------------- */

typedef int writer_wait(brood_writer *writer, brood_time deadline);

struct waiting {
    writer_wait *wait;
    brood_writer *writer;
    brood_time deadline; /* 0: test_deadline */
    brood_task *task;
    bool done;
    int result;
};

/* A task that begins in the next round; test_settle lets it wait. */
void waiting_start(struct sender *sender, struct waiting *waiting, writer_wait *wait);
/* Joins it: what the wait gave. */
int waiting_end(struct waiting *waiting);

/* What `wait` gives in a callback of the loop. */
int wait_in_callback(struct sender *sender, writer_wait *wait);

/* How many rounds the loop makes during a wait outside of tasks; its result. */
int wait_outside(struct sender *sender, writer_wait *wait, brood_time deadline, uint64_t *rounds);

/* Have the loop call this in its next round. */
void call_soon(struct sender *sender, void (*call)(void *arg));

#endif
