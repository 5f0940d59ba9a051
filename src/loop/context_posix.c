/* Contexts: the switch of stacks, and telling AddressSanitizer and ThreadSanitizer
 * where the program goes on. */
#include "context.h"

#if defined(__has_feature)
#define HAS(feature) __has_feature(feature)
#else
#define HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define FOR_ASAN(code) code
#else
#define FOR_ASAN(code)
#endif
#if defined(__SANITIZE_THREAD__) || HAS(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define FOR_TSAN(code) code
#else
#define FOR_TSAN(code)
#endif

void brood__context_make(struct brood__context *context, const struct brood__stack *stack,
                         void (*run)(void *arg), void *arg)
{
    *context = (struct brood__context){.bottom = stack->bottom, .size = stack->size};
    /* Frames that were never left have poisoned what they left behind. */
    FOR_ASAN(__asan_unpoison_memory_region(stack->bottom, stack->size);)
    FOR_TSAN(context->fiber = __tsan_create_fiber(0);)
    context->saved = brood__switch_prepare(stack, run, arg);
}

static void go(struct brood__context *from, struct brood__context *to)
{
    to->came_from = from;
    FOR_TSAN(from->fiber = __tsan_get_current_fiber(); __tsan_switch_to_fiber(to->fiber, 0);)
    brood__switch_stacks(&from->saved, to->saved);
}

void brood__context_arrived(struct brood__context *here)
{
    FOR_ASAN(__sanitizer_finish_switch_fiber(here->fake_stack, &here->came_from->bottom,
                                             &here->came_from->size);)
    (void)here;
}

void brood__context_switch(struct brood__context *from, struct brood__context *to)
{
    FOR_ASAN(__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->size);)
    go(from, to);
    brood__context_arrived(from);
}

void brood__context_leave(struct brood__context *from, struct brood__context *to)
{
    FOR_ASAN(__sanitizer_start_switch_fiber(NULL, to->bottom, to->size);)
    go(from, to);
    __builtin_unreachable();
}

void brood__context_drop(struct brood__context *context)
{
    FOR_TSAN(__tsan_destroy_fiber(context->fiber);)
    (void)context;
}
