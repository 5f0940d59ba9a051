/* Threads that wait for each other: a counting semaphore of a pipe, since macOS has none
 * without a name, and no barriers. */
#ifndef BROOD_TEST_GATE_H
#define BROOD_TEST_GATE_H

#include <unistd.h>

#include "support.h"

struct gate {
    int ends[2];
};

static inline void gate_open(struct gate *gate)
{
    cr_assert_eq(pipe(gate->ends), 0);
}

static inline void gate_post(const struct gate *gate)
{
    if (write(gate->ends[1], "", 1) != 1)
        abort();
}

static inline void gate_wait(const struct gate *gate)
{
    char byte;
    while (read(gate->ends[0], &byte, 1) != 1)
        ;
}

static inline void gate_close(struct gate *gate)
{
    close(gate->ends[0]);
    close(gate->ends[1]);
}

#endif
