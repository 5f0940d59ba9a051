/* Collects tests and suites before main, by constructors that Test and
 * TestSuite define. The order of constructors is the linker's business, so
 * nothing but the lists is touched until registry_sort. */
#include "runner_registry.h"

#include <stdio.h>

static struct cr_test *tests;
static struct cr_suite *suites;

void cr_register_test(struct cr_test *test)
{
    test->next = tests;
    tests = test;
}

void cr_register_suite(struct cr_suite *suite)
{
    suite->next = suites;
    suites = suite;
}

static int compare(const struct cr_test *a, const struct cr_test *b)
{
    int order = strcmp(a->suite_name, b->suite_name);

    return order != 0 ? order : strcmp(a->name, b->name);
}

static void take_suite_options(struct cr_test *test)
{
    const struct cr_suite *suite = suites;
    struct cr_options *own = &test->options;

    while (suite && strcmp(suite->name, test->suite_name) != 0)
        suite = suite->next;
    if (!suite)
        return;
    test->suite = suite; /* init and fini are run in addition */
    if (own->timeout <= 0)
        own->timeout = suite->options.timeout;
    if (own->signal == 0)
        own->signal = suite->options.signal;
    if (own->exit_code == 0)
        own->exit_code = suite->options.exit_code;
    own->disabled = own->disabled || suite->options.disabled;
    if (!own->description)
        own->description = suite->options.description;
}

struct cr_test *registry_sort(void)
{
    struct cr_test *sorted = NULL;

    while (tests) {
        struct cr_test *test = tests;
        struct cr_test **place = &sorted;

        tests = test->next;
        take_suite_options(test);
        while (*place && compare(*place, test) < 0)
            place = &(*place)->next;
        test->next = *place;
        *place = test;
    }
    return sorted;
}

/* After a mismatch the last * takes one character more: no recursion, and
 * earlier stars never need another try. */
static bool glob(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

bool registry_matches(const struct cr_test *test, const char *pattern)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", test->suite_name, test->name);
    return glob(pattern, path);
}
