/* Of the workload "memory", for the sides of its peers. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdlib.h>

#include "bench.h"

enum { MEMORY_WARM_UP = 20 };

/* Bytes of heap for each child: `start` starts the one of that number, with three pipes, and
 * lets what its start left to do be done; it stays until the program ends.  The child is
 * `memory_program()`, and ends when its input does. */
double memory_of_each(void (*start)(size_t number));
const char *memory_program(void);

#endif
