/* Of the workload "lines_one", for the sides of its peers. */
#ifndef BENCH_LINES_ONE_H
#define BENCH_LINES_ONE_H

#include "bench.h"

/* What the child is, which writes so many lines. */
const char *const *lines_one_argv(void);

/* Nanoseconds for each line; so many have come, with so many bytes. */
double lines_one_each(int64_t began, size_t lines, size_t bytes);

#endif
