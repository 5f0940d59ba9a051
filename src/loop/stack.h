/* Memory for a stack: reserved whole, used as far as it is touched, and with a guard
 * below it, so that an overflow ends the program and damages nothing. */
#ifndef BROOD_STACK_H
#define BROOD_STACK_H

#include <stddef.h>

struct brood__stack {
    char *bottom; /* the lowest byte that may be used (Windows: a fiber's record); NULL: none */
    size_t size;
    unsigned watched; /* by Valgrind, under this number */
};

/* `size` is rounded up to whole pages.  ENOMEM. */
int brood__stack_open(struct brood__stack *stack, size_t size);
void brood__stack_close(struct brood__stack *stack);

#endif
