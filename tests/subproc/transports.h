/* What the tests of subprocess transports share. */
#ifndef BROOD_TEST_TRANSPORTS_H
#define BROOD_TEST_TRANSPORTS_H

#include <sys/wait.h>

#include "../streams/pipe_recorder.h"

#define THREE_PIPES .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE

/* Until the child is a zombie; the loop knows nothing of it yet. */
static inline void wait_for_zombie(const struct recorder *recorder)
{
    siginfo_t info;
    id_t pid = (id_t)brood_subprocess_pid(recorder->transport);
    cr_assert_eq(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
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

#endif
