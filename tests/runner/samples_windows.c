/* Samples with crashes, processes and threads. */
#define WIN32_LEAN_AND_MEAN
#include <criterion/criterion.h>

#include <stdio.h>
#include <windows.h>

static void test_fini(void)
{
    fprintf(stderr, "test fini\n");
}

static DWORD WINAPI assert_in_thread(void *unused)
{
    (void)unused;
    cr_assert(false, "from a thread");
    return 0;
}

/* Outlives the test, and keeps the runner's output open while it does: a process that
 * never begins. */
static void leave_child_behind(void)
{
    wchar_t program[MAX_PATH];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;

    GetModuleFileNameW(NULL, program, MAX_PATH);
    cr_assert(CreateProcessW(program, NULL, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                             &startup, &process));
}

Test(sample_pass, leaves_child)
{
    leave_child_behind();
}

Test(sample_fail, crashes)
{
    volatile int *nowhere = NULL;
    *nowhere = 1;
}

static int fill_stack(volatile char *above)
{
    volatile char block[65536];
    block[0] = *above;
    return block[0] != 0 ? 0 : fill_stack(block) + block[0];
}

Test(sample_fail, overflows)
{
    volatile char first = 0;
    fill_stack(&first);
}

Test(sample_fail, aborts)
{
    abort();
}

Test(sample_fail, times_out, .timeout = 0.3)
{
    leave_child_behind();
    Sleep(30000);
}

Test(sample_fail, thread, .fini = test_fini)
{
    HANDLE thread = CreateThread(NULL, 0, assert_in_thread, NULL, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* These two can only pass at the same time: each waits for the other's event. */
static bool meet(const wchar_t *mine, const wchar_t *other)
{
    HANDLE here = CreateEventW(NULL, TRUE, FALSE, mine);
    HANDLE there = CreateEventW(NULL, TRUE, FALSE, other);
    SetEvent(here);
    return WaitForSingleObject(there, 10000) == WAIT_OBJECT_0;
}

Test(pair, one, .timeout = 15)
{
    cr_assert(meet(L"brood-runner-one", L"brood-runner-two"));
    Sleep(500); /* or the other one would not find the event that is ours */
}

Test(pair, two, .timeout = 15)
{
    cr_assert(meet(L"brood-runner-two", L"brood-runner-one"));
    Sleep(500);
}
