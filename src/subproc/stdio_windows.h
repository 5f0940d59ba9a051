/* The child's standard handles, opened in the parent; and the parent's ends of its pipes. */
#ifndef BROOD_STDIO_WINDOWS_H
#define BROOD_STDIO_WINDOWS_H

#include "brood.h"
#include "system_windows.h"

struct brood__stdio {
    HANDLE child[3];
    bool ours[3];     /* to be closed in the parent: neither lent nor shared */
    HANDLE parent[3]; /* the other ends of pipes; NULL                       */
};

/* On failure options->failure is filled; close it in any case. */
int brood__stdio_open(struct brood__stdio *stdio, const brood_spawn_options *options);

/* The parent's ends are the caller's from now on; -1 where there is none. */
void brood__stdio_take_parent_ends(struct brood__stdio *stdio, intptr_t ends[3]);

void brood__stdio_close(struct brood__stdio *stdio);

#endif
