/* System calls, counted by ptrace: those of a scenario's own process, and those of the
 * children that it starts until they are another program. */
#ifndef BROOD_TRACED_H
#define BROOD_TRACED_H

#include <stdbool.h>
#include <stddef.h>

enum { TRACED_CALLS = 1024 };

struct traced {
    size_t own[TRACED_CALLS]; /* by the number of the call */
    size_t child[TRACED_CALLS];
    int status; /* of waitpid, when it had ended */
};

/* Runs the scenario in a process of its own; what it does between two marks is counted.  false:
 * this process may not trace. */
bool traced_run(void (*scenario)(void *arg), void *arg, struct traced *traced);
void traced_mark(void);

#endif
