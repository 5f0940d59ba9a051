/* The StreamReader, for those who embed one: a process has up to two. */
#ifndef BROOD_READER_H
#define BROOD_READER_H

#include "pipe.h"
#include "wait.h"

/* How much is read at once, at least and at most: a pipe's usual capacity. */
enum { BROOD__READ_MIN = 1024, BROOD__READ_MAX = 65536 };

/* What is left of a line while the rest of it is waited for has a small block, up to this. */
enum { BROOD__REST_MAX = 1024 };

enum brood__reader_mode {
    BROOD__READER_LIMITED, /* pauses over twice its limit; every arrival wakes the waiter      */
    BROOD__READER_GATHER,  /* takes all; wakes only once there are more than `enough`          */
    BROOD__READER_DISCARD, /* drops all                                                        */
};

struct brood_reader {
    struct brood__sink sink;
    brood_loop *loop;
    brood_pipe *pipe; /* NULL: fed by hand, or lost */
    size_t limit;
    uint8_t mode;
    bool paused, eof, closed;
    bool embedded; /* in a process, which frees it                         */
    bool lent;     /* a slice points into `bytes`, or into `retired`       */
    int error;
    size_t enough;
    struct brood__link waiters; /* for bytes: one at most */
    struct brood__link enders;  /* for the end            */

    /* What has come and not been read, with room for a NUL behind it.  Its memory
     * is given back while somebody waits and nothing is there. */
    struct brood__bytes bytes;
    char *retired;  /* what a slice was lent from before the bytes had to move */
    size_t chunk;   /* how much is read at once: follows the flow              */
    size_t touched; /* up to here a large block is in memory          */

    /* So many of the bytes have been searched for this pattern already. */
    size_t searched;
    brood_buffer pattern; /* empty: the newline */
};

/* An embedded reader, which is connected to a pipe by brood__reader_connect. */
void brood__reader_init(brood_reader *reader, brood_loop *loop, size_t limit);
void brood__reader_connect(brood_reader *reader, brood_pipe *pipe);

/* The pipe has been lost. */
void brood__reader_lost(brood_reader *reader, int error);

/* For the end of its owner: whoever waits gets BROOD_ECLOSED; memory is given back. */
void brood__reader_destroy(brood_reader *reader);

/* ---- between the files of the reader --------------------------------------- */

/* 0, or why it cannot be read now: EINVAL, EFORK, ECLOSED, EBUSY, the stream's error.
 * What was lent is not lent any more. */
int brood__reader_begin(brood_reader *reader);

/* Until more has come, the end, or an error of the stream, which is in `error` then;
 * reading goes on even over the limit.  When the wait itself fails the reader may be gone. */
int brood__reader_wait(brood_reader *reader, struct brood__wait *wait);

/* LIMITED again: pauses if there is too much by now. */
void brood__reader_limit(brood_reader *reader);

/* reader_buffer.c: the sink, taking bytes out, and lending them while they go out. */
int brood__reader_room(struct brood__sink *sink, void **data, size_t *len);
int brood__reader_append(brood_reader *reader, const void *data, size_t len);
void brood__reader_consume(brood_reader *reader, size_t len);
void brood__reader_lend(brood_reader *reader, size_t len, brood_slice *slice);
void brood__reader_put_back(brood_reader *reader, size_t len); /* what was lent just now */
void brood__reader_take_back(brood_reader *reader);            /* what was lent */
void brood__reader_rest(brood_reader *reader);                 /* an empty one holds no memory */
/* All of it, appended to `out`, by moving the memory itself where that is possible. */
int brood__reader_take(brood_reader *reader, brood_buffer *out);

static inline const char *brood__reader_data(const brood_reader *reader)
{
    return reader->bytes.data + reader->bytes.start;
}

/* Whether brood__reader_begin would return 0 with nothing to do: so it is for all lines of
 * a block but the first. */
static inline bool brood__reader_is_ready(const brood_reader *reader)
{
    return reader != NULL && brood__loop_check(reader->loop) == 0 && !reader->closed &&
           reader->mode == BROOD__READER_LIMITED && brood__list_empty(&reader->waiters) &&
           reader->retired == NULL && reader->error == 0;
}

#endif
