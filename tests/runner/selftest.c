/* Tests the runner itself: runs the samples binary and compares its exit
 * status and output with what each sample's end must be reported as. */
#define _DEFAULT_SOURCE 1 /* popen and alarm under -std=c11 */
#define _NETBSD_SOURCE  1

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Each text must come after the one before it; "!text" must be nowhere. A
 * last text that ends in a newline must be the end of the output. */
struct expectation {
    const char *arguments;
    int exit_status;
    const char *texts[12];
};

#define PASSED  "1 passed, 0 failed, 0 skipped\n"
#define FAILED  "0 passed, 1 failed, 0 skipped\n"
#define SKIPPED "0 passed, 0 failed, 1 skipped\n"

static const struct expectation expectations[] = {
    /* passes */
    {"--filter sample_pass/assertions", 0, {"!sample_pass", PASSED}},
    {"--filter sample_pass/aborts", 0, {PASSED}},
    {"--filter sample_pass/exits", 0, {PASSED}},
    {"--filter sample_pass/leaves_child", 0, {PASSED}},
    {"--filter 'sample_log/*' --verbose",
     0,
     {"sample_log::logs: info: info 1", "warning: warn 2", "PASS sample_log::logs", "[what it is]",
      PASSED}},
    {"--filter sample_log/logs", 0, {"!info 1", "warn 2", PASSED}},

    /* failed assertions */
    {"--filter sample_fail/fails",
     1,
     {"!not reached",
      "sample_fail::fails: ", "samples.c:", "cr_assert_eq(two, 3, \"value %d\", two): value 2\n",
      "FAIL sample_fail::fails: failed assertions: 1 (", FAILED}},
    {"--filter sample_fail/without_message", 1, {"cr_assert(1 > 2)\n", "FAIL ", FAILED}},
    {"--filter sample_fail/expects",
     1,
     {"cr_expect(a[0] == 2, \"first\"): first\n", "\"left\" and \"right\": text 1\n",
      "\"(null)\" and", "cr_expect_fail\n", "cr_assert_fail: end of it\n",
      "failed assertions: 18 (", FAILED}},
    {"--filter sample_fail/thread",
     1,
     {"!test fini", "from a thread\n", "failed assertions: 1", FAILED}},
    {"--filter own/forked_child",
     1,
     {"from a child\nparent goes on\ntest fini\n", "failed assertions: 1", FAILED}},
    {"--filter own/fail", 1, {"goes on\n", "goes on indeed", "assertions: 1", FAILED}},

    /* other bad ends; sanitizers turn SIGSEGV into an exit status */
    {"--filter sample_fail/segv", 1, {"FAIL sample_fail::segv", FAILED}},
    {"--filter sample_fail/aborts", 1, {"by signal 6 (", FAILED}},
    {"--filter sample_fail/exits_0", 1, {"exited with status 0 before its end", FAILED}},
    {"--filter sample_fail/exits_3", 1, {"status 3 instead of 0", FAILED}},
    {"--filter sample_fail/other_status", 1, {"status 4 instead of 3", FAILED}},
    {"--filter sample_fail/no_status", 1, {"status 0 instead", FAILED}},
    {"--filter sample_fail/no_signal", 1, {"6 did not come", FAILED}},
    {"--filter sample_fail/other_signal", 1, {"by signal 9", FAILED}},
    {"--filter sample_fail/expected_signal", 1, {"assertions: 1", FAILED}},
    {"--filter sample_fail/times_out", 1, {": timed out (", FAILED}},
    {"--filter sample_slow/times_out", 1, {": timed out (", FAILED}},
    {"--filter sample_slow/has_time", 0, {PASSED}},
    {"--filter sample_fail/times_forever --timeout=0.2", 1, {": timed out (", FAILED}},

    /* init and fini */
    {"--filter sample_order/passes",
     0,
     {"suite init\ntest init\nbody\ntest fini\nsuite fini\n", PASSED}},
    {"--filter sample_order/fails",
     1,
     {"suite init\ntest init\n", "cr_assert(false)\n", "test fini\nsuite fini\n", FAILED}},
    {"--filter sample_order/init_fails",
     1,
     {"!body", "!fini\n", "suite init\n", "from init\n", FAILED}},
    {"--filter sample_order/fini_fails",
     1,
     {"!suite fini", "body\n", "from fini\n", "FAIL ", FAILED}},

    /* skips */
    {"--filter sample_order/skips",
     0,
     {"!fini\n", "test init\n", "SKIP sample_order::skips: no luck here\n", SKIPPED}},
    {"--filter sample_skip/after_failure", 1, {"FAIL ", FAILED}},
    {"--filter sample_skip/disabled",
     0,
     {"!body", "SKIP sample_skip::disabled: disabled\n", SKIPPED}},
    {"--filter sample_off/disabled", 0, {"!body", "SKIP ", SKIPPED}},

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

    /* the same totals one by one and in parallel */
    {"--filter 'sample*'", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'sample*' -j 4", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'sample*' --jobs=64 --verbose", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'pair/*' -j2", 0, {"2 passed, 0 failed, 0 skipped\n"}},

    /* a runner that is ended takes its tests along */
    {"--filter stop/runner", 128 + 15, {"!passed"}},
};

enum {
    CASES = sizeof expectations / sizeof expectations[0],
    /* less than the sleep of a process that should have been killed */
    CASE_SECONDS = 20,
    ALL_SECONDS = 300,
};

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

/* The output ends when every process that has it open is gone, so a process
 * left behind shows in the time that this takes. */
static int run(const char *samples, const char *arguments, char *output, size_t size)
{
    char command[1024];
    size_t length = 0;
    size_t n;

    snprintf(command, sizeof command, "exec '%s' %s 2>&1", samples, arguments);
    FILE *pipe = popen(command, "r");
    if (!pipe) {
        perror("popen");
        return -1;
    }
    while ((n = fread(output + length, 1, size - 1 - length, pipe)) > 0)
        length += n;
    output[length] = '\0';
    int status = pclose(pipe);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool check(const char *samples, const struct expectation *expected)
{
    static char output[1 << 18];
    time_t begun = time(NULL);
    int status = run(samples, expected->arguments, output, sizeof output);
    double seconds = difftime(time(NULL), begun);
    bool is_good = has_texts(output, expected->texts);

    if (status != expected->exit_status)
        printf("  exit status %d instead of %d\n", status, expected->exit_status);
    if (seconds >= CASE_SECONDS)
        printf("  a process was left behind for %.0f s\n", seconds);
    if (is_good && status == expected->exit_status && seconds < CASE_SECONDS)
        return true;
    printf("FAIL samples %s\n%s\n", expected->arguments, output);
    return false;
}

int main(int argc, char **argv)
{
    int passed = 0;

    if (argc != 2 || strcmp(argv[1], "--help") == 0) {
        fprintf(argc == 2 ? stdout : stderr,
                "usage: %s SAMPLES\n"
                "Tests the test runner. SAMPLES is the path of the "
                "samples binary.\n",
                argv[0]);
        return argc == 2 ? EXIT_SUCCESS : 2;
    }
    alarm(ALL_SECONDS);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < CASES; i++)
        passed += check(argv[1], &expectations[i]);
    printf("%d passed, %d failed\n", passed, CASES - passed);
    return passed == CASES ? EXIT_SUCCESS : EXIT_FAILURE;
}
