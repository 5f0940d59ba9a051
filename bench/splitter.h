/* Lines by hand: what a program writes for itself that has only reads. */
#ifndef BENCH_SPLITTER_H
#define BENCH_SPLITTER_H

#include <stddef.h>

enum { SPLITTER_BUFFER = 256 * 1024, SPLITTER_LINE = 4096 };

/* Of one stream; zero-initialised. */
struct splitter {
    size_t lines, bytes; /* that have come, in whole lines */
    size_t kept;         /* of a line that is not whole yet */
    char begun[SPLITTER_LINE];
};

/* Where the next bytes of this stream are to go: into a buffer that all streams share, and
 * that stays in the cache. */
char *splitter_room(struct splitter *splitter, size_t *room);

/* So many have come there. */
void splitter_came(struct splitter *splitter, size_t len);

#endif
