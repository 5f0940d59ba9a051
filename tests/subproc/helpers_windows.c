/* What the tests of spawning and watching ask of Windows. */
#include "helpers.h"

#include <wchar.h>
#include <windows.h>

enum { ROOM = 1024 };

void wait_zombie(int64_t pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
    if (process == NULL) /* nobody holds a handle of it any more */
        return;
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
}

/* There is no index, nor a mask. */
void make_room(brood_loop *loop)
{
    brood_loop_step(loop, BROOD_NOWAIT);
}

void note_mask(void)
{
}

bool mask_is_changed(void)
{
    return false;
}

/* ---- text ------------------------------------------------------------------------- */

/* UTF-16; a few are valid at a time. */
static const wchar_t *wide(const char *text)
{
    static wchar_t rooms[4][ROOM];
    static unsigned next;
    wchar_t *room = rooms[next++ % 4];
    if (MultiByteToWideChar(CP_UTF8, 0, text, -1, room, ROOM) == 0)
        abort();
    return room;
}

static void narrow(const wchar_t *text, char *to, size_t size)
{
    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, to, (int)size, NULL, NULL) == 0)
        abort();
}

void set_variable(const char *name, const char *value)
{
    const wchar_t *wide_name = wide(name);
    SetEnvironmentVariableW(wide_name, value != NULL ? wide(value) : NULL);
}

/* ---- files that are lent ---------------------------------------------------------- */

static HANDLE handle_of(intptr_t file)
{
    return (HANDLE)file;
}

static void write_all(HANDLE file, const char *text)
{
    DWORD n = 0;
    if (!WriteFile(file, text, (DWORD)strlen(text), &n, NULL) || n != strlen(text))
        abort();
}

static void temporary_folder(wchar_t folder[ROOM])
{
    DWORD length = GetTempPathW(ROOM, folder);
    if (length == 0 || length >= ROOM)
        abort();
}

/* It has a name, and goes when it is closed. */
intptr_t lent_text(const char *text)
{
    wchar_t folder[ROOM], path[MAX_PATH + 1];
    temporary_folder(folder);
    if (GetTempFileNameW(folder, L"brd", 0, path) == 0)
        abort();
    HANDLE file = CreateFileW(
        path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
        NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE)
        abort();
    write_all(file, text);
    return (intptr_t)file;
}

void rewind_lent(intptr_t file)
{
    SetFilePointer(handle_of(file), 0, NULL, FILE_BEGIN);
}

void close_lent(intptr_t file)
{
    if (!CloseHandle(handle_of(file)))
        abort();
}

/* ---- files that have a name ------------------------------------------------------- */

char scratch[512];

void scratch_begin(void)
{
    static unsigned number;
    wchar_t folder[ROOM], path[ROOM + 64];
    temporary_folder(folder);
    do
        swprintf(path, sizeof path / sizeof *path, L"%lsbrood-%lx-%u", folder,
                 GetCurrentProcessId(), number++);
    while (!CreateDirectoryW(path, NULL) && GetLastError() == ERROR_ALREADY_EXISTS);
    narrow(path, scratch, sizeof scratch);
}

static void remove_tree(const wchar_t *path)
{
    wchar_t inner[ROOM];
    WIN32_FIND_DATAW entry;
    swprintf(inner, ROOM, L"%ls\\*", path);
    HANDLE list = FindFirstFileW(inner, &entry);
    for (BOOL more = list != INVALID_HANDLE_VALUE; more; more = FindNextFileW(list, &entry)) {
        if (wcscmp(entry.cFileName, L".") == 0 || wcscmp(entry.cFileName, L"..") == 0)
            continue;
        swprintf(inner, ROOM, L"%ls\\%ls", path, entry.cFileName);
        if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
            remove_tree(inner);
        else
            DeleteFileW(inner);
    }
    if (list != INVALID_HANDLE_VALUE)
        FindClose(list);
    RemoveDirectoryW(path);
}

void scratch_end(void)
{
    remove_tree(wide(scratch));
}

const char *in_scratch(const char *name)
{
    static char paths[8][ROOM];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, ROOM, "%s\\%s", scratch, name);
    return path;
}

const char *make_folder(const char *name)
{
    const char *path = in_scratch(name);
    if (!CreateDirectoryW(wide(path), NULL))
        abort();
    return path;
}

const char *make_file(const char *name, const char *text, unsigned mode)
{
    (void)mode;
    const char *path = in_scratch(name);
    HANDLE file = CreateFileW(wide(path), GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        abort();
    write_all(file, text);
    CloseHandle(file);
    return path;
}

const char *file_text(const char *path)
{
    static char text[4096];
    DWORD n = 0;
    HANDLE file = CreateFileW(wide(path), GENERIC_READ,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (!ReadFile(file, text, sizeof text - 1, &n, NULL))
            n = 0;
        CloseHandle(file);
    }
    text[n] = '\0';
    return text;
}
