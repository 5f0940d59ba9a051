/* Tests that end in every way a test can, most of them badly on purpose;
 * selftest.c runs them and says how each must be reported. They also compile
 * against Criterion itself. */
#define _DEFAULT_SOURCE 1 /* sleep and usleep under -std=c11 */
#define _NETBSD_SOURCE  1

#include <criterion/criterion.h>
#include <criterion/logging.h>

#include <stdio.h>
#include <unistd.h>

static void say(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static void suite_init(void)
{
    say("suite init");
}
static void suite_fini(void)
{
    say("suite fini");
}
static void test_init(void)
{
    say("test init");
}
static void test_fini(void)
{
    say("test fini");
}
static void bad_init(void)
{
    cr_assert(false, "from init");
}
static void bad_fini(void)
{
    cr_assert(false, "from fini");
}

Test(sample_pass, assertions)
{
    const int numbers[] = {1, 2, 3};
    const int same_numbers[] = {1, 2, 3};
    size_t size = sizeof numbers;
    int evaluations = 0;

    cr_assert(true);
    cr_assert(size > 3, "size is %zu", size);
    cr_assert_not(size == 3);
    cr_assert_eq(++evaluations, 1);
    cr_assert_neq(evaluations, 2, "twice");
    cr_assert_lt(1, 2);
    cr_assert_leq(2, 2);
    cr_assert_gt(2, 1, "%s %d", "two", 2);
    cr_assert_geq(2, 2);
    cr_assert_null(NULL);
    cr_assert_not_null(numbers, "%p", (const void *)numbers);
    cr_assert_str_eq("a", "a");
    cr_assert_str_neq("a", "b", "equal");
    cr_assert_str_empty("");
    cr_assert_arr_eq(numbers, same_numbers, size);
    cr_assert_float_eq(1.0, 1.05, 0.1, "far");
}

Test(sample_pass, exits, .exit_code = 3)
{
    exit(3);
}
Test(sample_log, logs, .description = "what it is")
{
    cr_log_info("info %d", 1);
    cr_log_warn("warn %d", 2);
}

Test(sample_fail, fails)
{
    int two = 2;

    cr_assert_eq(two, 3, "value %d", two);
    say("not reached");
}

Test(sample_fail, without_message)
{
    cr_assert(1 > 2);
}

Test(sample_fail, expects)
{
    const int a[] = {1, 2};
    const int b[] = {1, 3};

    cr_expect(a[0] == 2, "first");
    cr_expect_not(a[0] == 1);
    cr_expect_eq(a[0], b[1]);
    cr_expect_neq(a[0], b[0]);
    cr_expect_lt(2, 1);
    cr_expect_leq(2, 1);
    cr_expect_gt(1, 2);
    cr_expect_geq(1, 2);
    cr_expect_null(a);
    cr_expect_not_null(NULL);
    cr_expect_str_eq("left", "right", "text %d", 1);
    cr_expect_str_neq("a", "a");
    cr_expect_str_eq(NULL, "a");
    cr_expect_str_empty("full");
    cr_expect_arr_eq(a, b, sizeof a);
    cr_expect_float_eq(1.0, 2.0, 0.5);
    cr_expect_fail();
    cr_assert_fail("end %s", "of it");
}

Test(sample_fail, exits_0)
{
    exit(0);
}
Test(sample_fail, exits_3)
{
    exit(3);
}
Test(sample_fail, other_status, .exit_code = 3)
{
    exit(4);
}
Test(sample_fail, no_status, .exit_code = 3)
{
}
Test(sample_fail, times_forever, .timeout = 0)
{
    usleep(600000);
    cr_assert_fail("the default has not come in time");
}

TestSuite(sample_order, .init = suite_init, .fini = suite_fini);

Test(sample_order, passes, .init = test_init, .fini = test_fini)
{
    say("body");
}

Test(sample_order, fails, .init = test_init, .fini = test_fini)
{
    cr_assert(false);
}

Test(sample_order, init_fails, .init = bad_init, .fini = test_fini)
{
    say("body");
}

Test(sample_order, fini_fails, .init = test_init, .fini = bad_fini)
{
    say("body");
}

Test(sample_order, skips, .init = test_init, .fini = test_fini)
{
    cr_skip_test("no %s here", "luck");
}

Test(sample_skip, after_failure)
{
    cr_expect(false);
    cr_skip("too late");
}

Test(sample_skip, disabled, .disabled = true)
{
    say("body");
}

TestSuite(sample_off, .disabled = true);

Test(sample_off, disabled)
{
    say("body");
}

TestSuite(sample_slow, .timeout = 0.3, .description = "of the suite");

Test(sample_slow, times_out)
{
    sleep(30);
}
Test(sample_slow, has_time, .timeout = 30)
{
    usleep(400000);
}

#ifdef BROOD_TESTS_RUNNER_CRITERION_H
/* Criterion has this macro in a header that takes the other macros away. */
Test(own, fail)
{
    cr_fail("goes %s", "on");
    say("goes on indeed");
}

#endif
