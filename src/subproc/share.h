/* A child that is born into its parent's descriptor table, and leaves it at once with
 * what it needs: the cost of a table that is copied whole grows with the parent's
 * descriptors.  Linux. */
#ifndef BROOD_SHARE_H
#define BROOD_SHARE_H

#include "child.h"

/* Before and after the birth.  begin: plan->table_end is set, and nothing that the child
 * needs has a higher number, if the table is to be shared; else it is 0. */
void brood__share_begin(struct brood__plan *plan);
void brood__share_end(struct brood__plan *plan);

/* In the parent: whether that was refused, and the child was none; it is gone then. */
bool brood__share_refused(struct brood__plan *plan, pid_t pid, int *process);

#endif
