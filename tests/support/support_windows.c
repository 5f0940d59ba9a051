/* What the tests ask of Windows: handles by their kind, threads and children by a
 * snapshot of the system. */
#define _CRT_RAND_S
#include "support.h"

#include <windows.h>
#include <psapi.h>
#include <tlhelp32.h>
#include <wchar.h>
#include <winternl.h>

#include "support_system.h"

bool test_on_windows(void)
{
    return true;
}

struct test_abilities test_abilities(void)
{
    return (struct test_abilities){
        .sized_pipes = true, .usage_of_zombies = true, .child_events = true};
}

/* ---- around each test --------------------------------------------------------- */

static void CALLBACK set_event(void *event, BOOLEAN timed_out)
{
    (void)timed_out;
    SetEvent(event);
}

/* The first wait that is registered makes the thread pool, with a port of its own. */
static void use_thread_pool(void)
{
    HANDLE come = CreateEventW(NULL, TRUE, TRUE, NULL),
           seen = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE wait;
    cr_assert(come != NULL && seen != NULL);
    cr_assert(
        RegisterWaitForSingleObject(&wait, come, set_event, seen, INFINITE, WT_EXECUTEONLYONCE));
    WaitForSingleObject(seen, INFINITE);
    UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    CloseHandle(seen);
    CloseHandle(come);
}

/* Pipes and random numbers come from devices that the system's libraries keep open. */
static void use_devices(void)
{
    unsigned number;
    rand_s(&number);
    HANDLE from, to;
    cr_assert(CreatePipe(&from, &to, NULL, 0));
    CloseHandle(from);
    CloseHandle(to);
    HANDLE nul = CreateFileW(L"NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CloseHandle(nul);
}

void test_system_prepare(void)
{
    use_devices();
    use_thread_pool();
}

void test_system_settle(int descriptors, int threads)
{
    brood_time patience = brood_in(2);
    while ((test_count_descriptors() > descriptors || test_count_threads() > threads ||
            test_has_children()) &&
           brood_now() < patience)
        test_nap(0.001);
}

/* ---- handles -------------------------------------------------------------------- */

/* The system's libraries open and close events, keys, sections and more when they like:
 * only kinds that programs open for themselves can be counted exactly. */
static bool is_counted_kind(const UNICODE_STRING *kind)
{
    static const wchar_t *const counted[] = {L"File",  L"Process", L"Job", L"IoCompletion",
                                             L"Timer", L"Mutant",  NULL};
    for (int i = 0; counted[i] != NULL; i++)
        if (kind->Length == wcslen(counted[i]) * sizeof(wchar_t) &&
            memcmp(kind->Buffer, counted[i], kind->Length) == 0)
            return true;
    return false;
}

static bool is_counted(HANDLE handle)
{
    union {
        UNICODE_STRING kind; /* comes first, its text behind it */
        char room[1024];
    } type;
    ULONG length;
    if (NtQueryObject(handle, ObjectTypeInformation, &type, sizeof type, &length) < 0)
        return false; /* closed meanwhile */
    if (is_counted_kind(&type.kind))
        return true;
    /* A child's first thread counts; those of this process are the pool's as well. */
    DWORD owner = GetProcessIdOfThread(handle);
    return owner != 0 && owner != GetCurrentProcessId();
}

/* What the system gives for SystemExtendedHandleInformation, which no header has. */
struct handle_list {
    ULONG_PTR count, reserved;
    struct {
        void *object;
        ULONG_PTR pid, value;
        ULONG access;
        USHORT trace, type;
        ULONG attributes, reserved;
    } handles[];
};

/* All handles of all processes. */
static struct handle_list *list_handles(void)
{
    const SYSTEM_INFORMATION_CLASS extended_handles = (SYSTEM_INFORMATION_CLASS)64;
    const NTSTATUS too_short = (NTSTATUS)0xC0000004;
    struct handle_list *list = NULL;
    NTSTATUS status = too_short;
    for (ULONG size = 1 << 20; status == too_short && size < 1 << 30; size *= 2) {
        free(list);
        list = malloc(size);
        cr_assert_not_null(list);
        status = NtQuerySystemInformation(extended_handles, list, size, NULL);
    }
    cr_assert(status >= 0);
    return list;
}

/* GetProcessHandleCount would count all kinds; under Wine 8 it gives 0. */
int test_count_descriptors(void)
{
    struct handle_list *list = list_handles();
    int count = 0;
    for (ULONG_PTR i = 0; i < list->count; i++)
        if (list->handles[i].pid == GetCurrentProcessId())
            count += is_counted((HANDLE)list->handles[i].value);
    free(list);
    return count;
}

size_t test_raise_descriptor_limit(size_t wanted)
{
    return wanted; /* there are 16 million */
}

/* ---- threads -------------------------------------------------------------------- */

/* Whether a running thread began in this program: the pool's began in the system's
 * libraries, and come and go. */
static bool is_own_thread(DWORD number)
{
    HANDLE thread = OpenThread(THREAD_QUERY_INFORMATION | SYNCHRONIZE, FALSE, number);
    if (thread == NULL)
        return false;
    void *start = NULL;
    HMODULE module = NULL;
    const THREADINFOCLASS win32_start_address = (THREADINFOCLASS)9;
    bool known =
        NtQueryInformationThread(thread, win32_start_address, &start, sizeof start, NULL) >= 0 &&
        GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           start, &module);
    bool own =
        known && module == GetModuleHandleW(NULL) && WaitForSingleObject(thread, 0) == WAIT_TIMEOUT;
    CloseHandle(thread);
    return own;
}

int test_count_threads(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    cr_assert_neq(snapshot, INVALID_HANDLE_VALUE);
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    int count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId())
            count += is_own_thread(entry.th32ThreadID);
    CloseHandle(snapshot);
    return count;
}

struct test_thread {
    HANDLE handle;
    void *(*run)(void *);
    void *arg, *result;
};

static DWORD WINAPI run_thread(void *arg)
{
    test_thread *thread = arg;
    thread->result = thread->run(thread->arg);
    return 0;
}

/* By CreateThread, so that test_count_threads sees where it began. */
test_thread *test_thread_start(void *(*run)(void *), void *arg)
{
    test_thread *thread = malloc(sizeof *thread);
    cr_assert_not_null(thread);
    *thread = (test_thread){.run = run, .arg = arg};
    thread->handle = CreateThread(NULL, 0, run_thread, thread, 0, NULL);
    cr_assert_not_null(thread->handle);
    return thread;
}

void *test_thread_join(test_thread *thread)
{
    cr_assert_eq(WaitForSingleObject(thread->handle, INFINITE), WAIT_OBJECT_0);
    void *result = thread->result;
    CloseHandle(thread->handle);
    free(thread);
    return result;
}

void test_nap(double seconds)
{
    Sleep((DWORD)(seconds * 1000 + 0.999));
}

/* ---- processes ------------------------------------------------------------------ */

static uint64_t birth(HANDLE process)
{
    FILETIME created, others[3];
    if (!GetProcessTimes(process, &created, &others[0], &others[1], &others[2]))
        return 0;
    return (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
}

/* The parent's number alone says little: it may have been somebody else's before. */
static bool is_running_child(DWORD pid)
{
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, pid);
    if (process == NULL)
        return false;
    bool running = WaitForSingleObject(process, 0) == WAIT_TIMEOUT &&
                   birth(process) >= birth(GetCurrentProcess());
    CloseHandle(process);
    return running;
}

bool test_has_children(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    cr_assert_neq(snapshot, INVALID_HANDLE_VALUE);
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    bool found = false;
    for (BOOL more = Process32FirstW(snapshot, &entry); more && !found;
         more = Process32NextW(snapshot, &entry))
        found = entry.th32ParentProcessID == GetCurrentProcessId() &&
                is_running_child(entry.th32ProcessID);
    CloseHandle(snapshot);
    return found;
}

/* A process that has ended is gone, whoever still holds a handle of it. */
bool test_process_exists(int64_t pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
    if (process == NULL)
        return GetLastError() == ERROR_ACCESS_DENIED;
    bool running = WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
    CloseHandle(process);
    return running;
}

/* What has been committed for this process alone: Wine 8 tells it as the use of the paging
 * file only, Windows 7 as PrivateUsage only. */
size_t test_resident_bytes(void)
{
    PROCESS_MEMORY_COUNTERS_EX counters = {.cb = sizeof counters};
    cr_assert(K32GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&counters,
                                      sizeof counters));
    return counters.PrivateUsage > 0 ? counters.PrivateUsage : counters.PagefileUsage;
}

const char *test_child(void)
{
    enum { LONGEST = 4096 };
    static char path[3 * LONGEST];
    static const wchar_t name[] = L"\\child.exe";
    if (path[0] == '\0') {
        wchar_t wide[LONGEST + sizeof name];
        DWORD length = GetModuleFileNameW(NULL, wide, LONGEST);
        cr_assert(length > 0 && length < LONGEST);
        memcpy(wcsrchr(wide, L'\\'), name, sizeof name);
        cr_assert_gt(WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, sizeof path, NULL, NULL), 0);
    }
    return path;
}
