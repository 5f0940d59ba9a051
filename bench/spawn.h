/* Of the workload "spawn", for the sides of its peers. */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H

#include "bench.h"

/* Nanoseconds for each call of `once`, which starts the program and waits for its end. */
double spawn_again_and_again(void (*once)(const char *program));

#endif
