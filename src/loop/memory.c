/* The allocator: the C library's, or the program's own (brood_set_allocator). */
#include "memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "brood.h"

static void *(*reallocate_now)(void *, size_t) = realloc;
static void (*release_now)(void *) = free;

/* Set by the first allocation: what one allocator gave, the other must not free. */
static atomic_bool in_use;

int brood_set_allocator(void *(*reallocate)(void *p, size_t n), void (*release)(void *p))
{
    if (reallocate == NULL || release == NULL)
        return BROOD_EINVAL;
    if (atomic_load(&in_use))
        return BROOD_EBUSY;
    reallocate_now = reallocate;
    release_now = release;
    return 0;
}

void *brood__realloc(void *memory, size_t size)
{
    if (!atomic_load_explicit(&in_use, memory_order_relaxed))
        atomic_store(&in_use, true);
    return reallocate_now(memory, size);
}

void *brood__alloc(size_t size)
{
    void *memory = brood__realloc(NULL, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

void brood__free(void *memory)
{
    if (memory != NULL)
        release_now(memory);
}
