/* Runs each test in a process of its own, several at a time, and tells how
 * each of them ended. Everything that differs between systems is behind this
 * header. When a test's process has ended, the processes it left behind in
 * its group are killed. */
#ifndef BROOD_TESTS_RUNNER_ISOLATE_H
#define BROOD_TESTS_RUNNER_ISOLATE_H

#include "runner_body.h"

enum { ISOLATE_LIMIT = 64 }; /* tests at a time */

struct outcome {
    const struct cr_test *test;
    int failures;
    bool is_skipped;
    bool is_finished;
    bool is_timed_out;
    int signal; /* 0 if it exited */
    int exit_code;
    double seconds;
    char skip_reason[256];
};

/* Called by main when the tests are known. In a process that was started to
 * run one test, where a system has to do it so, this runs it and exits. */
void isolate_enter(int argc, char **argv, const struct cr_test *tests);

/* Starts a test. False, with a message in stderr, if that is impossible. */
bool isolate_start(const struct cr_test *test, double timeout_seconds);

/* Waits until one of the started tests has ended; there must be one. */
void isolate_wait(struct outcome *ret_outcome);

/* Tells a test's process from one that it forked. */
long isolate_process_id(void);

/* Whether longjmp can lead from here to where the test began, in the same
 * thread. On Windows it cannot leave a fiber: it unwinds one stack only. */
bool isolate_can_jump(void);

#endif
