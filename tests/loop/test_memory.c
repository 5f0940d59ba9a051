/* The allocator, and replacing it. */
#include "memory.h"
#include "support.h"

SUITE(memory);

static int taken, given, moved;

static void *own_reallocate(void *memory, size_t size)
{
    cr_assert_gt(size, 0);
    if (memory == NULL)
        taken++;
    else
        moved++;
    memory = realloc(memory, size);
    return memory;
}

static void own_release(void *memory)
{
    cr_assert_not_null(memory);
    given++;
    free(memory);
}

Test(memory, a_programs_allocator_serves_everything)
{
    brood_loop *loop;
    brood_buffer buffer = {0};
    int calls = taken;
    cr_assert_eq(brood_set_allocator(own_reallocate, own_release), 0);
    cr_assert_eq(brood_loop_open(&loop, NULL), 0);
    cr_assert_gt(taken, calls);
    cr_assert_eq(brood_buffer_append(&buffer, "x", 1), 0);
    static char block[5000];
    cr_assert_eq(brood_buffer_append(&buffer, block, sizeof block), 0);
    cr_assert_eq(moved, 1);
    cr_assert_eq(brood_loop_close(loop), 0);
    brood_buffer_free(&buffer);
    cr_assert_eq(given, taken);
}

Test(memory, it_cannot_be_replaced_after_the_first_allocation)
{
    cr_assert_eq(brood_set_allocator(own_reallocate, own_release), 0);
    cr_assert_eq(brood_set_allocator(own_reallocate, own_release), 0, "nothing has been allocated");
    void *memory = brood__alloc(1);
    cr_assert_eq(brood_set_allocator(realloc, free), BROOD_EBUSY);
    brood__free(memory);
    cr_assert_eq(brood_set_allocator(realloc, free), BROOD_EBUSY);
    cr_assert_eq(given, 1);
}

Test(memory, both_functions_are_needed)
{
    cr_assert_eq(brood_set_allocator(NULL, own_release), BROOD_EINVAL);
    cr_assert_eq(brood_set_allocator(own_reallocate, NULL), BROOD_EINVAL);
    void *memory = brood__alloc(1);
    cr_assert_not_null(memory);
    cr_assert_eq(taken, 0);
    brood__free(memory);
}

Test(memory, what_is_allocated_is_zeroed)
{
    static const char zeros[1000];
    char *memory = brood__realloc(NULL, sizeof zeros);
    memset(memory, 'x', sizeof zeros);
    brood__free(memory);
    memory = brood__alloc(sizeof zeros);
    cr_assert_arr_eq(memory, zeros, sizeof zeros);
    brood__free(memory);
}

Test(memory, freeing_null_is_harmless)
{
    brood__free(NULL);
}

Test(memory, no_memory_is_null)
{
    test_fail_allocation(1, true);
    cr_assert_null(brood__alloc(8));
    cr_assert_null(brood__realloc(NULL, 8));
    test_fail_allocation(0, false);
}

Test(memory, what_is_brought_in_stays_as_it_was)
{
    enum { SIZE = 1 << 20 };
    char *memory = malloc(SIZE);
    cr_assert_not_null(memory);
    for (size_t i = 0; i < SIZE / 2; i++)
        memory[i] = (char)(i * 31 >> 7);
    brood__touch(memory, SIZE);
    brood__touch(memory + 4000, SIZE / 2);
    brood__touch(memory + 1, 1);
    for (size_t i = 0; i < SIZE / 2; i++)
        if (memory[i] != (char)(i * 31 >> 7))
            cr_assert_fail("the byte at %zu is another", i);
    free(memory);
}
