/* Which file to execute, and by which command line.
 *
 * A name without a directory is looked for where CreateProcess would: beside this program,
 * in the system's folders, along the child's PATH; but not in the current folder, where
 * anybody may have put something.  A name without an extension gets .exe, or .com.  The
 * file is always given in full, so that what runs is what was found. */
#include "program_windows.h"

#include <limits.h>
#include <string.h>

#include "command_windows.h"
#include "memory.h"
#include "spawn.h"
#include "text_windows.h"

/* More than so many units of a command line the system does not take. */
enum { LINE_MAX_UNITS = 32766 };

static bool is_separator(wchar_t unit)
{
    return unit == L'\\' || unit == L'/';
}

/* ---- looking for a file -------------------------------------------------------- */

static bool is_file(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

static bool is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

static const wchar_t *last_part(const wchar_t *path)
{
    const wchar_t *part = path;
    for (; *path != L'\0'; path++)
        if (is_separator(*path) || *path == L':')
            part = path + 1;
    return part;
}

/* What may stand for a name, in the order in which they are tried. */
static const wchar_t *const plain_name[] = {L".exe", L".com", L".bat", L".cmd", L""};
static const wchar_t *const with_extension[] = {L"", L".exe", L".com", L".bat", L".cmd"};
enum { EXTENSIONS = sizeof plain_name / sizeof *plain_name };

static bool is_batch_extension(const wchar_t *extension)
{
    return brood__text_is(extension, wcslen(extension), ".bat") ||
           brood__text_is(extension, wcslen(extension), ".cmd");
}

/* path with one of the extensions, if there is such a file; NULL left at *found: none. */
static int try_extensions(const wchar_t *path, bool batch, wchar_t **found)
{
    const wchar_t *const *extensions =
        wcschr(last_part(path), L'.') == NULL ? plain_name : with_extension;
    for (int i = 0; i < EXTENSIONS; i++) {
        wchar_t *candidate;
        if (!batch && is_batch_extension(extensions[i]))
            continue;
        int error = brood__text_join(path, extensions[i], &candidate);
        if (error < 0)
            return error;
        if (is_file(candidate)) {
            *found = candidate;
            return 0;
        }
        brood__free(candidate);
    }
    return 0;
}

/* In the folder of `len` units, quoted or not; an empty one is none. */
static int try_folder(const wchar_t *folder, size_t len, const wchar_t *name, bool batch,
                      wchar_t **found)
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
        error = try_extensions(full, batch, found);
    brood__free(full);
    return error;
}

/* A semicolon between quotes is part of a name. */
static size_t entry_length(const wchar_t *folders)
{
    bool quoted = false;
    size_t length = 0;
    for (; folders[length] != L'\0' && (quoted || folders[length] != L';'); length++)
        quoted ^= folders[length] == L'"';
    return length;
}

static int try_folders(const wchar_t *folders, const wchar_t *name, bool batch, wchar_t **found)
{
    int error = 0;
    while (error == 0 && *found == NULL && *folders != L'\0') {
        size_t length = entry_length(folders);
        error = try_folder(folders, length, name, batch, found);
        folders += length;
        folders += *folders == L';';
    }
    return error;
}

/* The folder of this program, and the system's two. */
static int try_system(const wchar_t *name, bool batch, wchar_t **found)
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
        error = try_folder(folder, length, name, batch, found);
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

static int search(const wchar_t *name, const brood_spawn_options *options, wchar_t **found)
{
    wchar_t *path = NULL;
    int error = try_system(name, options->allow_batch, found);
    if (error == 0 && *found == NULL)
        error = path_of(options->env, &path);
    if (error == 0 && path != NULL)
        error = try_folders(path, name, options->allow_batch, found);
    brood__free(path);
    return error == 0 && *found == NULL ? BROOD_ENOENT : error;
}

/* ---- a path that was given ------------------------------------------------------- */

static bool is_relative(const wchar_t *path)
{
    return !is_separator(path[0]) && (path[0] == L'\0' || path[1] != L':');
}

/* It counts from the child's folder.  One that does not exist is left to the system, which
 * says why. */
static int resolve(const wchar_t *name, const brood_spawn_options *options, wchar_t **found)
{
    wchar_t *cwd = NULL, *start = NULL, *path = NULL, *full = NULL;
    int error = 0;
    if (options->cwd != NULL && is_relative(name)) {
        error = brood__text_wide(options->cwd, &cwd);
        if (error == 0)
            error = brood__text_join(cwd, L"\\", &start);
        if (error == 0)
            error = brood__text_join(start, name, &path);
    }
    if (error == 0)
        error = brood__text_full_path(path != NULL ? path : name, &full);
    if (error == 0)
        error = try_extensions(full, options->allow_batch, found);
    if (error == 0 && *found == NULL && is_folder(full))
        error = BROOD_EACCES;
    if (error == 0 && *found == NULL) {
        *found = full;
        full = NULL;
    }
    brood__free(cwd);
    brood__free(start);
    brood__free(path);
    brood__free(full);
    return error;
}

static int find_file(struct brood__program *program, const brood_spawn_options *options,
                     const char *file)
{
    wchar_t *name;
    program->name = file;
    if (*file == '\0')
        return BROOD_ENOENT;
    int error = brood__text_wide(file, &name);
    if (error < 0)
        return error;
    bool is_bare = *last_part(name) != L'\0' && last_part(name) == name;
    error =
        is_bare ? search(name, options, &program->path) : resolve(name, options, &program->path);
    brood__free(name);
    return error;
}

/* ---- cmd.exe ------------------------------------------------------------------------ */

/* The system ignores blanks and dots at the end of a name, and so does this. */
static bool is_batch(const wchar_t *path)
{
    size_t length = wcslen(path);
    while (length > 0 && (path[length - 1] == L' ' || path[length - 1] == L'.'))
        length--;
    return length >= 4 && (brood__text_is(path + length - 4, 4, ".bat") ||
                           brood__text_is(path + length - 4, 4, ".cmd"));
}

static int use_system_shell(struct brood__program *program)
{
    wchar_t folder[MAX_PATH + 1];
    UINT length = GetSystemDirectoryW(folder, MAX_PATH);
    if (length == 0 || length >= MAX_PATH)
        return BROOD_ENOENT;
    brood__free(program->path);
    program->path = NULL;
    return brood__text_join(folder, L"\\cmd.exe", &program->path);
}

/* %COMSPEC%, if that is a whole path. */
static int use_shell(struct brood__program *program)
{
    wchar_t *shell;
    int error = brood__text_variable(L"COMSPEC", &shell);
    if (error < 0)
        return error;
    program->name = "%COMSPEC%";
    if (shell != NULL && !is_relative(shell)) {
        program->path = shell;
        return 0;
    }
    brood__free(shell);
    return use_system_shell(program);
}

/* ---- all of it ------------------------------------------------------------------------ */

static int to_utf8(const wchar_t *text, brood_buffer *out)
{
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    if (length <= 0)
        return BROOD_EINVAL;
    char *bytes = brood__realloc(NULL, (size_t)length);
    if (bytes == NULL)
        return BROOD_ENOMEM;
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, length, NULL, NULL);
    int error = brood_buffer_append(out, bytes, (size_t)length - 1);
    brood__free(bytes);
    return error;
}

static int join_batch(struct brood__program *program, const brood_spawn_options *options,
                      brood_buffer *line)
{
    const char *bad = program->name;
    brood_buffer file = {0};
    if (!options->allow_batch)
        return brood__spawn_failed(options, BROOD_EINVAL, "batch", program->name);
    int error = to_utf8(program->path, &file);
    if (error == 0)
        error = brood__command_join_batch(file.data, options->argv, line, &bad);
    brood_buffer_free(&file);
    if (error == 0)
        error = use_system_shell(program);
    return error < 0 ? brood__spawn_failed(options, error, "batch", bad) : 0;
}

static int join(struct brood__program *program, const brood_spawn_options *options,
                brood_buffer *line)
{
    int error;
    if (options->shell != NULL)
        error = brood__command_shell(options->shell, line);
    else if (is_batch(program->path))
        return join_batch(program, options, line);
    else if (options->verbatim_args)
        error = brood__command_join_verbatim(options->argv, line);
    else
        error = brood__command_join(options->argv, line);
    return error < 0 ? brood__spawn_failed(options, error, "options", "argv") : 0;
}

static int make_line(struct brood__program *program, const brood_spawn_options *options,
                     const brood_buffer *line)
{
    size_t count;
    int error = brood__text_wide_bytes(line->data, line->len, &program->line, &count);
    if (error == 0 && count > LINE_MAX_UNITS)
        error = BROOD_E2BIG;
    return error < 0 ? brood__spawn_failed(options, error, "exec", program->name) : 0;
}

int brood__program_find(struct brood__program *program, const brood_spawn_options *options)
{
    const char *file = options->executable;
    brood_buffer line = {0};
    if (file == NULL && options->argv != NULL)
        file = options->argv[0];
    int error = file != NULL ? find_file(program, options, file) : use_shell(program);
    if (error < 0)
        return brood__spawn_failed(options, error, "exec", program->name);
    error = join(program, options, &line);
    if (error == 0)
        error = make_line(program, options, &line);
    brood_buffer_free(&line);
    return error;
}

void brood__program_free(struct brood__program *program)
{
    brood__free(program->path);
    brood__free(program->line);
}
