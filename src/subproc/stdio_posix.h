/* The child's 0, 1 and 2: opened in the parent, ready to be put in place.  Unix. */
#ifndef BROOD_STDIO_POSIX_H
#define BROOD_STDIO_POSIX_H

#include "brood.h"

struct brood__stdio {
    int child[3];  /* what is to be the child's 0, 1, 2; -1: inherited as it is */
    bool ours[3];  /* to be closed in the parent: neither lent nor shared       */
    int parent[3]; /* the other ends of pipes; -1                               */
};

void brood__stdio_init(struct brood__stdio *stdio);

/* On failure options->failure is filled; close it in any case. */
int brood__stdio_open(struct brood__stdio *stdio, const brood_spawn_options *options);

/* The parent's ends are the caller's from now on. */
void brood__stdio_take_parent_ends(struct brood__stdio *stdio, intptr_t ends[3]);

void brood__stdio_close(struct brood__stdio *stdio);

#endif
