/* What the tests of processes ask of Windows: a gate's end is inherited, and is known to
 * the child by the handle's value. */
#include "processes.h"

#include <wchar.h>
#include <windows.h>

/* What we end has status 1; the child program ends itself when it cannot write. */
const brood_returncode code_killed = 1, code_terminated = 1, code_broken_pipe = 121;

/* ---- gates ------------------------------------------------------------------------- */

static HANDLE handle_of(intptr_t number)
{
    return (HANDLE)number;
}

static struct gate make(bool back)
{
    HANDLE ends[2];
    cr_assert(CreatePipe(&ends[0], &ends[1], NULL, 0));
    cr_assert(SetHandleInformation(ends[back], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    struct gate gate = {
        .ours = (intptr_t)ends[!back], .childs = (intptr_t)ends[back], .inherited = true};
    snprintf(gate.name, sizeof gate.name, "%d", (int)gate.childs);
    return gate;
}

struct gate gate_make(void)
{
    return make(false);
}

struct gate gate_make_back(void)
{
    return make(true);
}

/* Whatever can be inherited is. */
void gate_add(struct gate *gate, struct gate *other)
{
    (void)gate, (void)other;
}

void gate_pass(const struct gate *gate)
{
    DWORD n = 0;
    cr_assert(WriteFile(handle_of(gate->ours), "x", 1, &n, NULL));
    cr_assert_eq(n, 1);
}

void gate_hear(const struct gate *gate, char *text, size_t size)
{
    DWORD n = 0;
    if (!ReadFile(handle_of(gate->ours), text, (DWORD)size - 1, &n, NULL))
        n = 0;
    text[n] = '\0';
}

void gate_end(struct gate *gate)
{
    if (gate->ours != -1) {
        CloseHandle(handle_of(gate->ours));
        CloseHandle(handle_of(gate->childs));
    }
    gate->ours = -1;
}

/* ---- processes --------------------------------------------------------------------- */

void kill_process(int64_t pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)pid);
    cr_assert_not_null(process);
    cr_assert_eq(WaitForSingleObject(process, 0), WAIT_TIMEOUT, "it runs");
    cr_assert(TerminateProcess(process, 77));
    cr_assert_eq(WaitForSingleObject(process, 10000), WAIT_OBJECT_0);
    CloseHandle(process);
}

void end_left_child(int64_t pid)
{
    kill_process(pid);
    test_wait_gone(pid);
}

/* A job counts what is born in it.  It lives as long as this process is in it, and is
 * opened by its name each time, so that no handle of it is left. */
unsigned count_births(void)
{
    static wchar_t name[64];
    HANDLE job;
    if (name[0] == 0) {
        swprintf(name, sizeof name / sizeof *name, L"brood-births-%lu", GetCurrentProcessId());
        job = CreateJobObjectW(NULL, name);
        cr_assert(AssignProcessToJobObject(job, GetCurrentProcess()));
    } else {
        job = OpenJobObjectW(JOB_OBJECT_QUERY, FALSE, name);
    }
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION info;
    cr_assert(QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &info,
                                        sizeof info, NULL));
    CloseHandle(job);
    return info.TotalProcesses;
}

/* Wine 8 gives the caller's own times for those of any process, and no memory for one that
 * has ended. */
bool usage_is_told(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") == NULL;
}
