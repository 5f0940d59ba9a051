/* What to execute: the shell, a path, or a name that is looked for along the
 * child's PATH.  The search itself is the child's, by trying to execute: only
 * there do relative directories and permissions mean what they should. */
#include "program_posix.h"

#include <string.h>

#include "memory.h"
#include "spawn.h"

static const char default_path[] = "/bin:/usr/bin";

static const char *path_in(const char *const *env)
{
    for (; *env != NULL; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            return *env + 5;
    return default_path;
}

/* One block: the array of pointers, then the strings. */
static int list_paths(struct brood__program *program, const char *search)
{
    size_t directories = 1, name = strlen(program->name);
    for (const char *c = search; *c != '\0'; c++)
        directories += *c == ':';
    size_t array = (directories + 1) * sizeof(char *);
    /* Each directory with its separator as '/', the name, and a NUL; an empty
     * directory means the current one. */
    program->memory = brood__realloc(NULL, array + strlen(search) + directories * (name + 3));
    if (program->memory == NULL)
        return BROOD_ENOMEM;

    const char **paths = (const char **)(void *)program->memory;
    char *end = program->memory + array;
    for (size_t i = 0; i < directories; i++) {
        size_t length = strcspn(search, ":");
        paths[i] = end;
        if (length == 0)
            *end++ = '.';
        memcpy(end, search, length);
        end += length;
        *end++ = '/';
        memcpy(end, program->name, name + 1);
        end += name + 1;
        search += length + 1;
    }
    paths[directories] = NULL;
    program->paths = paths;
    return 0;
}

int brood__program_find(struct brood__program *program, const brood_spawn_options *options,
                        const char *const *env)
{
    program->argv = options->argv;
    program->name = options->executable;
    if (options->shell != NULL) {
        const char *shell = options->executable != NULL ? options->executable : "/bin/sh";
        const char *argv[] = {shell, "-c", options->shell, NULL};
        memcpy(program->shell_argv, argv, sizeof argv);
        program->argv = program->shell_argv;
    }
    if (program->name == NULL)
        program->name = program->argv[0];

    if (strchr(program->name, '/') == NULL && *program->name != '\0') {
        int error = list_paths(program, path_in(env));
        return error < 0 ? brood__spawn_failed(options, error, "memory", "") : 0;
    }
    program->only_path[0] = program->name;
    program->paths = program->only_path;
    return 0;
}

void brood__program_free(struct brood__program *program)
{
    brood__free(program->memory);
}
