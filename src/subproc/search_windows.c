/* Which file a program's name stands for.
 *
 * A name without a folder is looked for where CreateProcess would: beside this program,
 * in the system's folders, along the child's PATH; but not in the current folder, where
 * anybody may have put something.  A name without an extension gets one: .exe, .com, and
 * those of batch files, for which there is more to say than that nothing was found. */
#include "search_windows.h"

#include <string.h>

#include "memory.h"
#include "text_windows.h"

static bool is_separator(wchar_t unit)
{
    return unit == L'\\' || unit == L'/';
}

bool brood__search_is_whole(const wchar_t *path)
{
    return (is_separator(path[0]) && is_separator(path[1])) ||
           (path[0] != L'\0' && path[1] == L':' && is_separator(path[2]));
}

static bool is_relative(const wchar_t *path)
{
    return !is_separator(path[0]) && (path[0] == L'\0' || path[1] != L':');
}

static const wchar_t *last_part(const wchar_t *path)
{
    const wchar_t *part = path;
    for (; *path != L'\0'; path++)
        if (is_separator(*path) || *path == L':')
            part = path + 1;
    return part;
}

/* ---- one place --------------------------------------------------------------------- */

static bool is_there(const wchar_t *path, bool folder)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES &&
           ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) == folder;
}

/* path with one of the extensions, if there is such a file; NULL left at *found: none. */
static int try_extensions(const wchar_t *path, wchar_t **found)
{
    static const wchar_t *const for_plain_name[] = {L".exe", L".com", L".bat", L".cmd", L""};
    static const wchar_t *const for_others[] = {L"", L".exe", L".com", L".bat", L".cmd"};
    bool plain = wcschr(last_part(path), L'.') == NULL;
    for (int i = 0; i < 5; i++) {
        wchar_t *candidate;
        int error = brood__text_join(path, plain ? for_plain_name[i] : for_others[i], &candidate);
        if (error < 0)
            return error;
        if (is_there(candidate, false)) {
            *found = candidate;
            return 0;
        }
        brood__free(candidate);
    }
    return 0;
}

/* In the folder of `len` units, quoted or not; an empty one is none, and one that the system
 * does not understand has nothing in it. */
static int try_folder(const wchar_t *folder, size_t len, const wchar_t *name, wchar_t **found)
{
    if (len >= 2 && folder[0] == L'"' && folder[len - 1] == L'"') {
        folder++;
        len -= 2;
    }
    if (len == 0)
        return 0;
    wchar_t *start = brood__alloc((len + 2) * sizeof *start), *path, *full = NULL;
    if (start == NULL)
        return BROOD_ENOMEM;
    memcpy(start, folder, len * sizeof *start);
    start[len] = L'\\';
    int error = brood__text_join(start, name, &path);
    brood__free(start);
    if (error < 0)
        return error;
    error = brood__text_full_path(path, &full);
    brood__free(path);
    if (error == 0)
        error = try_extensions(full, found);
    brood__free(full);
    return error == BROOD_ENOMEM ? error : 0;
}

/* ---- all places ---------------------------------------------------------------------- */

/* A semicolon between quotes is part of a name. */
static size_t entry_length(const wchar_t *folders)
{
    bool quoted = false;
    size_t length = 0;
    for (; folders[length] != L'\0' && (quoted || folders[length] != L';'); length++)
        quoted ^= folders[length] == L'"';
    return length;
}

static int try_folders(const wchar_t *folders, const wchar_t *name, wchar_t **found)
{
    int error = 0;
    while (error == 0 && *found == NULL && *folders != L'\0') {
        size_t length = entry_length(folders);
        error = try_folder(folders, length, name, found);
        folders += length;
        folders += *folders == L';';
    }
    return error;
}

/* The folder of this program, and the system's two. */
static int try_system(const wchar_t *name, wchar_t **found)
{
    enum { ROOM = 32768 };
    wchar_t *folder = brood__realloc(NULL, ROOM * sizeof *folder);
    if (folder == NULL)
        return BROOD_ENOMEM;
    int error = 0;
    for (int which = 0; which < 3 && error == 0 && *found == NULL; which++) {
        UINT length = which == 0   ? GetModuleFileNameW(NULL, folder, ROOM)
                      : which == 1 ? GetSystemDirectoryW(folder, ROOM)
                                   : GetWindowsDirectoryW(folder, ROOM);
        if (length == 0 || length >= ROOM)
            continue;
        if (which == 0)
            length = (UINT)(last_part(folder) - folder);
        error = try_folder(folder, length, name, found);
    }
    brood__free(folder);
    return error;
}

/* PATH of the environment that the child gets. */
static int path_of(const char *const *env, wchar_t **path)
{
    if (env == NULL)
        return brood__text_variable(L"PATH", path);
    *path = NULL;
    for (; *env != NULL; env++) {
        wchar_t *entry;
        int error = brood__text_wide(*env, &entry);
        if (error < 0)
            return error;
        if (wcslen(entry) >= 5 && brood__text_is(entry, 5, "PATH=")) {
            memmove(entry, entry + 5, (wcslen(entry) - 4) * sizeof *entry);
            *path = entry;
            return 0;
        }
        brood__free(entry);
    }
    return 0;
}

/* "." and "..", with blanks or without, are folders wherever they are. */
static bool is_folder_name(const wchar_t *name)
{
    return name[wcsspn(name, L". ")] == L'\0';
}

static int search(const wchar_t *name, const brood_spawn_options *options, wchar_t **found)
{
    wchar_t *path = NULL;
    if (is_folder_name(name))
        return BROOD_ENOENT;
    int error = try_system(name, found);
    if (error == 0 && *found == NULL)
        error = path_of(options->env, &path);
    if (error == 0 && path != NULL)
        error = try_folders(path, name, found);
    brood__free(path);
    return error == 0 && *found == NULL ? BROOD_ENOENT : error;
}

/* ---- a path that was given ------------------------------------------------------------ */

/* A relative one counts from the child's folder. */
static int full_path(const wchar_t *name, const brood_spawn_options *options, wchar_t **full)
{
    wchar_t *cwd = NULL, *start = NULL, *path = NULL;
    int error = 0;
    if (options->cwd != NULL && is_relative(name)) {
        error = brood__text_wide(options->cwd, &cwd);
        if (error == 0)
            error = brood__text_join(cwd, L"\\", &start);
        if (error == 0)
            error = brood__text_join(start, name, &path);
    }
    if (error == 0)
        error = brood__text_full_path(path != NULL ? path : name, full);
    brood__free(cwd);
    brood__free(start);
    brood__free(path);
    return error;
}

/* One that does not exist is left to the system, which says why. */
static int resolve(const wchar_t *name, const brood_spawn_options *options, wchar_t **found)
{
    wchar_t *full;
    int error = full_path(name, options, &full);
    if (error < 0)
        return error;
    error = try_extensions(full, found);
    if (error == 0 && *found == NULL && is_there(full, true))
        error = BROOD_EACCES;
    if (error == 0 && *found == NULL)
        *found = full;
    else
        brood__free(full);
    return error;
}

int brood__search(const char *name, const brood_spawn_options *options, wchar_t **path)
{
    wchar_t *wide;
    if (*name == '\0')
        return BROOD_ENOENT;
    int error = brood__text_wide(name, &wide);
    if (error < 0)
        return error;
    error = last_part(wide) == wide ? search(wide, options, path) : resolve(wide, options, path);
    brood__free(wide);
    return error;
}
