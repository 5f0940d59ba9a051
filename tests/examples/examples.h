/* Running an example, and looking at what it printed. */
#ifndef BROOD_TEST_EXAMPLES_H
#define BROOD_TEST_EXAMPLES_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static inline brood_returncode run_example_with(struct recorder *recorder, const char *name,
                                                const char *const *arguments,
                                                const char *const *env)
{
    char path[4200];
    const char *argv[16] = {path};
    snprintf(path, sizeof path, "%s", test_child());
    char *slash = strrchr(path, '/');
    snprintf(slash, sizeof path - (size_t)(slash - path), "/examples/%s", name);
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(i + 2, sizeof argv / sizeof *argv);
        argv[i + 1] = arguments[i];
    }
    brood_spawn_options options = {.argv = argv,
                                   .env = env,
                                   .in = {.kind = BROOD_DEVNULL},
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_PIPE}};
    *recorder = (struct recorder){0};
    brood_returncode code = test_run_child(recorder, options, ARGV(NULL));
    cr_assert_eq(brood_buffer_append(&recorder->out[1], "", 0), 0);
    cr_assert_eq(brood_buffer_append(&recorder->out[2], "", 0), 0);
    return code;
}

/* What it printed is in the recorder, NUL behind it. */
static inline brood_returncode run_example(struct recorder *recorder, const char *name,
                                           const char *const *arguments)
{
    return run_example_with(recorder, name, arguments, NULL);
}

/* Each of the texts, one after the other; what follows the last. */
static inline const char *find_in_order(const char *output, const char *const *texts)
{
    const char *at = output;
    for (; *texts != NULL; texts++) {
        const char *found = strstr(at, *texts);
        cr_assert_not_null(found, "\"%s\" is missing, or out of order, in:\n%s", *texts, output);
        at = found + strlen(*texts);
    }
    return at;
}

/* Runs it where it fails with code 1 and says exactly this on stderr. */
static inline void fails_with(const char *name, const char *const *arguments,
                              const char *const *env, const char *complaint)
{
    struct recorder recorder;
    cr_expect_eq(run_example_with(&recorder, name, arguments, env), 1);
    cr_expect_str_eq(recorder.out[2].data, complaint);
    recorder_free(&recorder);
}

static inline bool shell_says(const char *command)
{
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV("sh", "-c", command),
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_PIPE}};
    brood_returncode code = test_run_child(&recorder, options, ARGV(NULL));
    recorder_free(&recorder);
    return code == 0;
}

/* ---- a folder for the length of a test ------------------------------------------- */

struct folder {
    char path[64];
    char variable[80]; /* PATH, for an environment in which there is nothing else */
    char *files[3];
};

static inline void folder_open(struct folder *folder)
{
    *folder = (struct folder){.path = "/tmp/brood-examples-XXXXXX"};
    cr_assert_not_null(mkdtemp(folder->path));
    snprintf(folder->variable, sizeof folder->variable, "PATH=%s", folder->path);
}

static inline const char *folder_name(struct folder *folder, size_t index, const char *name)
{
    free(folder->files[index]);
    cr_assert_gt(asprintf(&folder->files[index], "%s/%s", folder->path, name), 0);
    return folder->files[index];
}

/* A file that can also be executed. */
static inline const char *folder_write(struct folder *folder, size_t index, const char *name,
                                       const char *text)
{
    const char *path = folder_name(folder, index, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0755), 0);
    return path;
}

static inline void folder_close(struct folder *folder)
{
    for (size_t i = 0; i < 3; i++) {
        if (folder->files[i] != NULL)
            unlink(folder->files[i]);
        free(folder->files[i]);
    }
    cr_assert_eq(rmdir(folder->path), 0);
}

#endif
