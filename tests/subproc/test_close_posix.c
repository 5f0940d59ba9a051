/* Closing subprocess transports: children that cannot be killed, which only another user's
 * can be. */
#include "transports.h"

SUITE(close_posix);

/* Not ours to kill. */
Test(close_posix, sem_34_a_child_of_another_user_is_left_alone_without_a_word)
{
    if (geteuid() != 0)
        cr_skip_test("needs root");
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV("/bin/sh", "-c", "kill -STOP $$"),
                                   .set_user = true,
                                   .user = 65534,
                                   THREE_PIPES};
    test_exec(loop, &recorder, &options);
    pid_t pid = (pid_t)brood_subprocess_pid(recorder.transport);
    siginfo_t info;
    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    test_run_until(loop, &recorder.made);
    cr_assert(setreuid(1, 0) == 0 && seteuid(1) == 0); /* with a way back */
    cr_assert_eq(kill(pid, 0), -1);
    brood_subprocess_close(recorder.transport);
    for (int fd = 0; fd < 3; fd++)
        test_run_until(loop, &recorder.lost_pipe[fd]);
    cr_assert(seteuid(0) == 0 && setreuid(0, 0) == 0);
    cr_assert_eq(kill(pid, SIGTERM), 0);
    cr_assert_eq(kill(pid, SIGCONT), 0);
    test_run_until(loop, &recorder.lost);
    check_whole(&recorder, -SIGTERM);
    finish_closed(loop, &recorder, &report);
}
