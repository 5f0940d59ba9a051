/* Of the workload "communicate", for the sides of its peers. */
#ifndef BENCH_COMMUNICATE_H
#define BENCH_COMMUNICATE_H

#include "bench.h"

extern const char *const communicate_argv[];

/* What the child is given, made before anything is measured. */
const char *communicate_input(size_t *len);

/* Nanoseconds for each MiB; the comparison with what was given is not part of them. */
double communicate_each(int64_t began, const char *output, size_t len);

/* Room for one more read in a buffer that doubles when it is full. */
struct communicate_buffer {
    char *data;
    size_t len, cap;
};
char *communicate_room(struct communicate_buffer *buffer, size_t room);

#endif
