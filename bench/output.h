/* What brood's side of a workload gives its child for stdout: kind=pipe, or a socket. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <brood.h>
#include <string.h>

#include "bench.h"

static inline brood_stdio bench_output(void)
{
    const char *kind = bench_text("kind", "pipe");
    bool socket = strcmp(kind, "socket") == 0;
    bench_need(socket || strcmp(kind, "pipe") == 0, "kind");
    return (brood_stdio){.kind = socket ? BROOD_SOCKET : BROOD_PIPE};
}

#endif
