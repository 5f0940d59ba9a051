/* Isolation by starting this program again for each test, in a job of its own, which ends
 * whatever the test leaves behind; also when the runner itself is ended, whose handle is
 * the last of the job. */
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0a00
#endif
#define WIN32_LEAN_AND_MEAN
#include "isolate.h"
#include "runner_registry.h"

#include <fcntl.h>
#include <io.h>
#include <math.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <windows.h>

#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D /* Windows 10 */
#endif

#define RUN_ONE "--run-one" /* SUITE/NAME RECORD SHOWS_INFO: how a test's process is started */

enum { EXIT_LATE = 0x71e0 }; /* given to what is over its time; a number that nobody else has */

struct job {
    const struct cr_test *test;
    struct record *record;
    HANDLE mapping, process, job;
    double started;
    double deadline; /* INFINITY when it has passed */
    bool is_timed_out;
};

static struct job jobs[ISOLATE_LIMIT];
static int job_count;
static ULONG_PTR stack_low, stack_high; /* the first thread's, in a test's process */

/* ---- inside a test's process ------------------------------------------------------ */

static const struct cr_test *find_test(const struct cr_test *test, const char *name)
{
    while (test && !registry_matches(test, name))
        test = test->next;
    return test;
}

/* The mapping's handle came by inheritance; the test's own children do not get it. */
static struct record *open_record(const char *number)
{
    HANDLE mapping = (HANDLE)(intptr_t)strtoll(number, NULL, 10);
    struct record *record =
        MapViewOfFile(mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof *record);

    CloseHandle(mapping);
    return record;
}

/* Newer C libraries would file a crash report; only those could be told not to. */
static void on_abort(int number)
{
    (void)number;
    _Exit(3); /* the status that it has on Windows */
}

void isolate_enter(int argc, char **argv, const struct cr_test *tests)
{
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    if (argc != 5 || strcmp(argv[1], RUN_ONE) != 0)
        return;
    /* A crash is for the runner to tell, not for a window. */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    signal(SIGABRT, on_abort);
    GetCurrentThreadStackLimits(&stack_low, &stack_high);
    const struct cr_test *test = find_test(tests, argv[2]);
    struct record *record = open_record(argv[3]);
    if (!test || !record) {
        fprintf(stderr, "cannot run %s: error %lu\n", argv[2], GetLastError());
        exit(2);
    }
    if (*argv[4] == '1')
        body_show_info();
    body_run(test, record);
}

long isolate_process_id(void)
{
    return (long)GetCurrentProcessId();
}

bool isolate_can_jump(void)
{
    char here;
    ULONG_PTR at = (ULONG_PTR)&here;

    return at >= stack_low && at < stack_high;
}

/* ---- starting ---------------------------------------------------------------------- */

static double now_seconds(void)
{
    LARGE_INTEGER ticks, frequency;

    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart / (double)frequency.QuadPart;
}

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job &&
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        CloseHandle(job);
        return NULL;
    }
    return job;
}

/* A copy that can be inherited; NULL of none. */
static HANDLE inheritable(HANDLE handle)
{
    HANDLE self = GetCurrentProcess(), copy = NULL;

    if (!handle || handle == INVALID_HANDLE_VALUE ||
        !DuplicateHandle(self, handle, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return NULL;
    return copy;
}

/* What the runner itself has, or nothingness: the tests find all three in any case. */
static HANDLE inheritable_standard(DWORD which)
{
    HANDLE copy = inheritable(GetStdHandle(which));

    if (copy)
        return copy;
    HANDLE nothing = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    copy = inheritable(nothing);
    if (nothing != INVALID_HANDLE_VALUE)
        CloseHandle(nothing);
    return copy;
}

struct launch {
    HANDLE handles[4]; /* its standard handles and the mapping */
    DWORD handle_count;
    HANDLE job;
    wchar_t program[32768];
    wchar_t line[1024];
    alignas(16) char attributes[1024];
};

static bool fill_attributes(struct launch *launch)
{
    LPPROC_THREAD_ATTRIBUTE_LIST list = (LPPROC_THREAD_ATTRIBUTE_LIST)(void *)launch->attributes;
    SIZE_T size = sizeof launch->attributes;

    return InitializeProcThreadAttributeList(list, 2, 0, &size) &&
           UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, launch->handles,
                                     launch->handle_count * sizeof(HANDLE), NULL, NULL) &&
           UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &launch->job,
                                     sizeof(HANDLE), NULL, NULL);
}

static HANDLE launch_process(struct launch *launch, const HANDLE standard[3])
{
    PROCESS_INFORMATION process;
    STARTUPINFOEXW startup = {
        .StartupInfo = {.cb = sizeof startup,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = standard[0],
                        .hStdOutput = standard[1],
                        .hStdError = standard[2]},
        .lpAttributeList = (LPPROC_THREAD_ATTRIBUTE_LIST)(void *)launch->attributes,
    };

    if (!fill_attributes(launch))
        return NULL;
    BOOL made =
        CreateProcessW(launch->program, launch->line, NULL, NULL, TRUE,
                       EXTENDED_STARTUPINFO_PRESENT, NULL, NULL, &startup.StartupInfo, &process);
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    if (!made)
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

static HANDLE start_process(const struct cr_test *test, HANDLE mapping, HANDLE job)
{
    static const DWORD which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    static struct launch launch;
    HANDLE standard[3], process = NULL;

    launch.handle_count = 0;
    launch.job = job;
    for (int i = 0; i < 3; i++) {
        standard[i] = inheritable_standard(which[i]);
        if (standard[i])
            launch.handles[launch.handle_count++] = standard[i];
    }
    HANDLE copy = inheritable(mapping);
    launch.handles[launch.handle_count++] = copy;
    DWORD room = sizeof launch.program / sizeof *launch.program;
    DWORD length = GetModuleFileNameW(NULL, launch.program, room);
    int n = swprintf(launch.line, sizeof launch.line / sizeof *launch.line,
                     L"runner " RUN_ONE " %hs/%hs %lld %d", test->suite_name, test->name,
                     (long long)(intptr_t)copy, body_shows_info());
    if (copy && length > 0 && length < room && n > 0)
        process = launch_process(&launch, standard);
    for (DWORD i = 0; i < launch.handle_count; i++)
        if (launch.handles[i])
            CloseHandle(launch.handles[i]);
    return process;
}

static void release(struct job *job)
{
    if (job->record)
        UnmapViewOfFile(job->record);
    if (job->mapping)
        CloseHandle(job->mapping);
    if (job->process)
        CloseHandle(job->process);
    if (job->job)
        CloseHandle(job->job);
}

bool isolate_start(const struct cr_test *test, double timeout_seconds)
{
    struct job *job = &jobs[job_count];

    fflush(NULL);
    *job = (struct job){.test = test};
    job->mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                      sizeof *job->record, NULL);
    if (job->mapping)
        job->record =
            MapViewOfFile(job->mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, sizeof *job->record);
    job->job = make_job();
    if (job->record && job->job)
        job->process = start_process(test, job->mapping, job->job);
    if (!job->process) {
        fprintf(stderr, "cannot start a process: error %lu\n", GetLastError());
        release(job);
        return false;
    }
    job->started = now_seconds();
    job->deadline = job->started + timeout_seconds;
    job_count++;
    return true;
}

/* ---- waiting -------------------------------------------------------------------------- */

static void finish(struct job *job, struct outcome *ret_outcome)
{
    struct record *record = job->record;
    DWORD code = 0;

    TerminateJobObject(job->job, 1); /* those that it has left behind */
    GetExitCodeProcess(job->process, &code);
    *ret_outcome = (struct outcome){
        .test = job->test,
        .failures = record->failures,
        .is_skipped = record->is_skipped,
        .is_finished = record->is_finished,
        .is_timed_out = job->is_timed_out && code == EXIT_LATE,
        .exit_code = (int)code,
        .seconds = now_seconds() - job->started,
    };
    memcpy(ret_outcome->skip_reason, record->skip_reason, sizeof ret_outcome->skip_reason);
    release(job);
    *job = jobs[--job_count];
}

/* Kills what is over its time; returns the nearest deadline of the others. */
static double check_deadlines(void)
{
    double now = now_seconds();
    double nearest = INFINITY;

    for (int i = 0; i < job_count; i++) {
        if (jobs[i].deadline <= now) {
            jobs[i].is_timed_out = true;
            jobs[i].deadline = INFINITY;
            TerminateJobObject(jobs[i].job, EXIT_LATE);
        }
        if (jobs[i].deadline < nearest)
            nearest = jobs[i].deadline;
    }
    return nearest;
}

void isolate_wait(struct outcome *ret_outcome)
{
    HANDLE processes[ISOLATE_LIMIT];

    for (;;) {
        for (int i = 0; i < job_count; i++)
            processes[i] = jobs[i].process;
        double left = check_deadlines() - now_seconds();
        /* a bounded nap: the loop looks again anyway */
        left = left < 0 ? 0 : left > 60 ? 60 : left;
        DWORD ended =
            WaitForMultipleObjects((DWORD)job_count, processes, FALSE, (DWORD)(left * 1000) + 1);
        if (ended < WAIT_OBJECT_0 + (DWORD)job_count) {
            finish(&jobs[ended - WAIT_OBJECT_0], ret_outcome);
            return;
        }
        if (ended == WAIT_FAILED) {
            fprintf(stderr, "cannot wait for the tests: error %lu\n", GetLastError());
            exit(2);
        }
    }
}
