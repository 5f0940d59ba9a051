/* Contexts by fibers.  A thread is turned into a fiber only for as long as a task of ours
 * runs: to the host it stays what it was. */
#include "context.h"

#include "fiber_windows.h"

/* GetCurrentFiber is an inline function that reads the thread's block by its offset, which
 * gcc takes for an array without elements. */
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

void brood__context_make(struct brood__context *context, const struct brood__stack *stack,
                         void (*run)(void *arg), void *arg)
{
    struct brood__fiber *fiber = (struct brood__fiber *)(void *)stack->bottom;
    fiber->run = run;
    fiber->arg = arg;
    *context = (struct brood__context){.saved = fiber->handle};
}

void brood__context_switch(struct brood__context *from, struct brood__context *to)
{
    bool is_thread = !IsThreadAFiber();
    from->refused = is_thread && ConvertThreadToFiberEx(NULL, FIBER_FLAG_FLOAT_SWITCH) == NULL;
    if (from->refused)
        return;
    from->saved = GetCurrentFiber();
    to->came_from = from;
    SwitchToFiber(to->saved);
    if (is_thread)
        ConvertFiberToThread();
    brood__default_keep();
}

void brood__context_arrived(struct brood__context *here)
{
    (void)here;
}

/* When the fiber is used again this returns, and with it whatever was run before. */
void brood__context_leave(struct brood__context *from, struct brood__context *to)
{
    to->came_from = from;
    SwitchToFiber(to->saved);
}

void brood__context_drop(struct brood__context *context)
{
    (void)context;
}
