/* What the runner's own tests expect, and how they run it on each system. */
#ifndef BROOD_TESTS_RUNNER_SELFTEST_H
#define BROOD_TESTS_RUNNER_SELFTEST_H

#include <stddef.h>

/* Each text must come after the one before it; "!text" must be nowhere. A
 * last text that ends in a newline must be the end of the output. */
struct expectation {
    const char *arguments;
    int exit_status;
    const char *texts[12];
};

#define ONE_PASSED  "1 passed, 0 failed, 0 skipped\n"
#define ONE_FAILED  "0 passed, 1 failed, 0 skipped\n"
#define ONE_SKIPPED "0 passed, 0 failed, 1 skipped\n"

/* Those that only this system has; ended by one without arguments. */
extern const struct expectation selftest_more[];

/* Runs the samples with these arguments, words as a shell knows them, and
 * reads all that they print, to the end. Gives the exit status, 128 and more
 * for a signal. */
int selftest_run(const char *samples, const char *arguments, char *output, size_t size);

#endif
