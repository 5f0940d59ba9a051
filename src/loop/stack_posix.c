/* Stacks from mmap. */
#include "stack.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "valgrind_posix.h"

#ifndef MAP_STACK
#define MAP_STACK 0
#endif
#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

enum { GUARD_PAGES = 4 }; /* a frame that skips one page does not skip four so easily */

/* Linux 6.13 marks a guard in the page tables, so that thousands of stacks remain
 * one mapping to the kernel, which allows 65,530 of them; before, each guard is one. */
enum { GUARD_INSTALL = 102 };

/* An emulator (qemu-user 7.2) says yes to any advice and takes none; it is known by its
 * yes to one that there is not.  test_stack_posix.c, under it. */
enum { NO_ADVICE = -1 };

#ifdef __linux__
static bool takes_advice(char *lowest, size_t size)
{
    enum { UNKNOWN, YES, NO };
    static atomic_int known = UNKNOWN;
    if (atomic_load_explicit(&known, memory_order_relaxed) == UNKNOWN)
        atomic_store(&known, madvise(lowest, size, NO_ADVICE) < 0 ? YES : NO);
    return atomic_load_explicit(&known, memory_order_relaxed) == YES;
}
#endif

static int guard(char *lowest, size_t size)
{
#ifdef __linux__
    if (takes_advice(lowest, size) && madvise(lowest, size, GUARD_INSTALL) == 0)
        return 0;
#endif
    return mprotect(lowest, size, PROT_NONE);
}

/* A huge page would make all of a stack resident, and its neighbours with it. */
static void refuse_huge_pages(char *lowest, size_t size)
{
#ifdef MADV_NOHUGEPAGE
    madvise(lowest, size, MADV_NOHUGEPAGE);
#else
    (void)lowest, (void)size;
#endif
}

int brood__stack_open(struct brood__stack *stack, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), below = GUARD_PAGES * page;
    if (size > SIZE_MAX / 2)
        return -ENOMEM;
    size = (size + page - 1) / page * page;
    char *lowest = mmap(NULL, below + size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (lowest == MAP_FAILED)
        return -ENOMEM;
    refuse_huge_pages(lowest, below + size);
    if (guard(lowest, below) < 0) {
        munmap(lowest, below + size);
        return -ENOMEM;
    }
    stack->bottom = lowest + below;
    stack->size = size;
    stack->watched = brood__valgrind_stack(stack->bottom, stack->bottom + size);
    return 0;
}

void brood__stack_close(struct brood__stack *stack)
{
    size_t below = GUARD_PAGES * (size_t)sysconf(_SC_PAGESIZE);
    if (stack->bottom == NULL)
        return;
    brood__valgrind_forget(stack->watched);
    munmap(stack->bottom - below, below + stack->size);
    stack->bottom = NULL;
}
