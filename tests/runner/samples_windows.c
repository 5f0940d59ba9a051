/* Samples with crashes, processes and threads. */
#define WIN32_LEAN_AND_MEAN
#include <criterion/criterion.h>

#include <stdio.h>
#include <windows.h>

#include <tlhelp32.h>

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

/* The runner's, which waits for this process: its number is still its own. */
static DWORD find_parent(void)
{
    PROCESSENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    bool is_found = Process32First(all, &entry);

    while (is_found && entry.th32ProcessID != GetCurrentProcessId())
        is_found = Process32Next(all, &entry);
    CloseHandle(all);
    cr_assert(is_found);
    return entry.th32ParentProcessID;
}

/* Not a sample_, because it ends the whole runner. */
Test(stop, runner)
{
    HANDLE runner = OpenProcess(PROCESS_TERMINATE, FALSE, find_parent());

    leave_child_behind();
    cr_assert(TerminateProcess(runner, 128 + 15)); /* as if by SIGTERM */
    Sleep(30000);
}

/* These two can only pass at the same time: each waits for the other's event,
 * which lasts until both have seen it. */
static HANDLE open_event(const char *whose)
{
    char name[64];

    snprintf(name, sizeof name, "brood-runner-%lu-%s", find_parent(), whose);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, name);
    cr_assert_not_null(event);
    return event;
}

static void meet(const char *mine, const char *other)
{
    HANDLE here = open_event(mine), there = open_event(other);

    SetEvent(here);
    cr_assert_eq(WaitForSingleObject(there, 10000), WAIT_OBJECT_0);
}

Test(pair, one, .timeout = 15)
{
    meet("one", "two");
}

Test(pair, two, .timeout = 15)
{
    meet("two", "one");
}

static void *home;

static void CALLBACK assert_in_fiber(void *unused)
{
    (void)unused;
    cr_assert(false, "from a fiber");
    SwitchToFiber(home);
}

Test(own, fiber, .fini = test_fini)
{
    home = ConvertThreadToFiber(NULL);
    SwitchToFiber(CreateFiber(0, assert_in_fiber, NULL));
    fprintf(stderr, "not reached\n");
}
