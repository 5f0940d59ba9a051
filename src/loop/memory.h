/* The allocator that the whole library uses, and that a program may replace. */
#ifndef BROOD_MEMORY_H
#define BROOD_MEMORY_H

#include <stddef.h>

/* Zeroed; NULL when there is no memory.  size is not 0. */
void *brood__alloc(size_t size);

/* Like realloc; the new part is not zeroed.  size is not 0. */
void *brood__realloc(void *memory, size_t size);

/* Brings memory in that is about to be written to, if the system can. */
void brood__touch(void *memory, size_t len);

/* NULL is fine. */
void brood__free(void *memory);

#endif
