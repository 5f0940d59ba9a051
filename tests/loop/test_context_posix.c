/* Where a new context begins on the memory that it is given for a stack. */
#include <stddef.h>

#include "context.h"
#include "support.h"

SUITE(context_posix);

enum { STACK = 65536 };

struct beginner {
    struct brood__context here, home;
    struct brood__stack stack;
    uintptr_t height, misplaced;
};

/* A compiler that is told where something lies believes it. */
static uintptr_t address_of(void *volatile place)
{
    return (uintptr_t)place;
}

static void tell_frame(void *arg)
{
    struct beginner *beginner = arg;
    brood__context_arrived(&beginner->here);
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    beginner->height = frame - (uintptr_t)beginner->stack.bottom;
    max_align_t aligned; /* which the frame need not be, but by what a call wants */
    beginner->misplaced = address_of(&aligned) % _Alignof(max_align_t);
    brood__context_leave(&beginner->here, beginner->here.came_from);
}

Test(context_posix, begins_at_the_top_of_its_stack)
{
    struct beginner beginner = {.height = 0};
    cr_assert_eq(brood__stack_open(&beginner.stack, STACK), 0);
    brood__context_make(&beginner.here, &beginner.stack, tell_frame, &beginner);
    brood__context_switch(&beginner.home, &beginner.here);
    cr_expect_gt(beginner.height, STACK - 4096);
    cr_expect_leq(beginner.height, STACK); /* a frame of one that keeps nothing begins there */
    cr_expect_eq(beginner.misplaced, 0, "aligned as a call wants it");
    brood__context_drop(&beginner.here);
    brood__stack_close(&beginner.stack);
}
