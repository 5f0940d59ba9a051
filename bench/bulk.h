/* Of the workload "bulk", for the sides of its peers. */
#ifndef BENCH_BULK_H
#define BENCH_BULK_H

#include "bench.h"

/* What the child is, which writes so many bytes. */
const char *const *bulk_argv(void);

/* Nanoseconds for each MiB; `bytes` have come. */
double bulk_each(int64_t began, size_t bytes);

#endif
