/* Of the workload "timers", for the sides of its peers. */
#ifndef BENCH_TIMERS_H
#define BENCH_TIMERS_H

#include "bench.h"

/* How many are started; the deadlines lie within a fifth of a second from the start, in no
 * order, and every tenth is not cancelled. */
size_t timers_count(void);
int64_t timers_delay(size_t index); /* nanoseconds */

static inline bool timers_stays(size_t index)
{
    return index % 10 == 0;
}

/* What this process has computed so far: time in which it waited does not count. */
int64_t timers_cpu(void);

/* Nanoseconds for each start, cancellation and call, when `fired` have been called. */
double timers_each(int64_t began, size_t fired);

#endif
