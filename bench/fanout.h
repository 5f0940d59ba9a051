/* Of the workload "fanout", for the sides of its peers. */
#ifndef BENCH_FANOUT_H
#define BENCH_FANOUT_H

#include "bench.h"

enum {
    FANOUT_WIDTH = 64,
    FANOUT_BYTES = 14, /* that a child writes, to both */
    FANOUT_READ = 65536
};

size_t fanout_count(void);

/* What each child is. */
const char *const *fanout_argv(void);

#endif
