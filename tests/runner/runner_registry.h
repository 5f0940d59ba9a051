/* The tests of this binary, in the order of their names as in Criterion. */
#ifndef BROOD_TESTS_RUNNER_RUNNER_REGISTRY_H
#define BROOD_TESTS_RUNNER_RUNNER_REGISTRY_H

#include <criterion/criterion.h>

/* Sorts the tests and gives them their suites' options. Called once. */
struct cr_test *registry_sort(void);

/* Whether "suite/name" matches a pattern of *, ? and plain characters. As in
 * Criterion a * also matches a slash. */
bool registry_matches(const struct cr_test *test, const char *pattern);

#endif
