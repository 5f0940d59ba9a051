/* Of the workload "exits", for the sides of its peers. */
#ifndef BENCH_EXITS_H
#define BENCH_EXITS_H

#include "bench.h"

/* How a side has children, which are numbered from 0. */
struct exits_way {
    void (*open)(size_t live); /* prepares for so many */
    void (*start)(size_t child, const char *const *argv);
    void (*end)(size_t child);    /* kills it, and comes back when its exit was told */
    void (*end_all)(size_t live); /* kills and reaps those that are left */
};

double exits_measure(const struct exits_way *way);

#endif
