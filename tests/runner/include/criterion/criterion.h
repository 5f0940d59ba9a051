/* The part of Criterion 2.4.1 that this project's tests use, for the places
 * where Criterion itself cannot run. The same sources build against either.
 *
 * Stricter than Criterion: an assertion that fails in a fini function fails
 * the test, exit(0) in the middle of a test fails it, what a test leaves behind
 * in its process group is killed, and there is a time-out by default. Laxer: a
 * suite's .signal and .exit_code also apply to its tests, and cr_log_warn does
 * not change the exit status. */
#ifndef BROOD_TESTS_RUNNER_CRITERION_H
#define BROOD_TESTS_RUNNER_CRITERION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How printf of this compiler's C library is known to it. */
#ifdef __MINGW_PRINTF_FORMAT
#define CR_PRINTF_ __MINGW_PRINTF_FORMAT
#else
#define CR_PRINTF_ printf
#endif

/* Test(suite, name, .option = value, ...) { body }
 * TestSuite(suite, .option = value, ...);
 * In a test's options 0 means "as the suite", in a suite's "the default". */
struct cr_options {
    void (*init)(void);
    void (*fini)(void);
    double timeout; /* seconds */
    int signal;     /* passes only if this signal ends it */
    int exit_code;  /* passes only if it exits with this status */
    bool disabled;
    const char *description;
    int sentinel_; /* keeps the initializer non-empty */
};

struct cr_suite {
    const char *name;
    struct cr_options options;
    struct cr_suite *next;
};

struct cr_test {
    const char *suite_name;
    const char *name;
    void (*body)(void);
    struct cr_options options;
    const struct cr_suite *suite; /* NULL without a TestSuite */
    struct cr_test *next;
};

void cr_register_suite(struct cr_suite *suite);
void cr_register_test(struct cr_test *test);

#define Test(...)      CR_TEST_BASE(__VA_ARGS__, .sentinel_ = 0)
#define TestSuite(...) CR_SUITE_BASE(__VA_ARGS__, .sentinel_ = 0)

/* The struct has external linkage so that a name used twice fails to link. */
#define CR_TEST_BASE(suite_, name_, ...)                                     \
    static void cr_body_##suite_##_##name_(void);                            \
    extern struct cr_test cr_test_##suite_##_##name_;                        \
    struct cr_test cr_test_##suite_##_##name_ = {                            \
        .suite_name = #suite_,                                               \
        .name = #name_,                                                      \
        .body = cr_body_##suite_##_##name_,                                  \
        .options = {__VA_ARGS__},                                            \
    };                                                                       \
    __attribute__((constructor)) static void cr_add_##suite_##_##name_(void) \
    {                                                                        \
        cr_register_test(&cr_test_##suite_##_##name_);                       \
    }                                                                        \
    static void cr_body_##suite_##_##name_(void)

#define CR_SUITE_BASE(name_, ...)                                       \
    extern struct cr_suite cr_suite_##name_;                            \
    __attribute__((constructor)) static void cr_add_suite_##name_(void) \
    {                                                                   \
        cr_register_suite(&cr_suite_##name_);                           \
    }                                                                   \
    struct cr_suite cr_suite_##name_ = {                                \
        .name = #name_,                                                 \
        .options = {__VA_ARGS__},                                       \
    }

/* What an assertion calls when it has failed. The format always has a
 * space in front, so that it is never empty when there is no message. */
__attribute__((format(CR_PRINTF_, 4, 5))) void cr_failed(const char *file, int line,
                                                         const char *text, const char *format, ...);
__attribute__((format(CR_PRINTF_, 6, 7))) void
cr_failed_strings(const char *file, int line, const char *text, const char *actual,
                  const char *expected, const char *format, ...);
__attribute__((noreturn)) void cr_stop_test(void);
__attribute__((noreturn, format(CR_PRINTF_, 1, 2))) void cr_skip_because(const char *format, ...);
__attribute__((format(CR_PRINTF_, 2, 3))) void cr_log(bool is_warning, const char *format, ...);

/* From (x, format, args...), where the message may be missing: x itself, and
 * the message. ISO C11 has no other way to tell one argument from more. */
#define CR_HEAD_(...)        CR_HEAD2_(__VA_ARGS__, )
#define CR_HEAD2_(head, ...) head
#define CR_MESSAGE_(...)                                                                         \
    CR_JOIN_(CR_MESSAGE_, CR_COUNT_(__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY, MANY, MANY, \
                                    MANY, MANY, MANY, MANY, MANY, MANY, MANY, ONE, ))            \
    (__VA_ARGS__)
#define CR_MESSAGE_ONE(head)                                                  " "
#define CR_MESSAGE_MANY(head, ...)                                            " " __VA_ARGS__
#define CR_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, count, ...) count
#define CR_JOIN_(a, b)                                                        CR_JOIN2_(a, b)
#define CR_JOIN2_(a, b)                                                       a##b

#define CR_STOP_                                                              cr_stop_test()
#define CR_GO_ON_                                                             (void)0

#define CR_CHECK_(after, text, ok, ...)                       \
    do {                                                      \
        if (!(ok)) {                                          \
            cr_failed(__FILE__, __LINE__, text, __VA_ARGS__); \
            after;                                            \
        }                                                     \
    } while (0)
#define CR_TRUE_(after, text, ...) \
    CR_CHECK_(after, text, CR_HEAD_(__VA_ARGS__), CR_MESSAGE_(__VA_ARGS__))
#define CR_FALSE_(after, text, ...) \
    CR_CHECK_(after, text, !(CR_HEAD_(__VA_ARGS__)), CR_MESSAGE_(__VA_ARGS__))
#define CR_OP_(after, text, op, a, ...) \
    CR_CHECK_(after, text, (a)op(CR_HEAD_(__VA_ARGS__)), CR_MESSAGE_(__VA_ARGS__))
#define CR_NULL_(after, text, op, ...) \
    CR_CHECK_(after, text, (CR_HEAD_(__VA_ARGS__))op NULL, CR_MESSAGE_(__VA_ARGS__))
#define CR_ARR_(after, text, a, b, ...) \
    CR_CHECK_(after, text, memcmp(a, b, CR_HEAD_(__VA_ARGS__)) == 0, CR_MESSAGE_(__VA_ARGS__))
#define CR_FLOAT_(after, text, a, b, ...)                                                   \
    CR_CHECK_(after, text,                                                                  \
              (a) - (b) <= (CR_HEAD_(__VA_ARGS__)) && (b) - (a) <= (CR_HEAD_(__VA_ARGS__)), \
              CR_MESSAGE_(__VA_ARGS__))
#define CR_STRCMP_(after, text, op, a, b, ...)                                      \
    do {                                                                            \
        const char *cr_a_ = (a);                                                    \
        const char *cr_b_ = (b);                                                    \
        if (!cr_a_ || !cr_b_ || !(strcmp(cr_a_, cr_b_) op 0)) {                     \
            cr_failed_strings(__FILE__, __LINE__, text, cr_a_, cr_b_, __VA_ARGS__); \
            after;                                                                  \
        }                                                                           \
    } while (0)
#define CR_STR_(after, text, op, a, ...) \
    CR_STRCMP_(after, text, op, a, CR_HEAD_(__VA_ARGS__), CR_MESSAGE_(__VA_ARGS__))
#define CR_EMPTY_(after, text, ...) \
    CR_STRCMP_(after, text, ==, CR_HEAD_(__VA_ARGS__), "", CR_MESSAGE_(__VA_ARGS__))

/* The text is made here, where the arguments are still as written. */
#define cr_assert(...)      CR_TRUE_(CR_STOP_, "cr_assert(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect(...)      CR_TRUE_(CR_GO_ON_, "cr_expect(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_not(...)  CR_FALSE_(CR_STOP_, "cr_assert_not(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_not(...)  CR_FALSE_(CR_GO_ON_, "cr_expect_not(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_eq(...)   CR_OP_(CR_STOP_, "cr_assert_eq(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_expect_eq(...)   CR_OP_(CR_GO_ON_, "cr_expect_eq(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_assert_neq(...)  CR_OP_(CR_STOP_, "cr_assert_neq(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_expect_neq(...)  CR_OP_(CR_GO_ON_, "cr_expect_neq(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_assert_lt(...)   CR_OP_(CR_STOP_, "cr_assert_lt(" #__VA_ARGS__ ")", <, __VA_ARGS__)
#define cr_expect_lt(...)   CR_OP_(CR_GO_ON_, "cr_expect_lt(" #__VA_ARGS__ ")", <, __VA_ARGS__)
#define cr_assert_leq(...)  CR_OP_(CR_STOP_, "cr_assert_leq(" #__VA_ARGS__ ")", <=, __VA_ARGS__)
#define cr_expect_leq(...)  CR_OP_(CR_GO_ON_, "cr_expect_leq(" #__VA_ARGS__ ")", <=, __VA_ARGS__)
#define cr_assert_gt(...)   CR_OP_(CR_STOP_, "cr_assert_gt(" #__VA_ARGS__ ")", >, __VA_ARGS__)
#define cr_expect_gt(...)   CR_OP_(CR_GO_ON_, "cr_expect_gt(" #__VA_ARGS__ ")", >, __VA_ARGS__)
#define cr_assert_geq(...)  CR_OP_(CR_STOP_, "cr_assert_geq(" #__VA_ARGS__ ")", >=, __VA_ARGS__)
#define cr_expect_geq(...)  CR_OP_(CR_GO_ON_, "cr_expect_geq(" #__VA_ARGS__ ")", >=, __VA_ARGS__)
#define cr_assert_null(...) CR_NULL_(CR_STOP_, "cr_assert_null(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_expect_null(...) CR_NULL_(CR_GO_ON_, "cr_expect_null(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_assert_not_null(...) \
    CR_NULL_(CR_STOP_, "cr_assert_not_null(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_expect_not_null(...) \
    CR_NULL_(CR_GO_ON_, "cr_expect_not_null(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_assert_str_eq(...) \
    CR_STR_(CR_STOP_, "cr_assert_str_eq(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_expect_str_eq(...) \
    CR_STR_(CR_GO_ON_, "cr_expect_str_eq(" #__VA_ARGS__ ")", ==, __VA_ARGS__)
#define cr_assert_str_neq(...) \
    CR_STR_(CR_STOP_, "cr_assert_str_neq(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_expect_str_neq(...) \
    CR_STR_(CR_GO_ON_, "cr_expect_str_neq(" #__VA_ARGS__ ")", !=, __VA_ARGS__)
#define cr_assert_str_empty(...) \
    CR_EMPTY_(CR_STOP_, "cr_assert_str_empty(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_str_empty(...) \
    CR_EMPTY_(CR_GO_ON_, "cr_expect_str_empty(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_arr_eq(...) CR_ARR_(CR_STOP_, "cr_assert_arr_eq(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_arr_eq(...) CR_ARR_(CR_GO_ON_, "cr_expect_arr_eq(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_float_eq(...) \
    CR_FLOAT_(CR_STOP_, "cr_assert_float_eq(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_expect_float_eq(...) \
    CR_FLOAT_(CR_GO_ON_, "cr_expect_float_eq(" #__VA_ARGS__ ")", __VA_ARGS__)
#define cr_assert_fail(...) CR_CHECK_(CR_STOP_, "cr_assert_fail", false, " " __VA_ARGS__)
#define cr_expect_fail(...) CR_CHECK_(CR_GO_ON_, "cr_expect_fail", false, " " __VA_ARGS__)

/* With Criterion this one is in criterion/new/assert.h; the test goes on. */
#define cr_fail(...)        CR_CHECK_(CR_GO_ON_, "cr_fail", false, " " __VA_ARGS__)

/* Ends the test without its fini functions. */
#define cr_skip_test(...)   cr_skip_because(" " __VA_ARGS__)
#define cr_skip(...)        cr_skip_because(" " __VA_ARGS__)

/* To stderr; an info only with --verbose. */
#define cr_log_info(...)    cr_log(false, __VA_ARGS__)
#define cr_log_warn(...)    cr_log(true, __VA_ARGS__)

#endif
