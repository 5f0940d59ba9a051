#include "splitter.h"

#include <string.h>

#include "bench.h"

static char buffer[SPLITTER_BUFFER];

char *splitter_room(struct splitter *splitter, size_t *room)
{
    memcpy(buffer, splitter->begun, splitter->kept);
    *room = sizeof buffer - splitter->kept;
    return buffer + splitter->kept;
}

void splitter_came(struct splitter *splitter, size_t len)
{
    const char *at = buffer, *end = buffer + splitter->kept + len, *newline;
    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        splitter->lines++;
        splitter->bytes += (size_t)(newline + 1 - at);
        at = newline + 1;
    }
    splitter->kept = (size_t)(end - at);
    bench_need(splitter->kept <= sizeof splitter->begun, "a line's length");
    memcpy(splitter->begun, at, splitter->kept);
}
