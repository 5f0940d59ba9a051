/* Switching stacks: what a function call must preserve is put on the old stack and
 * taken from the new one.  A header for each processor, with unwind information, so that
 * a debugger sees the whole stack of a task; ucontext for the others, or where
 * BROOD_UCONTEXT is defined.  Each has the two functions of context.h, and the `frame`
 * that a stack which has been left ends in. */
#include <stdint.h>
#include <string.h>

#include "context.h"

void brood__switch_start(void); /* the first place of every new stack */

/* Zeroes for the first frame, where a call's stack pointer may be. */
static void *room_at_top(const struct brood__stack *stack, size_t size)
{
    char *top = stack->bottom + stack->size - size;
    top -= (uintptr_t)top & 15;
    return memset(top, 0, size);
}

#if defined(__CET__) && (__CET__ & 2) /* a shadow stack, which this switch knows nothing of */
#define BROOD_UCONTEXT
#endif

#if defined(BROOD_UCONTEXT)
#include "switch_ucontext.h"
#elif defined(__x86_64__)
#include "switch_x86_64.h"
#elif defined(__aarch64__)
#include "switch_aarch64.h"
#elif defined(__arm__)
#include "switch_arm.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "switch_riscv64.h"
#else
#include "switch_ucontext.h"
#endif
