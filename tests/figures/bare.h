/* The floor of a figure: a child started and served by plain system calls. */
#ifndef BROOD_BARE_H
#define BROOD_BARE_H

#include <stdint.h>
#include <sys/types.h>

struct bare {
    pid_t pid;
    int in, out; /* our ends of its pipes */
};

/* A program, found in PATH, with pipes on its stdin and stdout. */
void bare_start(struct bare *bare, const char *const *argv);

/* Closes what is open, and reaps it: it must have ended with 0. */
void bare_end(struct bare *bare);

/* The program of producer.c, which stands beside this one. */
const char *producer(void);

double seconds_since(int64_t began);

#endif
