#include "bench.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static struct bench_side *sides;
static char **parameters;
static const char *self;

void bench_add(struct bench_side *side)
{
    side->next = sides;
    sides = side;
}

static const struct bench_side *find(const char *name)
{
    const struct bench_side *side = sides;
    while (side != NULL && strcmp(side->name, name) != 0)
        side = side->next;
    return side;
}

/* ---- parameters ------------------------------------------------------------- */

const char *bench_text(const char *name, const char *otherwise)
{
    size_t len = strlen(name);
    for (char **at = parameters; *at != NULL; at++)
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
            return *at + len + 1;
    return otherwise;
}

size_t bench_number(const char *name, size_t otherwise)
{
    const char *text = bench_text(name, NULL);
    if (text == NULL)
        return otherwise;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0) {
        fprintf(stderr, "%s: %s=%s is not a number\n", self, name, text);
        exit(2);
    }
    return (size_t)number;
}

const char *bench_beside(const char *program)
{
    static char path[4200];
    const char *slash = strrchr(self, '/');
    int folder = slash == NULL ? 0 : (int)(slash - self) + 1;
    int len = snprintf(path, sizeof path, "%.*s%s", folder, self, program);
    bench_need(len > 0 && (size_t)len < sizeof path, program);
    return path;
}

/* ---- measuring --------------------------------------------------------------- */

int64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

double bench_each(int64_t began, size_t count)
{
    return (double)(bench_now() - began) / (double)count;
}

void bench_need(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: %s: %s\n", self, what, errno != 0 ? strerror(errno) : "failed");
    exit(1);
}

void bench_stay_on_one_processor(void)
{
    cpu_set_t set;
    bench_need(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
    int first = 0;
    while (!CPU_ISSET((size_t)first, &set))
        first++;
    CPU_ZERO(&set);
    CPU_SET((size_t)first, &set);
    bench_need(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

void bench_raise_descriptors(void)
{
    struct rlimit limit;
    bench_need(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    bench_need(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

static int compare(const void *a, const void *b)
{
    const double *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

size_t bench_heap(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* ---- the program -------------------------------------------------------------- */

static int help(FILE *to)
{
    fprintf(to, "usage: %s SIDE [NAME=VALUE ...]\n%s\nSides:", self, bench_about);
    for (const struct bench_side *side = sides; side != NULL; side = side->next)
        fprintf(to, " %s", side->name);
    fputs("\nPrints what one operation cost: nanoseconds, or bytes where it says so.\n", to);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help(stdout);
    const struct bench_side *side = argc > 1 ? find(argv[1]) : NULL;
    if (side == NULL)
        return help(stderr);
    parameters = argv + 2;
    for (char **at = parameters; *at != NULL; at++)
        if (strchr(*at, '=') == NULL)
            return help(stderr);
    printf("%.3f\n", side->measure());
    return 0;
}
