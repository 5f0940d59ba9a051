/* The end of a child: its code in full, seen by a wait of the system's that posts to the
 * loop. */
#include <stdio.h>

#include "helpers_act_windows.h"

#include <tlhelp32.h>

SUITE(exit_windows);

static brood_process *spawn(brood_loop *loop, brood_spawn_options options, const char *const *argv)
{
    brood_process *process = NULL;
    options.argv = argv;
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    return process;
}

static brood_returncode code_of(brood_process *process)
{
    brood_returncode code = -1000;
    cr_assert_eq(brood_process_wait(process, &code, test_deadline()), 0);
    return code;
}

/* Until the process has ended; the loop does not know of it yet. */
static void wait_unseen(const brood_process *process)
{
    HANDLE handle = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)brood_process_pid(process));
    if (handle == NULL)
        return; /* it has gone altogether */
    cr_assert_eq(WaitForSingleObject(handle, 60000), WAIT_OBJECT_0);
    CloseHandle(handle);
}

/* ---- codes -------------------------------------------------------------------------------- */

Test(exit_windows, codes_have_32_bits_and_no_sign)
{
    static const brood_returncode codes[] = {
        0,     1,     2,          127,        128,        255,        256,        257,        259,
        65535, 65536, 0x7fffffff, 0x80000000, 0xc0000005, 0xc000013a, 0xfffffffe, 0xffffffff,
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)codes[i]);
        brood_result result = act_run((brood_spawn_options){0}, ARGV("act:exit", number));
        cr_expect_eq(result.returncode, codes[i], "%lld", (long long)result.returncode);
        brood_result_free(&result);
    }
}

Test(exit_windows, a_crash_gives_the_exceptions_code)
{
    brood_result result = act_run((brood_spawn_options){0}, ARGV(test_child(), "crash"));
    cr_expect_eq(result.returncode, 0xc0000005);
    brood_result_free(&result);
}

Test(exit_windows, what_others_end_it_with_is_its_code)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){0}, ARGV(test_child(), "pause"));
    HANDLE handle = OpenProcess(PROCESS_TERMINATE, FALSE, (DWORD)brood_process_pid(process));
    cr_assert_not_null(handle);
    cr_assert(TerminateProcess(handle, 77));
    CloseHandle(handle);
    cr_expect_eq(code_of(process), 77);
    brood_process_close(process);
    test_loop_close(loop);
}

/* Wine 8 knows no times of other processes, and not always the memory of ended ones. */
Test(exit_windows, what_it_has_used_is_known)
{
    brood_result result =
        act_run((brood_spawn_options){0}, ARGV(test_child(), "touch", "24", "busy", "30"));
    cr_expect_eq(result.returncode, 0);
    cr_expect(result.usage.user_seconds >= (under_wine() ? 0 : 0.02) &&
                  result.usage.user_seconds < 60,
              "%f s", result.usage.user_seconds);
    cr_expect_geq(result.usage.max_rss_bytes, under_wine() ? 0 : (uint64_t)24 << 20);
    brood_result_free(&result);
}

/* ---- the wait ------------------------------------------------------------------------------ */

static int count_all_threads(void)
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    int count = 0;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    cr_assert_neq(snapshot, INVALID_HANDLE_VALUE);
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}

Test(exit_windows, sem_82_a_hundred_children_have_no_threads_of_their_own)
{
    enum { CHILDREN = 100 };
    brood_process *children[CHILDREN];
    brood_loop *loop = test_loop();
    brood_process *first = spawn(loop, (brood_spawn_options){0}, ARGV(test_child(), "exit", "0"));
    cr_expect_eq(code_of(first), 0);
    brood_process_close(first);
    int before = count_all_threads();
    for (int i = 0; i < CHILDREN; i++)
        children[i] = spawn(loop, (brood_spawn_options){.in.kind = BROOD_PIPE},
                            ARGV(test_child(), "eof", "0"));
    /* 63 waits or so go to a thread of the system's. */
    cr_expect_leq(count_all_threads(), before + 4, "%d, before %d", count_all_threads(), before);
    for (int i = 0; i < CHILDREN; i++)
        brood_writer_close(brood_process_stdin(children[i]));
    for (int i = 0; i < CHILDREN; i++) {
        cr_expect_eq(code_of(children[i]), 0);
        brood_process_close(children[i]);
    }
    test_loop_close(loop);
}

Test(exit_windows, sem_82_an_exit_wakes_a_loop_that_waits)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < 20; i++) {
        brood_process *process =
            spawn(loop, (brood_spawn_options){0}, ARGV(test_child(), "exit", "5"));
        cr_expect_eq(code_of(process), 5);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(exit_windows, sem_82_the_code_is_that_of_the_end_whenever_it_is_asked)
{
    enum { CHILDREN = 30 };
    brood_process *children[CHILDREN];
    brood_loop *loop = test_loop();
    for (int i = 0; i < CHILDREN; i++) {
        char number[8];
        snprintf(number, sizeof number, "%d", i);
        children[i] = spawn(loop, (brood_spawn_options){0}, ARGV(test_child(), "exit", number));
    }
    for (int i = 0; i < CHILDREN; i++) {
        wait_unseen(children[i]);
        cr_expect_not(brood_process_returncode(children[i], NULL), "the loop has not looked");
    }
    for (int i = CHILDREN - 1; i >= 0; i--) {
        cr_expect_eq(code_of(children[i]), i);
        brood_process_close(children[i]);
    }
    test_loop_close(loop);
}

/* What the wait has posted is still in the port when its child is gone. */
Test(exit_windows, sem_82_an_exit_that_was_posted_may_find_nobody)
{
    enum { CHILDREN = 24 };
    brood_process *children[CHILDREN];
    for (int round = 0; round < 3; round++) {
        brood_loop *loop = test_loop();
        /* The end of this one's pipes takes packets from the port. */
        spawn(loop, (brood_spawn_options){.in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE},
              ARGV(test_child(), "cat"));
        for (int i = 0; i < CHILDREN; i++)
            children[i] = spawn(loop, (brood_spawn_options){.kill_tree = i % 2 == 0},
                                ARGV(test_child(), "exit", "3"));
        for (int i = 0; i < CHILDREN; i++)
            wait_unseen(children[i]);
        for (int i = 0; i < CHILDREN; i++) {
            if (i % 3 == 0)
                brood_process_close(children[i]);
            else if (i % 3 == 1)
                brood_process_detach(children[i]);
        }
        if (round == 0)
            test_settle(loop);
        else if (round == 1)
            cr_expect_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        for (int i = 2; i < CHILDREN; i += 3)
            if (round == 0)
                cr_expect_eq(code_of(children[i]), 3);
        test_loop_close(loop);
    }
}

Test(exit_windows, sem_82_children_that_live_at_the_end_of_the_loop_are_ended)
{
    enum { CHILDREN = 20 };
    int64_t pids[CHILDREN];
    brood_loop *loop = test_loop();
    for (int i = 0; i < CHILDREN; i++)
        pids[i] = brood_process_pid(spawn(loop, (brood_spawn_options){.kill_tree = i % 2 == 0},
                                          ARGV(test_child(), "pause")));
    test_loop_close(loop);
    for (int i = 0; i < CHILDREN; i++)
        cr_expect_not(test_process_exists(pids[i]));
}
