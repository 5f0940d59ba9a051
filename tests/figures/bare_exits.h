/* The floor of an exit's cost: a process descriptor for each child in an epoll set. */
#ifndef BROOD_BARE_EXITS_H
#define BROOD_BARE_EXITS_H

#include <stddef.h>

#include "figures.h"

/* So many children live; then `ended` of them are killed in random order, each end noticed
 * and reaped before the next. */
void bare_exits(size_t live, size_t ended, struct samples *samples, unsigned *seed);

#endif
