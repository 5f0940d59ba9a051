/* Of the workload "round_trip", for the sides of its peers. */
#ifndef BENCH_ROUND_TRIP_H
#define BENCH_ROUND_TRIP_H

#include "bench.h"

enum { ROUND_TRIP_LENGTH = 25, ROUND_TRIP_WARM_UP = 100 };
extern const char round_trip_line[ROUND_TRIP_LENGTH + 1];

size_t round_trip_count(void);

/* What the child is; both ends are on one processor from now on. */
const char *const *round_trip_argv(void);

/* Of a side whose answers come by callback: after each, whether there is to be another
 * trip.  The first ones are not measured. */
bool round_trip_again(void);
double round_trip_each(void);

#endif
