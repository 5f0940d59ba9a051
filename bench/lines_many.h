/* Of the workload "lines_many", for the sides of its peers. */
#ifndef BENCH_LINES_MANY_H
#define BENCH_LINES_MANY_H

#include "bench.h"

enum { LINES_MANY_LENGTH = 80, LINES_MANY_MOST = 1000 };

size_t lines_many_children(void);
size_t lines_many_count(void); /* of all of them */

/* What each child is. */
const char *const *lines_many_argv(void);

/* So many lines have come, with so many bytes. */
void lines_many_check(size_t lines, size_t bytes);

#endif
