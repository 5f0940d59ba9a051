/* Futures by themselves; waiting for them is in test_loop.c. */
#include "support.h"

SUITE(future);

Test(future, is_set_once)
{
    brood_loop *loop = test_loop();
    brood_future *future;
    int first = 1, second = 2;
    void *value = NULL;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    cr_assert_not(brood_future_done(future));
    cr_assert_eq(brood_future_result(future, &value), BROOD_EAGAIN);
    cr_assert_null(value);

    cr_assert_eq(brood_future_set(future, 5, &first), 0);
    cr_assert(brood_future_done(future));
    cr_assert_eq(brood_future_set(future, 6, &second), BROOD_EBUSY);
    cr_assert_eq(brood_future_result(future, &value), 5);
    cr_assert_eq(value, &first);
    cr_assert_eq(brood_future_result(future, NULL), 5);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(future, may_carry_a_failure)
{
    brood_loop *loop = test_loop();
    brood_future *future;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    cr_assert_eq(brood_future_set(future, BROOD_EPIPE, NULL), 0);
    cr_assert_eq(brood_future_result(future, NULL), BROOD_EPIPE);
    brood_future_close(future);
    test_loop_close(loop);
}

Test(future, outlives_its_loop)
{
    brood_loop *loop = test_loop();
    brood_future *future;
    int value = 0;
    void *got;
    cr_assert_eq(brood_future_open(loop, &future), 0);
    test_loop_close(loop);
    cr_assert_eq(brood_future_set(future, 1, &value), 0);
    cr_assert_eq(brood_future_result(future, &got), 1);
    cr_assert_eq(got, &value);
    brood_future_close(future);
}

Test(future, wrong_arguments_are_refused)
{
    brood_loop *loop = test_loop();
    brood_future *future = NULL;
    cr_assert_eq(brood_future_open(loop, NULL), BROOD_EINVAL);
    cr_assert_null(future);
    cr_assert_eq(brood_future_set(NULL, 0, NULL), BROOD_EINVAL);
    cr_assert_eq(brood_future_result(NULL, NULL), BROOD_EINVAL);
    cr_assert_not(brood_future_done(NULL));
    brood_future_close(NULL);
    test_loop_close(loop);
}

Test(future, no_memory_leaves_the_output_untouched)
{
    brood_loop *loop = test_loop();
    brood_future *future = NULL;
    test_fail_allocation(1, false);
    cr_assert_eq(brood_future_open(loop, &future), BROOD_ENOMEM);
    cr_assert_null(future);
    test_loop_close(loop);
}
