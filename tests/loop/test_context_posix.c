/* Where a new context begins on the memory that it is given for a stack. */
#include "context.h"
#include "support.h"

SUITE(context_posix);

enum { STACK = 65536 };

struct beginner {
    struct brood__context here, home;
    struct brood__stack stack;
    uintptr_t height, misplaced;
};

static void tell_frame(void *arg)
{
    struct beginner *beginner = arg;
    brood__context_arrived(&beginner->here);
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    beginner->height = frame - (uintptr_t)beginner->stack.bottom;
    beginner->misplaced = frame % 16;
    brood__context_leave(&beginner->here, beginner->here.came_from);
}

Test(context_posix, begins_at_the_top_of_its_stack)
{
    struct beginner beginner = {.height = 0};
    cr_assert_eq(brood__stack_open(&beginner.stack, STACK), 0);
    brood__context_make(&beginner.here, &beginner.stack, tell_frame, &beginner);
    brood__context_switch(&beginner.home, &beginner.here);
    cr_expect_gt(beginner.height, STACK - 4096);
    cr_expect_lt(beginner.height, STACK);
    cr_expect_eq(beginner.misplaced, 0, "aligned as a call wants it");
    brood__context_drop(&beginner.here);
    brood__stack_close(&beginner.stack);
}
