/* The process as a file, for its view by stdio. */
#ifndef BROOD_FILE_H
#define BROOD_FILE_H

#include "process.h"

struct brood_file {
    struct brood__owned owned;
    brood_process *process; /* NULL: its loop is gone */
    double timeout_seconds; /* 0: none */
    unsigned users;         /* stdio streams on it, and calls that wait */
    unsigned writing_views; /* streams that can write                   */
    bool closed;            /* freed when the last user is gone         */
};

/* A stream on it is gone. */
void brood__file_release(brood_file *file, bool wrote);

#endif
