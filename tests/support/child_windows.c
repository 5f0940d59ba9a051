/* The child of the tests on Windows.  A descriptor up to 2 is a standard handle; a larger
 * number is a handle's value.  Descriptors of the C runtime are not used beyond these
 * three: what is read and written goes past it, and only printf goes through it. */
#include "child_program.h"

#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <tlhelp32.h>

/* No argument is a pattern that the C runtime should expand. */
extern int _dowildcard;
int _dowildcard = 0;

int wmain(int argc, wchar_t **argv); /* which no header declares everywhere */

static wchar_t **wide_arguments; /* all of them, the name included, and NULL */

/* UTF-8, never freed. */
static char *narrow(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = calloc((size_t)size + 1, 1);
    if (text == NULL)
        exit(124);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    return text;
}

static wchar_t *widen(const char *text)
{
    int size = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)size + 1, sizeof *wide);
    if (wide == NULL)
        exit(124);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, size);
    return wide;
}

/* A crash ends it with the code of the exception, and nobody is asked about it. */
static LONG WINAPI end_crashed(EXCEPTION_POINTERS *crash)
{
    TerminateProcess(GetCurrentProcess(), crash->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

/* A closed descriptor gives an error, as elsewhere, and does not end the program. */
static void pass_over(const wchar_t *expression, const wchar_t *function, const wchar_t *file,
                      unsigned line, uintptr_t reserved)
{
    (void)expression, (void)function, (void)file, (void)line, (void)reserved;
}

int wmain(int argc, wchar_t **argv)
{
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(end_crashed);
    _set_invalid_parameter_handler(pass_over);
    for (int fd = 0; fd < 3; fd++)
        _setmode(fd, _O_BINARY);
    wide_arguments = argv;
    char **narrowed = calloc((size_t)argc + 1, sizeof *narrowed);
    if (narrowed == NULL)
        return 124;
    for (int i = 0; i < argc; i++)
        narrowed[i] = narrow(argv[i]);
    return child_run(argc, narrowed);
}

/* ---- handles --------------------------------------------------------------------- */

/* INVALID_HANDLE_VALUE if it is closed. */
static HANDLE handle_of(int fd)
{
    if (fd > 2)
        return (HANDLE)(intptr_t)fd;
    intptr_t handle = _get_osfhandle(fd);
    return handle == -2 ? INVALID_HANDLE_VALUE : (HANDLE)handle; /* -2: never was there */
}

/* A pipe gives no bytes also when its other end has written none: its end is an error. */
long child_read_some(int fd, void *data, size_t len)
{
    HANDLE handle = handle_of(fd);
    DWORD n = 0;
    do {
        if (!ReadFile(handle, data, (DWORD)len, &n, NULL))
            return GetLastError() == ERROR_BROKEN_PIPE ? 0 : -1;
    } while (n == 0 && GetFileType(handle) == FILE_TYPE_PIPE);
    return (long)n;
}

long child_write_some(int fd, const void *data, size_t len)
{
    DWORD n = 0;
    return WriteFile(handle_of(fd), data, (DWORD)len, &n, NULL) ? (long)n : -1;
}

/* The C runtime knows when 1 and 2 are one handle, which lives until both are closed. */
void child_close(int fd)
{
    if (fd > 2)
        CloseHandle(handle_of(fd));
    else
        _close(fd);
}

/* Windows moves the offset of a file also when it is told where to read. */
bool child_show(int fd)
{
    char block[4096];
    HANDLE file = handle_of(fd);
    const LARGE_INTEGER here = {.QuadPart = 0};
    LARGE_INTEGER before;
    OVERLAPPED place = {0};
    DWORD n = 0;
    if (GetFileType(file) != FILE_TYPE_DISK || !SetFilePointerEx(file, here, &before, FILE_CURRENT))
        return false;
    while (ReadFile(file, block, sizeof block, &n, &place) && n > 0) {
        child_write(1, block, n);
        place.Offset += n;
    }
    bool whole = GetLastError() == ERROR_HANDLE_EOF;
    return SetFilePointerEx(file, before, NULL, FILE_BEGIN) && whole;
}

bool child_open(const char *path)
{
    HANDLE file = CreateFileW(widen(path), GENERIC_READ,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    return file != INVALID_HANDLE_VALUE;
}

/* ---- what it sees ---------------------------------------------------------------- */

static bool is_open(HANDLE handle)
{
    DWORD flags; /* INVALID_HANDLE_VALUE names the process itself */
    return handle != INVALID_HANDLE_VALUE && GetHandleInformation(handle, &flags);
}

/* What was inherited can be inherited again; what the system opens here, as the current
 * folder, can't. */
static bool is_inherited(HANDLE handle)
{
    DWORD flags;
    if (!GetHandleInformation(handle, &flags) || !(flags & HANDLE_FLAG_INHERIT))
        return false;
    DWORD type = GetFileType(handle);
    return type == FILE_TYPE_PIPE || type == FILE_TYPE_DISK;
}

/* The standard ones that are open, and the values of other pipes and files that were
 * inherited. */
void child_report_fds(void)
{
    const char *space = "";
    for (int fd = 0; fd < 3; fd++) {
        if (!is_open(handle_of(fd)))
            continue;
        printf("%s%d", space, fd);
        space = " ";
    }
    for (int value = 4; value < 4096; value += 4) {
        HANDLE handle = handle_of(value);
        if (handle == handle_of(0) || handle == handle_of(1) || handle == handle_of(2) ||
            !is_inherited(handle))
            continue;
        printf("%s%d", space, value);
        space = " ";
    }
    putchar('\n');
}

static DWORD parent_of(DWORD pid)
{
    DWORD parent = 0;
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    for (BOOL more = Process32FirstW(snapshot, &entry); more;
         more = Process32NextW(snapshot, &entry))
        if (entry.th32ProcessID == pid)
            parent = entry.th32ParentProcessID;
    CloseHandle(snapshot);
    return parent;
}

void child_report_session(void)
{
    DWORD pid = GetCurrentProcessId();
    printf("pid %lu ppid %lu\n", pid, parent_of(pid));
}

/* Names that begin with "=" are the shell's: each drive's current folder. */
void child_report_env(void)
{
    for (const wchar_t *entry = GetEnvironmentStringsW(); *entry != 0; entry += wcslen(entry) + 1)
        if (*entry != L'=')
            puts(narrow(entry));
}

void child_report_cwd(void)
{
    wchar_t path[4096];
    DWORD length = GetCurrentDirectoryW(sizeof path / sizeof *path, path);
    puts(length > 0 && length < sizeof path / sizeof *path ? narrow(path) : "?");
}

bool child_report_more(const char *what)
{
    (void)what;
    return false;
}

long long child_time_used(void)
{
    FILETIME created, ended, kernel, user;
    GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user);
    return (long long)(((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime) / 10000);
}

/* ---- what it does ---------------------------------------------------------------- */

/* Appends one argument, quoted so that a C runtime reads it as it stands: backslashes
 * count only before a quote. */
static wchar_t *add_quoted(wchar_t *to, const wchar_t *argument)
{
    size_t backslashes = 0;
    *to++ = L'"';
    for (; *argument != 0; argument++) {
        if (*argument == L'"')
            for (backslashes++; backslashes > 0; backslashes--)
                *to++ = L'\\';
        backslashes = *argument == L'\\' ? backslashes + 1 : 0;
        *to++ = *argument;
    }
    for (; backslashes > 0; backslashes--)
        *to++ = L'\\';
    *to++ = L'"';
    *to++ = L' ';
    *to = 0;
    return to;
}

/* The name and the arguments that are still to be read. */
static wchar_t *command_line(void)
{
    size_t all = 0, left = 0, room = 1;
    while (wide_arguments[all] != NULL)
        room += 2 * wcslen(wide_arguments[all++]) + 3;
    while (child_arguments[left] != NULL)
        left++;
    wchar_t *line = calloc(room, sizeof *line), *end = line;
    if (line == NULL)
        exit(124);
    end = add_quoted(end, wide_arguments[0]);
    for (size_t i = all - left; i < all; i++)
        end = add_quoted(end, wide_arguments[i]);
    return line;
}

/* There is no fork: a copy of the program begins with the arguments that follow.  It gets
 * every handle that can be inherited, under the same value, as after a fork. */
bool child_fork(void)
{
    wchar_t path[4096];
    STARTUPINFOW start = {.cb = sizeof start,
                          .dwFlags = STARTF_USESTDHANDLES,
                          .hStdInput = handle_of(0),
                          .hStdOutput = handle_of(1),
                          .hStdError = handle_of(2)};
    PROCESS_INFORMATION made;
    GetModuleFileNameW(NULL, path, sizeof path / sizeof *path);
    if (!CreateProcessW(path, command_line(), NULL, NULL, TRUE, 0, NULL, NULL, &start, &made))
        exit(124);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    char text[32];
    int length = snprintf(text, sizeof text, "%lu\n", made.dwProcessId);
    child_write(1, text, (size_t)length);
    return false;
}

void child_ignore(int signal)
{
    (void)signal;
}

void child_pause(void)
{
    for (;;)
        Sleep(INFINITE);
}

const char child_more_help[] = "";

bool child_act_more(const char *command)
{
    (void)command;
    return false;
}
