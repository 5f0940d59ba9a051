/* Which file to execute, and by which command line.  The file is always given in full, so
 * that what runs is what was found. */
#include "program_windows.h"

#include <string.h>

#include "command_windows.h"
#include "memory.h"
#include "search_windows.h"
#include "spawn.h"
#include "text_windows.h"

enum {
    LINE_MAX_UNITS = 32766, /* more than so many the system does not take */
    SHELL_LINE_MAX = 8191,  /* and cmd.exe                                */
};

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
    if (shell != NULL && brood__search_is_whole(shell)) {
        program->path = shell;
        return 0;
    }
    brood__free(shell);
    return use_system_shell(program);
}

/* ---- all of it ------------------------------------------------------------------------ */

static int to_utf8(const wchar_t *text, brood_buffer *out)
{
    int length = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, NULL, 0, NULL, NULL);
    if (length <= 0)
        return BROOD_EINVAL;
    char *bytes = brood__realloc(NULL, (size_t)length);
    if (bytes == NULL)
        return BROOD_ENOMEM;
    WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, bytes, length, NULL, NULL);
    int error = brood_buffer_append(out, bytes, (size_t)length - 1);
    brood__free(bytes);
    return error;
}

static int join_batch(struct brood__program *program, const brood_spawn_options *options,
                      brood_buffer *line)
{
    const char *bad = program->name;
    brood_buffer file = {0};
    if (!options->allow_batch || options->shell != NULL)
        return brood__spawn_failed(options, BROOD_EINVAL, "batch", program->name);
    int error = to_utf8(program->path, &file);
    if (error == 0)
        error = brood__command_join_batch(file.data, options->argv, line, &bad);
    brood_buffer_free(&file);
    if (error == 0)
        error = use_system_shell(program);
    program->is_batch = true;
    return error < 0 ? brood__spawn_failed(options, error, "batch", bad) : 0;
}

/* cmd.exe takes one line. */
static int join_shell(const brood_spawn_options *options, brood_buffer *line)
{
    int error = BROOD_EINVAL;
    if (strpbrk(options->shell, "\r\n") == NULL)
        error = brood__command_shell(options->shell, line);
    return error < 0 ? brood__spawn_failed(options, error, "options", "shell") : 0;
}

static int join(struct brood__program *program, const brood_spawn_options *options,
                brood_buffer *line)
{
    int error;
    if (is_batch(program->path))
        return join_batch(program, options, line);
    if (options->shell != NULL)
        return join_shell(options, line);
    if (options->verbatim_args)
        error = brood__command_join_verbatim(options->argv, line);
    else
        error = brood__command_join(options->argv, line);
    return error < 0 ? brood__spawn_failed(options, error, "options", "argv") : 0;
}

/* The argument that is no UTF-8. */
static const char *find_bad(const brood_spawn_options *options)
{
    const char *const shell[] = {options->shell, NULL};
    const char *const *argv = options->argv != NULL ? options->argv : shell;
    int error = 0;
    for (; *argv != NULL && error == 0; argv++) {
        wchar_t *wide = NULL;
        error = brood__text_wide(*argv, &wide);
        brood__free(wide);
    }
    return error < 0 ? argv[-1] : "";
}

static int make_line(struct brood__program *program, const brood_spawn_options *options,
                     const brood_buffer *line)
{
    size_t count;
    int error = brood__text_wide_bytes(line->data, line->len, &program->line, &count);
    if (error == BROOD_EINVAL)
        return brood__spawn_failed(options, error, "options", find_bad(options));
    bool for_shell = options->shell != NULL || program->is_batch;
    if (error == 0 && count > (for_shell ? SHELL_LINE_MAX : LINE_MAX_UNITS))
        error = BROOD_E2BIG;
    return error < 0 ? brood__spawn_failed(options, error, "exec", program->name) : 0;
}

int brood__program_find(struct brood__program *program, const brood_spawn_options *options)
{
    const char *file = options->executable;
    brood_buffer line = {0};
    if (file == NULL && options->argv != NULL)
        file = options->argv[0];
    program->name = file;
    int error = file != NULL ? brood__search(file, options, &program->path) : use_shell(program);
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
