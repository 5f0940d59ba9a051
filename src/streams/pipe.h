/* The pipe transport, for those who embed one: a subprocess has up to three. */
#ifndef BROOD_PIPE_H
#define BROOD_PIPE_H

#include "brood.h"
#include "loop.h"

enum brood__pipe_state {
    BROOD__PIPE_OPEN,
    BROOD__PIPE_FLUSHING, /* closing; what is buffered is written first        */
    BROOD__PIPE_LOSING,   /* nothing more is done; waits for what is in flight */
    BROOD__PIPE_LOST,     /* connection_lost has been called                   */
};

/* A queue of bytes: appended at the end, consumed at the start. */
struct brood__bytes {
    char *data;
    size_t start, len, cap;
};

/* Whoever has what is read put into memory of its own, in place of data_received. */
struct brood__sink {
    /* Where the next bytes go; with NULL left at *data they come to `filled` from
     * the backend's memory.  ENOMEM ends the connection. */
    int (*room)(struct brood__sink *sink, void **data, size_t *len);
    void (*filled)(struct brood__sink *sink, const void *data, size_t len);
};

/* Whoever wants to know when all that was written has gone into the pipe. */
struct brood__source {
    void (*emptied)(struct brood__source *source);
};

/* What both directions have.  It is the beginning of one of the two below: a pipe has memory
 * for its own direction alone. */
struct brood_pipe {
    brood_loop *loop;
    const brood_pipe_protocol *protocol;
    void *arg;
    struct brood__channel channel;
    int error; /* for connection_lost                       */
    uint8_t state;
    bool begun;        /* connection_made has been called: before it no other callback */
    bool writes;       /* direction                                       */
    bool embedded;     /* in a subprocess, which frees it                 */
    bool given_up;     /* by its owner: free it once it is lost           */
    bool was_blocking; /* to be switched back before it is closed         */
    bool shuts;        /* a child's socket: to be shut down before that   */
    bool in_callback;  /* after which it will be looked at whether it is lost */
    bool paused;       /* a reading one                                   */
    bool over;         /* a writing one: pause_writing is due or was called, and
                          resume_writing will be                          */
    bool told;         /* pause_writing was called                        */
    bool dropped;      /* something was still buffered when it was lost   */
};

struct brood__read_pipe {
    brood_pipe base;
    struct brood__op op;
    struct brood__sink *sink; /* NULL: the protocol */
};

struct brood__outgoing {
    struct brood__bytes sending, pending; /* in flight; to go after it */
    struct brood__post flow;              /* pause_writing, resume_writing */
    brood_pipe *pipe;
};

struct brood__write_pipe {
    brood_pipe base;
    struct brood__op op, gone;
    struct brood__outgoing *outgoing; /* NULL: nothing is buffered, and nothing to be told */
    brood_slice lent;                 /* the caller's bytes, to go last */
    struct brood__source *source;
    size_t high, low;
};

static inline struct brood__read_pipe *brood__pipe_in(brood_pipe *pipe)
{
    return BROOD__CONTAINER(pipe, struct brood__read_pipe, base);
}

static inline struct brood__write_pipe *brood__pipe_out(brood_pipe *pipe)
{
    return BROOD__CONTAINER(pipe, struct brood__write_pipe, base);
}

/* Set up an embedded pipe of that direction on a descriptor of ours, which is non-blocking
 * and belongs to it on success.  ENOMEM. */
int brood__pipe_init(brood_pipe *pipe, brood_loop *loop, intptr_t fd, bool writes,
                     const brood_pipe_protocol *protocol, void *arg);

/* An embedded pipe is a socket; `shares`: another one has a duplicate of it, for the other
 * direction, so that closing it alone would end nothing. */
void brood__pipe_on_socket(brood_pipe *pipe, bool shares);

/* Call connection_made and begin: from the loop. */
void brood__pipe_begin(brood_pipe *pipe);

/* What is read goes there from now on. */
void brood__pipe_read_into(brood_pipe *pipe, struct brood__sink *sink);

/* The last bytes of this pipe: written from where they are, then it closes.  They stay
 * the caller's, and where they are, until it is closed or has kept them. */
int brood__pipe_lend(brood_pipe *pipe, const void *data, size_t len);
/* Make what is left of them its own.  ENOMEM: the connection is lost by it. */
int brood__pipe_keep(brood_pipe *pipe);

/* Close without giving it up: the owner closes it another time. */
void brood__pipe_finish(brood_pipe *pipe);

/* Read what is there now, without waiting, a few MiB at most: from the loop. */
void brood__pipe_read_rest(brood_pipe *pipe);

/* Give everything back at once, without a callback: for the end of a loop, and
 * for a pipe that was set up in vain. */
void brood__pipe_destroy(brood_pipe *pipe);

/* ---- between the files of the pipe --------------------------------------- */

/* pipe.c.  The connection ends: nothing more is read or written, and when
 * nothing is in flight any more connection_lost(error) is called by the loop: after an
 * operation that does nothing, if nothing was. */
void brood__pipe_lose(brood_pipe *pipe, int error);
/* One that is losing is lost now, unless something is in flight yet. */
void brood__pipe_lost_if_idle(brood_pipe *pipe);
/* What every callback ends with. */
static inline void brood__pipe_called(brood_pipe *pipe)
{
    pipe->in_callback = false;
    if (pipe->state == BROOD__PIPE_LOSING)
        brood__pipe_lost_if_idle(pipe);
}

/* 0, EINVAL for the wrong direction, EFORK, ECLOSED. */
static inline int brood__pipe_check(const brood_pipe *pipe, bool writes)
{
    if (pipe == NULL || pipe->writes != writes)
        return BROOD_EINVAL;
    int error = brood__loop_check(pipe->loop);
    if (error < 0)
        return error;
    return pipe->state != BROOD__PIPE_OPEN ? BROOD_ECLOSED : 0;
}

/* pipe_read.c, pipe_write.c */
void brood__pipe_read_init(brood_pipe *pipe);
void brood__pipe_read_arm(brood_pipe *pipe);
void brood__pipe_write_init(brood_pipe *pipe);
void brood__pipe_write_arm(brood_pipe *pipe);
void brood__pipe_write_drop(brood_pipe *pipe); /* frees what is buffered */

/* Of one that reads: whether its bytes go to a sink. */
static inline bool brood__pipe_has_sink(brood_pipe *pipe)
{
    return brood__pipe_in(pipe)->sink != NULL;
}

static inline size_t brood__pipe_buffered(const brood_pipe *pipe)
{
    const struct brood__write_pipe *out = (const struct brood__write_pipe *)(const void *)pipe;
    size_t own =
        out->outgoing == NULL ? 0 : out->outgoing->sending.len + out->outgoing->pending.len;
    return own + out->lent.len;
}

/* pipe_posix.c: whether a descriptor can be a pipe transport's, and is a socket; switches it
 * to non-blocking.  And the way back, without and with closing it. */
int brood__pipe_adopt(intptr_t fd, bool *was_blocking, bool *is_socket);
void brood__pipe_give_back(intptr_t fd, bool was_blocking);
/* Whether an error of a read is the way in which a terminal ends. */
bool brood__pipe_is_hangup(intptr_t fd, ptrdiff_t error);
void brood__pipe_dispose(intptr_t fd, bool was_blocking);
/* Nothing more goes this way through a socket. */
void brood__pipe_shut(intptr_t fd, bool writes);

#endif
