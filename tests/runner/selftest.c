/* Tests the runner itself: runs the samples binary and compares its exit
 * status and output with what each sample's end must be reported as. */
#include "selftest.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct expectation expectations[] = {
    /* passes */
    {"--filter sample_pass/assertions", 0, {"PASS sample_pass::assertions (", ONE_PASSED}},
    {"--filter sample_pass/assertions --quiet", 0, {"!sample_pass", ONE_PASSED}},
    {"--filter sample_pass/assertions -q", 0, {"!sample_pass", ONE_PASSED}},
    {"--filter sample_pass/exits", 0, {ONE_PASSED}},
    {"--filter sample_pass/leaves_child", 0, {ONE_PASSED}},
    {"--filter 'sample_log/*' --verbose",
     0,
     {"sample_log::logs: info: info 1", "warning: warn 2", "PASS sample_log::logs", "[what it is]",
      ONE_PASSED}},
    {"--filter sample_log/logs", 0, {"!info 1", "warn 2", ONE_PASSED}},

    /* failed assertions */
    {"--filter sample_fail/fails",
     1,
     {"!not reached",
      "sample_fail::fails: ", "samples.c:", "cr_assert_eq(two, 3, \"value %d\", two): value 2\n",
      "FAIL sample_fail::fails: failed assertions: 1 (", ONE_FAILED}},
    {"--filter sample_fail/without_message", 1, {"cr_assert(1 > 2)\n", "FAIL ", ONE_FAILED}},
    {"--filter sample_fail/expects",
     1,
     {"cr_expect(a[0] == 2, \"first\"): first\n", "\"left\" and \"right\": text 1\n",
      "\"(null)\" and", "cr_expect_fail\n", "cr_assert_fail: end of it\n",
      "failed assertions: 18 (", ONE_FAILED}},
    {"--filter sample_fail/thread",
     1,
     {"!test fini", "from a thread\n", "failed assertions: 1", ONE_FAILED}},
    {"--filter own/fail", 1, {"goes on\n", "goes on indeed", "assertions: 1", ONE_FAILED}},

    /* other bad ends */
    {"--filter sample_fail/exits_0", 1, {"exited with status 0 before its end", ONE_FAILED}},
    {"--filter sample_fail/exits_3", 1, {"status 3 instead of 0", ONE_FAILED}},
    {"--filter sample_fail/other_status", 1, {"status 4 instead of 3", ONE_FAILED}},
    {"--filter sample_fail/no_status", 1, {"status 0 instead", ONE_FAILED}},
    {"--filter sample_fail/times_out", 1, {": timed out (", ONE_FAILED}},
    {"--filter sample_slow/times_out", 1, {": timed out (", ONE_FAILED}},
    {"--filter sample_slow/has_time", 0, {ONE_PASSED}},
    {"--filter sample_fail/times_forever --timeout=0.2", 1, {": timed out (", ONE_FAILED}},

    /* init and fini */
    {"--filter sample_order/passes",
     0,
     {"suite init\ntest init\nbody\ntest fini\nsuite fini\n", ONE_PASSED}},
    {"--filter sample_order/fails",
     1,
     {"suite init\ntest init\n", "cr_assert(false)\n", "test fini\nsuite fini\n", ONE_FAILED}},
    {"--filter sample_order/init_fails",
     1,
     {"!body", "!fini\n", "suite init\n", "from init\n", ONE_FAILED}},
    {"--filter sample_order/fini_fails",
     1,
     {"!suite fini", "body\n", "from fini\n", "FAIL ", ONE_FAILED}},

    /* skips */
    {"--filter sample_order/skips",
     0,
     {"!fini\n", "test init\n", "SKIP sample_order::skips: no luck here\n", ONE_SKIPPED}},
    {"--filter sample_skip/after_failure", 1, {"FAIL ", ONE_FAILED}},
    {"--filter sample_skip/disabled",
     0,
     {"!body", "SKIP sample_skip::disabled: disabled\n", ONE_SKIPPED}},
    {"--filter sample_off/disabled", 0, {"!body", "SKIP ", ONE_SKIPPED}},

    /* the command line */
    {"--filter nothing/here",
     1,
     {"no test matches nothing/here\n", "0 passed, 0 failed, 0 skipped\n"}},
    {"--list --filter '*s?ip*'",
     0,
     {"sample_order/skips\nsample_skip/after_failure\n"
      "sample_skip/disabled\n"}},
    {"--list --filter 's*mple_?rder/p*'", 0, {"sample_order/passes\n"}},
    {"--list --filter nothing", 1, {"no test matches nothing\n"}},
    {"--help", 0, {"usage: ", "--filter PATTERN", "--timeout SECONDS"}},
    {"--bogus", 2, {"unknown option: --bogus"}},
    {"stray", 2, {"unknown option: stray"}},
    {"--filter", 2, {"--filter needs a value"}},
    {"--filter a --filter b", 2, {"--filter is given twice"}},
    {"-j0", 2, {"bad number of jobs: 0"}},
    {"--jobs 1.5", 2, {"bad number of jobs: 1.5"}},
    {"--timeout 1s", 2, {"bad time-out: 1s"}},

};

enum {
    CASES = sizeof expectations / sizeof expectations[0],
};

/* Less than the sleep of a process that should have been killed. */
static const double case_seconds = 20;

static bool has_texts(const char *output, const char *const *texts)
{
    const char *at = output;
    const char *last = "";

    for (; *texts; texts++) {
        bool is_unwanted = **texts == '!';
        const char *text = *texts + is_unwanted;
        const char *found = strstr(is_unwanted ? output : at, text);

        if (is_unwanted == (found != NULL)) {
            printf("  %s: %s\n", found ? "unwanted" : "missing", text);
            return false;
        }
        if (!is_unwanted) {
            at = found + strlen(text);
            last = text;
        }
    }
    if (strchr(last, '\n') && *at != '\0') {
        printf("  more output after: %s", last);
        return false;
    }
    return true;
}

static bool check(const char *samples, const struct expectation *expected)
{
    static char output[1 << 18];
    time_t begun = time(NULL);
    int status = selftest_run(samples, expected->arguments, output, sizeof output);
    double seconds = difftime(time(NULL), begun);
    bool is_good = has_texts(output, expected->texts);

    if (status != expected->exit_status)
        printf("  exit status %d instead of %d\n", status, expected->exit_status);
    if (seconds >= case_seconds)
        printf("  a process was left behind for %.0f s\n", seconds);
    if (is_good && status == expected->exit_status && seconds < case_seconds)
        return true;
    printf("FAIL samples %s\n%s\n", expected->arguments, output);
    return false;
}

int main(int argc, char **argv)
{
    int passed = 0, total = 0;

    if (argc != 2 || strcmp(argv[1], "--help") == 0) {
        fprintf(argc == 2 ? stdout : stderr,
                "usage: %s SAMPLES\n"
                "Tests the test runner. SAMPLES is the path of the "
                "samples binary.\n",
                argv[0]);
        return argc == 2 ? EXIT_SUCCESS : 2;
    }
    for (int i = 0; i < CASES; i++, total++)
        passed += check(argv[1], &expectations[i]);
    for (const struct expectation *more = selftest_more; more->arguments; more++, total++)
        passed += check(argv[1], more);
    printf("%d passed, %d failed\n", passed, total - passed);
    return passed == total ? EXIT_SUCCESS : EXIT_FAILURE;
}
