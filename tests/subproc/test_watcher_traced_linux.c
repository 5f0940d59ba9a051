/* A child whose tracer has its status first: the kernel says that it has ended, and
 * gives it to nobody else until the tracer has looked. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"
#include "support.h"

SUITE(watcher_traced);

/* A process that traces pid, says so, and ends when its pipe does. */
static pid_t start_tracer(int64_t pid, int *hold)
{
    int ready[2], wait[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    cr_assert_eq(pipe(wait), 0);
    pid_t tracer = fork();
    if (tracer == 0) {
        close(wait[1]);
        byte = ptrace(PTRACE_SEIZE, (pid_t)pid, NULL, NULL) == 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) == 1)
            _exit(read(wait[0], &byte, 1) != 0);
        _exit(1);
    }
    close(ready[1]);
    close(wait[0]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    *hold = wait[1];
    if (byte != 'y')
        cr_skip_test("tracing is not allowed here");
    return tracer;
}

Test(watcher_traced, its_end_is_waited_for_without_spinning)
{
    enum { ROUNDS_OF_SPINNING = 2000 };
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    test_exec(loop, &recorder, &(brood_spawn_options){.argv = ARGV(test_child(), "pause")});
    test_run_until(loop, &recorder.made);
    int hold, status;
    pid_t tracer = start_tracer(brood_subprocess_pid(recorder.transport), &hold);

    cr_assert_eq(brood_subprocess_kill(recorder.transport), 0);
    unsigned before = test_calls(FAULT_POLLER_WAIT);
    for (brood_time until = brood_in(0.2); brood_now() < until;)
        cr_assert_eq(brood_loop_step(loop, until), 0);
    cr_expect_not(recorder.exited);
    cr_expect_lt(test_calls(FAULT_POLLER_WAIT) - before, ROUNDS_OF_SPINNING);

    close(hold); /* the tracer ends, and the status is ours */
    test_run_until(loop, &recorder.lost);
    cr_expect_eq(recorder.returncode, -SIGKILL);
    cr_assert_eq(waitpid(tracer, &status, 0), tracer);
    test_loop_close(loop);
}
