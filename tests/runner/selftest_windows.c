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
    {.arguments = NULL},
};

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

/* The output ends when every process that has it open is gone, so a process
 * left behind shows in the time that this takes. */
int selftest_run(const char *samples, const char *arguments, char *output, size_t size)
{
    char line[1024];
    HANDLE from, to;
    DWORD status = 0;
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    PROCESS_INFORMATION process;

    if (!CreatePipe(&from, &to, &inherited, 0))
        return -1;
    SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
    STARTUPINFOA startup = {
        .cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = to, .hStdError = to};
    make_line(line, sizeof line, samples, arguments);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        fprintf(stderr, "cannot start %s: error %lu\n", line, GetLastError());
        CloseHandle(from);
        CloseHandle(to);
        return -1;
    }
    CloseHandle(to);
    output[read_all(from, output, size)] = '\0';
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &status);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseHandle(from);
    return (int)status;
}
