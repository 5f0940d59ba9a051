/* What the tests of subprocess transports share. */
#ifndef BROOD_TEST_TRANSPORTS_H
#define BROOD_TEST_TRANSPORTS_H

#include "../streams/pipe_recorder.h"
#include "processes.h"

#define THREE_PIPES .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE

/* Until the child has ended; the loop knows nothing of it yet. */
static inline void wait_for_zombie(const struct recorder *recorder)
{
    wait_zombie(brood_subprocess_pid(recorder->transport));
}

/* To the last event, and then everything is closed. */
static inline void finish(brood_loop *loop, struct recorder *recorder)
{
    test_run_until(loop, &recorder->lost);
    brood_subprocess_close(recorder->transport);
    test_settle(loop);
    test_loop_close(loop);
    recorder_free(recorder);
}

/* Every pipe and the exit have been told, in whichever order, then the loss. */
static inline void check_whole(const struct recorder *recorder, brood_returncode returncode)
{
    size_t length = strlen(recorder->log);
    cr_expect_eq(strncmp(recorder->log, "made", 4), 0, "%s", recorder->log);
    cr_expect(recorder->exited);
    cr_expect_eq(recorder->returncode, returncode, "%s: %lld", recorder->log,
                 (long long)recorder->returncode);
    for (int fd = 0; fd < 3; fd++)
        cr_expect(recorder->lost_pipe[fd], "%d: %s", fd, recorder->log);
    cr_expect(length > 5 && strcmp(recorder->log + length - 5, " lost") == 0, "%s", recorder->log);
}

/* To the last event; what was closed has been freed by then. */
static inline void finish_closed(brood_loop *loop, struct recorder *recorder,
                                 const struct loop_report *report)
{
    test_run_until(loop, &recorder->lost);
    test_settle(loop);
    test_loop_close(loop);
    cr_expect_eq(report->lines, 0, "%s", report->last);
    recorder_free(recorder);
}

#endif
