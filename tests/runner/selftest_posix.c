/* The runner's own tests on Unix: signals and forks. */
#define _DEFAULT_SOURCE 1 /* popen and alarm under -std=c11 */
#define _NETBSD_SOURCE  1

#include "selftest.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

const struct expectation selftest_more[] = {
    {"--filter sample_pass/aborts", 0, {ONE_PASSED}},
    {"--filter own/forked_child",
     1,
     {"from a child\nparent goes on\ntest fini\n", "failed assertions: 1", ONE_FAILED}},
    /* sanitizers turn SIGSEGV into an exit status */
    {"--filter sample_fail/segv", 1, {"FAIL sample_fail::segv", ONE_FAILED}},
    {"--filter sample_fail/aborts", 1, {"by signal 6 (", ONE_FAILED}},
    {"--filter sample_fail/no_signal", 1, {"6 did not come", ONE_FAILED}},
    {"--filter sample_fail/other_signal", 1, {"by signal 9", ONE_FAILED}},
    {"--filter sample_fail/expected_signal", 1, {"assertions: 1", ONE_FAILED}},

    /* the same totals one by one and in parallel */
    {"--filter 'sample*'", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'sample*' -j 4", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'sample*' --jobs=64 --verbose", 1, {"7 passed, 20 failed, 3 skipped\n"}},
    {"--filter 'pair/*' -j2", 0, {"2 passed, 0 failed, 0 skipped\n"}},

    /* a runner that is ended takes its tests along */
    {"--filter stop/runner", 128 + 15, {"!passed"}},
    {.arguments = NULL},
};

enum { RUN_SECONDS = 60 };

/* The output ends when every process that has it open is gone, so a process
 * left behind shows in the time that this takes. */
int selftest_run(const char *samples, const char *arguments, char *output, size_t size)
{
    char command[1024];
    size_t length = 0;
    size_t n;

    snprintf(command, sizeof command, "exec '%s' %s 2>&1", samples, arguments);
    alarm(RUN_SECONDS);
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
