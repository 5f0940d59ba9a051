/* This program as a child, and a folder for files. */
#include "helpers_act_windows.h"

#include <stdio.h>
#include <wchar.h>

#include <shellapi.h>

enum { PATH_ROOM = 2048 };

static void write_to(DWORD which, const void *data, size_t len)
{
    const char *bytes = data;
    DWORD n = 0;
    for (; len > 0; bytes += n, len -= n)
        if (!WriteFile(GetStdHandle(which), bytes, (DWORD)len, &n, NULL))
            ExitProcess(121);
}

/* In UTF-8; with the NUL behind it, or without. */
static void write_wide(const wchar_t *text, bool with_end)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc((size_t)size);
    if (bytes == NULL)
        ExitProcess(122);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    write_to(STD_OUTPUT_HANDLE, bytes, (size_t)size - !with_end);
    free(bytes);
}

/* ---- acting ------------------------------------------------------------------------ */

static void write_environment(void)
{
    for (const wchar_t *entry = GetEnvironmentStringsW(); *entry != 0; entry += wcslen(entry) + 1)
        write_wide(entry, true);
}

static void write_path(bool own)
{
    static wchar_t path[PATH_ROOM];
    if (own)
        GetModuleFileNameW(NULL, path, PATH_ROOM);
    else
        GetCurrentDirectoryW(PATH_ROOM, path);
    write_wide(path, false);
}

static UINT standard_devices(void)
{
    return (GetFileType(GetStdHandle(STD_INPUT_HANDLE)) == FILE_TYPE_CHAR ? 1u : 0u) +
           (GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_CHAR ? 2u : 0u) +
           (GetFileType(GetStdHandle(STD_ERROR_HANDLE)) == FILE_TYPE_CHAR ? 4u : 0u);
}

static UINT window_wanted(void)
{
    STARTUPINFOW start;
    GetStartupInfoW(&start);
    return start.dwFlags & STARTF_USESHOWWINDOW ? 256u + start.wShowWindow : 0;
}

static HANDLE handle_named(const wchar_t *number)
{
    return (HANDLE)(intptr_t)wcstoull(number, NULL, 10);
}

static void be_deaf(const wchar_t *gate)
{
    char byte;
    DWORD n;
    CloseHandle(GetStdHandle(STD_INPUT_HANDLE));
    write_to(STD_OUTPUT_HANDLE, "deaf\n", 5);
    ReadFile(handle_named(gate), &byte, 1, &n, NULL);
}

static UINT act(const wchar_t *action, int argc, wchar_t **argv)
{
    if (wcscmp(action, L"arguments") == 0) {
        for (int i = 0; i < argc; i++)
            write_wide(argv[i], true);
    } else if (wcscmp(action, L"line") == 0) {
        write_wide(GetCommandLineW(), false);
    } else if (wcscmp(action, L"environment") == 0) {
        write_environment();
    } else if (wcscmp(action, L"path") == 0 || wcscmp(action, L"cwd") == 0) {
        write_path(*action == L'p');
    } else if (wcscmp(action, L"set") == 0) {
        for (int i = 1; i < argc; i++)
            SetEvent(handle_named(argv[i]));
    } else if (wcscmp(action, L"both") == 0) {
        write_to(STD_OUTPUT_HANDLE, "one", 3);
        write_to(STD_ERROR_HANDLE, "two", 3);
        write_to(STD_OUTPUT_HANDLE, "three", 5);
    } else if (wcscmp(action, L"standard") == 0) {
        return standard_devices();
    } else if (wcscmp(action, L"deaf") == 0 && argc > 1) {
        be_deaf(argv[1]);
    } else if (wcscmp(action, L"priority") == 0) {
        return GetPriorityClass(GetCurrentProcess());
    } else if (wcscmp(action, L"window") == 0) {
        return window_wanted();
    } else if (wcscmp(action, L"exit") == 0 && argc > 1) {
        return (UINT)wcstoull(argv[1], NULL, 10);
    } else {
        return 120;
    }
    return 0;
}

/* "act:NAME" or "...\act_NAME.exe"; false: neither. */
static bool find_action(wchar_t *text, const wchar_t *start, wchar_t **action)
{
    wchar_t *name = wcsrchr(text, L'\\');
    name = name != NULL ? name + 1 : text;
    if (wcsncmp(name, start, 4) != 0)
        return false;
    *action = name + 4;
    wchar_t *end = wcschr(*action, L'.');
    if (end != NULL)
        *end = L'\0';
    return true;
}

__attribute__((constructor)) static void act_if_told(void)
{
    static wchar_t path[PATH_ROOM];
    static wchar_t label[PATH_ROOM];
    wchar_t *action;
    int argc = 0;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    GetModuleFileNameW(NULL, path, PATH_ROOM - 1);
    if (argv == NULL || argc == 0 || wcslen(argv[0]) >= PATH_ROOM)
        return;
    wcscpy(label, argv[0]);
    if (find_action(label, L"act:", &action) || find_action(path, L"act_", &action))
        ExitProcess(act(action, argc, argv));
    LocalFree(argv);
}

/* ---- running it --------------------------------------------------------------------- */

bool under_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

const char *act_program(void)
{
    static char path[3 * PATH_ROOM];
    wchar_t own[PATH_ROOM];
    GetModuleFileNameW(NULL, own, PATH_ROOM);
    WideCharToMultiByte(CP_UTF8, 0, own, -1, path, sizeof path, NULL, NULL);
    return path;
}

static int run(brood_spawn_options options, const char *const *argv, brood_result *result)
{
    brood_loop *loop = test_loop();
    options.argv = argv;
    if (options.executable == NULL && argv != NULL && strncmp(argv[0], "act:", 4) == 0)
        options.executable = act_program();
    if (options.out.kind == BROOD_INHERIT)
        options.out.kind = BROOD_PIPE;
    if (options.err.kind == BROOD_INHERIT)
        options.err.kind = BROOD_PIPE;
    int error = brood_run(loop, &options, NULL, 0, result, test_deadline());
    test_loop_close(loop);
    return error;
}

brood_result act_run(brood_spawn_options options, const char *const *argv)
{
    brood_result result;
    brood_spawn_failure failure = {.step = ""};
    options.failure = &failure;
    int error = run(options, argv, &result);
    cr_assert_eq(error, 0, "%s %s %s", brood_errname(error), failure.step, failure.what);
    return result;
}

const char *act_text(brood_spawn_options options, const char *const *argv, size_t *len)
{
    static char text[262144];
    brood_result result = act_run(options, argv);
    cr_expect_eq(result.returncode, 0, "%s ended with %lld: %s", argv != NULL ? argv[0] : "it",
                 (long long)result.returncode, result.err.data);
    cr_assert_lt(result.out.len, sizeof text);
    if (result.out.len > 0)
        memcpy(text, result.out.data, result.out.len);
    text[result.out.len] = '\0';
    if (len != NULL)
        *len = result.out.len;
    brood_result_free(&result);
    return text;
}

const char *act_failure(brood_spawn_options options, const char *const *argv)
{
    static char text[512];
    brood_result result;
    brood_spawn_failure failure = {.step = ""};
    options.failure = &failure;
    int error = run(options, argv, &result);
    if (error == 0) {
        brood_result_free(&result);
        return "started";
    }
    cr_expect_eq(failure.error, error);
    snprintf(text, sizeof text, "%s %s %s", brood_errname(error), failure.step, failure.what);
    return text;
}

/* ---- text and files -------------------------------------------------------------- */

const wchar_t *wide(const char *text)
{
    static wchar_t texts[8][PATH_ROOM];
    static unsigned next;
    wchar_t *made = texts[next++ % 8];
    cr_assert_gt(MultiByteToWideChar(CP_UTF8, 0, text, -1, made, PATH_ROOM), 0);
    return made;
}

static char own_folder[3 * PATH_ROOM];

void folder_begin(void)
{
    wchar_t path[PATH_ROOM];
    DWORD length = GetTempPathW(PATH_ROOM - 32, path);
    cr_assert_gt(length, 0);
    for (unsigned attempt = GetCurrentProcessId();; attempt++) {
        swprintf(path + length, 32, L"brood-%x", attempt);
        if (CreateDirectoryW(path, NULL))
            break;
        cr_assert_eq(GetLastError(), ERROR_ALREADY_EXISTS);
    }
    WideCharToMultiByte(CP_UTF8, 0, path, -1, own_folder, sizeof own_folder, NULL, NULL);
}

static void remove_all(const wchar_t *path)
{
    wchar_t inside[PATH_ROOM];
    WIN32_FIND_DATAW found;
    swprintf(inside, PATH_ROOM, L"%ls\\*", path);
    HANDLE search = FindFirstFileW(inside, &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        if (wcscmp(found.cFileName, L".") == 0 || wcscmp(found.cFileName, L"..") == 0)
            continue;
        swprintf(inside, PATH_ROOM, L"%ls\\%ls", path, found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            remove_all(inside);
        else
            DeleteFileW(inside);
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    RemoveDirectoryW(path);
}

/* A program that has just ended may be in use for a moment still. */
void folder_end(void)
{
    brood_time patience = brood_in(2);
    do
        remove_all(wide(own_folder));
    while (GetFileAttributesW(wide(own_folder)) != INVALID_FILE_ATTRIBUTES &&
           brood_now() < patience);
}

const char *folder(void)
{
    return own_folder;
}

const char *in_folder(const char *name)
{
    static char paths[8][3 * PATH_ROOM];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s\\%s", own_folder, name);
    return path;
}

const char *folder_make(const char *name)
{
    const char *path = in_folder(name);
    cr_assert(CreateDirectoryW(wide(path), NULL), "%s", path);
    return path;
}

const char *folder_file(const char *name, const char *text)
{
    const char *path = in_folder(name);
    DWORD n;
    HANDLE file = CreateFileW(wide(path), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    cr_assert_neq(file, INVALID_HANDLE_VALUE, "%s", path);
    cr_assert(WriteFile(file, text, (DWORD)strlen(text), &n, NULL));
    CloseHandle(file);
    return path;
}

const char *folder_act(const char *name)
{
    const char *path = in_folder(name);
    cr_assert(CopyFileW(wide(act_program()), wide(path), TRUE), "%s", path);
    return path;
}
