/* Bringing a planned child into being.  Unix. */
#ifndef BROOD_BIRTH_H
#define BROOD_BIRTH_H

#include "child.h"
#include "watcher.h"

enum { BROOD__CHILD_STACK_SIZE = 16384 };

/* Starts the child in one way or another: 0, its pid and handle, and how far it came;
 * or a negative code, and the step that failed.  needs_handle: fail rather than do
 * without. */
int brood__birth(struct brood__plan *plan, bool needs_handle, struct brood__child *child,
                 struct brood__progress *progress, const char **step);

#endif
