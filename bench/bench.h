/* The frame of every benchmark: `WORKLOAD SIDE [NAME=VALUE ...]` does the job of the
 * workload by that side, and prints what one operation cost.
 *
 * A workload is a program of one file for its own two sides (the floor, which is the
 * least that the job can cost, and brood), and one for each peer library that the machine
 * has: WORKLOAD.c, WORKLOAD_uv.c, WORKLOAD_glib.c.  bench/run.py runs the sides in turns. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the whole job; nanoseconds (or bytes) for one operation. */
typedef double bench_measure(void);

struct bench_side {
    const char *name;
    bench_measure *measure;
    struct bench_side *next;
};

void bench_add(struct bench_side *side);

/* BENCH_SIDE(brood, by_brood): the function does this workload's job as "brood". */
#define BENCH_SIDE(side, function)                                                             \
    static struct bench_side side_##side = {.name = #side, .measure = function, .next = NULL}; \
    __attribute__((constructor)) static void add_##side(void)                                  \
    {                                                                                          \
        bench_add(&side_##side);                                                               \
    }

/* Of the workload: what it measures, and its parameters; for --help. */
extern const char bench_about[];

/* ---- parameters ------------------------------------------------------------- */

size_t bench_number(const char *name, size_t otherwise);
const char *bench_text(const char *name, const char *otherwise);

/* The path of a program that was built beside this one. */
const char *bench_beside(const char *program);

/* ---- measuring --------------------------------------------------------------- */

int64_t bench_now(void); /* nanoseconds */

/* Nanoseconds for each of `count` operations since `began`. */
double bench_each(int64_t began, size_t count);

/* A benchmark that went wrong has no result: says what, and why if errno tells, and ends. */
void bench_need(bool holds, const char *what);

/* This process, and what it starts, on one processor. */
void bench_stay_on_one_processor(void);

/* As many descriptors as the system allows. */
void bench_raise_descriptors(void);

/* Of so many values, which are sorted by it. */
double bench_median(double *values, size_t count);

/* Bytes of the heap that are in use. */
size_t bench_heap(void);

#endif
