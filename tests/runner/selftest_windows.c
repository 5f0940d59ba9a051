/* The runner's own tests on Windows: crashes and what is left behind. */
#define WIN32_LEAN_AND_MEAN
#include "selftest.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

const struct expectation selftest_more[] = {
    {"--filter sample_fail/crashes",
     1,
     {"FAIL sample_fail::crashes: ended with 0xC0000005 (", ONE_FAILED}},
    {"--filter sample_fail/overflows",
     1,
     {"FAIL sample_fail::overflows: ended with 0xC00000FD (", ONE_FAILED}},
    {"--filter sample_fail/aborts", 1, {"FAIL sample_fail::aborts: ", ONE_FAILED}},

    /* a crash is one failed test, and not the end */
    {"--filter 'sample_fail/*s' --verbose",
     1,
     {"FAIL sample_fail::aborts", "FAIL sample_fail::crashes", "FAIL sample_fail::expects",
      "FAIL sample_fail::no_status", "FAIL sample_fail::overflows"}},

    /* the same totals one by one and in parallel */
    {"--filter 'sample*'", 1, {"6 passed, 18 failed, 3 skipped\n"}},
    {"--filter 'sample*' -j 4", 1, {"6 passed, 18 failed, 3 skipped\n"}},
    {"--filter 'sample*' --jobs=64 --verbose", 1, {"6 passed, 18 failed, 3 skipped\n"}},
    {"--filter 'pair/*' -j2", 0, {"2 passed, 0 failed, 0 skipped\n"}},

    /* an assertion on a stack that no jump can leave */
    {"--filter own/fiber",
     1,
     {"!fini", "!not reached", "cr_assert(false, \"from a fiber\"): from a fiber\n",
      "FAIL own::fiber: failed assertions: 1 (", ONE_FAILED}},

    /* a runner that is ended takes its tests along */
    {"--filter stop/runner", 128 + 15, {"!passed"}},
    {.arguments = NULL},
};

enum { RUN_SECONDS = 60 };

/* A word in single quotes becomes one in double quotes. */
static void make_line(char *line, size_t size, const char *samples, const char *arguments)
{
    snprintf(line, size, "\"%s\" %s", samples, arguments);
    for (char *quote = line; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
}

static size_t read_all(HANDLE pipe, char *output, size_t size)
{
    size_t length = 0;
    DWORD n;

    while (length < size - 1 &&
           ReadFile(pipe, output + length, (DWORD)(size - 1 - length), &n, NULL) && n > 0)
        length += n;
    return length;
}

static void CALLBACK end_job(void *job, BOOLEAN timed_out)
{
    (void)timed_out;
    TerminateJobObject(job, 1);
}

/* In a job, so that whatever is left of it can be ended. */
static HANDLE start(char *line, HANDLE output, HANDLE job)
{
    PROCESS_INFORMATION process;
    STARTUPINFOA startup = {.cb = sizeof startup,
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdOutput = output,
                            .hStdError = output};

    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup,
                        &process)) {
        fprintf(stderr, "cannot start %s: error %lu\n", line, GetLastError());
        return NULL;
    }
    AssignProcessToJobObject(job, process.hProcess);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    return process.hProcess;
}

/* The output ends when every process that has it open is gone, so a process
 * left behind shows in the time that this takes. */
static int read_to_end(HANDLE process, HANDLE job, HANDLE from, char *output, size_t size)
{
    HANDLE timer = NULL;
    DWORD status = 0;

    CreateTimerQueueTimer(&timer, NULL, end_job, job, RUN_SECONDS * 1000, 0, WT_EXECUTEONLYONCE);
    output[read_all(from, output, size)] = '\0';
    WaitForSingleObject(process, INFINITE);
    DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE);
    GetExitCodeProcess(process, &status);
    return (int)status;
}

int selftest_run(const char *samples, const char *arguments, char *output, size_t size)
{
    char line[1024];
    HANDLE from, to;
    int status = -1;
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};

    output[0] = '\0';
    if (!CreatePipe(&from, &to, &inherited, 0))
        return -1;
    SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
    make_line(line, sizeof line, samples, arguments);
    HANDLE job = CreateJobObjectW(NULL, NULL);
    HANDLE process = start(line, to, job);
    CloseHandle(to); /* or the output would never end */
    if (process) {
        status = read_to_end(process, job, from, output, size);
        CloseHandle(process);
    }
    CloseHandle(job);
    CloseHandle(from);
    return status;
}
