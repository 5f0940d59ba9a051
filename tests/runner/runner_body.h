/* What happens inside the process of one test, and the record of it that the
 * runner reads when the process has ended, however it did. */
#ifndef BROOD_TESTS_RUNNER_RUNNER_BODY_H
#define BROOD_TESTS_RUNNER_RUNNER_BODY_H

#include <criterion/criterion.h>

#include <stdatomic.h>

/* Lies in memory that both processes share, and begins as zeros. A descriptor
 * would be seen by tests that count theirs, or be kept open by a process that
 * a test leaves behind. */
struct record {
    atomic_int failures;
    atomic_bool is_skipped;
    atomic_bool is_finished; /* it ran to its end, fini functions too */
    char skip_reason[256];
};

/* Runs the test and exits the process. Nothing else may be running in it. */
__attribute__((noreturn)) void body_run(const struct cr_test *test, struct record *record);

/* Shows cr_log_info; to be set before the first body_run. */
void body_show_info(void);
bool body_shows_info(void);

#endif
