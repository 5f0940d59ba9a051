/* The StreamWriter, for those who embed one: a process has up to one. */
#ifndef BROOD_WRITER_H
#define BROOD_WRITER_H

#include "pipe.h"
#include "wait.h"

struct brood_writer {
    struct brood__source source;
    brood_loop *loop;
    brood_pipe *pipe;
    bool lost;     /* the connection is no more, by this error */
    bool dropped;  /* and some of what was written with it */
    bool embedded; /* in a process, which frees it             */
    bool given_up; /* by its owner: freed once it is lost      */
    int error;
    struct brood__link drainers, flushers, closers;
};

void brood__writer_init(brood_writer *writer, brood_loop *loop, brood_pipe *pipe);

/* What the pipe's protocol has to pass on. */
void brood__writer_resumed(brood_writer *writer);
void brood__writer_lost(brood_writer *writer, int error);

/* For the end of its owner, before that of its pipe: whoever waits gets BROOD_ECLOSED. */
void brood__writer_destroy(brood_writer *writer);

#endif
