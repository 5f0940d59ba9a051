/* The child watcher beside a host that has children of its own, or ends ours. */
#include "helpers.h"

#include <windows.h>

SUITE(watcher_host_windows);

static const brood_spawn_options plain = {0};

/* The child program, started past brood. */
static HANDLE foreign_child(const char *arguments)
{
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    char line[1024];
    snprintf(line, sizeof line, "\"%s\" %s", test_child(), arguments);
    cr_assert(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &made));
    CloseHandle(made.hThread);
    return made.hProcess;
}

static void expect_status(HANDLE process, DWORD expected)
{
    DWORD status = 0;
    cr_assert_eq(WaitForSingleObject(process, 60000), WAIT_OBJECT_0);
    cr_assert(GetExitCodeProcess(process, &status));
    cr_expect_eq(status, expected, "%lu", status);
    CloseHandle(process);
}

Test(watcher_host_windows, sem_30_children_of_the_host_are_never_touched)
{
    struct kid kid = {0}, other = {0};
    HANDLE before = foreign_child("exit 10");
    brood_loop *loop = test_loop();
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "3")), 0);
    HANDLE beside = foreign_child("exit 11"), running = foreign_child("pause");
    cr_assert(run_until(loop, &kid.lost));
    cr_assert_eq(kid_start(loop, &other, (brood_spawn_options){.kill_tree = true}, ARGV("pause")),
                 0);
    test_loop_close(loop);
    cr_expect_eq(WaitForSingleObject(running, 0), WAIT_TIMEOUT, "it goes on");
    cr_expect(TerminateProcess(running, 12));
    expect_status(before, 10);
    expect_status(beside, 11);
    expect_status(running, 12);
    cr_expect_eq(kid.code, 3);
}

Test(watcher_host_windows, sem_23_a_child_that_the_host_ends_has_the_hosts_status)
{
    struct kid kid = {0};
    brood_loop *loop = test_loop();
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("pause")), 0);
    HANDLE process =
        OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE,
                    (DWORD)brood_subprocess_pid(kid.transport));
    cr_assert_not_null(process);
    cr_expect(TerminateProcess(process, 259)); /* the number that a running one would give */
    expect_status(process, 259);
    cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 259);
    cr_assert(kid_finish(loop, &kid));
}

/* The number is the child's for as long as its transport is there. */
Test(watcher_host_windows, sem_25_the_number_of_a_child_is_given_to_nobody_else)
{
    struct kid kid = {0};
    brood_loop *loop = test_loop();
    cr_assert_eq(kid_start(loop, &kid, plain, ARGV("exit", "4")), 0);
    wait_zombie(brood_subprocess_pid(kid.transport));
    for (int i = 0; i < 20; i++) {
        HANDLE process = foreign_child("exit 0");
        cr_expect_neq((int64_t)GetProcessId(process), brood_subprocess_pid(kid.transport));
        expect_status(process, 0);
        cr_expect_eq(brood_subprocess_kill(kid.transport), BROOD_ESRCH);
    }
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.code, 4);
    cr_assert(kid_finish(loop, &kid));
}
