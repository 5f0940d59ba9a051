/* Opening a loop while each of its allocations fails in turn. */
#include "support.h"

SUITE(loop_open_faults);

enum { BOUND = 100 };

static void expect_nothing_left(int descriptors)
{
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), 0);
}

Test(loop_open_faults, every_allocation_may_fail)
{
    size_t nth = 1;
    for (; nth < BOUND; nth++) {
        brood_loop *loop = NULL;
        int descriptors = test_count_descriptors();
        test_fail_allocation(nth, false);
        int error = brood_loop_open(&loop, NULL);
        bool failed = test_allocation_failed();
        test_fail_allocation(0, false);
        if (!failed) {
            test_loop_close(loop);
            break;
        }
        cr_assert_eq(error, BROOD_ENOMEM, "allocation %zu", nth);
        cr_assert_null(loop);
        expect_nothing_left(descriptors);
    }
    cr_assert(nth > 3 && nth < BOUND);
}
