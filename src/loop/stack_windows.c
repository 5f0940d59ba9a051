/* Stacks: each is a fiber, and `bottom` points to what we know of it. */
#include "stack.h"

#include "brood.h"
#include "fiber_windows.h"
#include "memory.h"

enum {
    FIRST_COMMIT = 4096, /* the system makes more of it as it is touched */
    GUARD = 16384,       /* what it keeps of the size for its guard: Wine 8 two pages */
};

/* Whatever it is given to run comes back when it has left for ever, and the next one
 * begins: see brood__context_leave. */
static void CALLBACK live(void *fiber_record)
{
    struct brood__fiber *fiber = fiber_record;
    for (;;)
        fiber->run(fiber->arg);
}

int brood__stack_open(struct brood__stack *stack, size_t size)
{
    struct brood__fiber *fiber = size < SIZE_MAX / 2 ? brood__alloc(sizeof *fiber) : NULL;
    if (fiber == NULL)
        return BROOD_ENOMEM;
    fiber->handle = CreateFiberEx(FIRST_COMMIT, size + GUARD, FIBER_FLAG_FLOAT_SWITCH, live, fiber);
    if (fiber->handle == NULL) {
        brood__free(fiber);
        return BROOD_ENOMEM;
    }
    stack->bottom = (char *)fiber;
    stack->size = size;
    stack->watched = 0;
    return 0;
}

void brood__stack_close(struct brood__stack *stack)
{
    struct brood__fiber *fiber = (struct brood__fiber *)(void *)stack->bottom;
    if (fiber == NULL)
        return;
    brood__default_hold();
    DeleteFiber(fiber->handle);
    brood__default_let_go();
    brood__free(fiber);
    stack->bottom = NULL;
}
