/* The process as a file, for its view by stdio. */
#ifndef BROOD_FILE_H
#define BROOD_FILE_H

#include "process.h"

struct brood_file {
    brood_process *process;
    double timeout_seconds; /* 0: none */
    unsigned views;         /* stdio streams on it              */
    unsigned writing_views; /* those of them that can write     */
    bool closed;            /* freed when the last view is gone */
};

void brood__file_release(brood_file *file, bool wrote);

#endif
