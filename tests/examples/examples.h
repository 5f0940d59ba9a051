/* Running an example, and looking at what it printed. */
#ifndef BROOD_TEST_EXAMPLES_H
#define BROOD_TEST_EXAMPLES_H

#include <stdio.h>

#include "helpers.h"
#include "support.h"

enum { FOLDER_NAME = 400, FOLDER_FILES = 8 };

/* The program of that name beside the suite, or below it. */
static inline void path_beside(char *path, size_t size, const char *name)
{
    const char *child = test_child(), *end = child + strlen(child);
    while (end > child && strchr("/\\", end[-1]) == NULL)
        end--;
    int len = snprintf(path, size, "%.*s%s%s", (int)(end - child), child, name, example_suffix);
    cr_assert(len > 0 && (size_t)len < size);
}

/* Systems end lines in two ways; a program's text says the same in both. */
static inline void drop_carriage_returns(brood_buffer *text)
{
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] != '\r' || text->data[i + 1] != '\n')
            text->data[len++] = text->data[i];
    text->len = len;
    text->data[len] = '\0';
}

static inline brood_returncode run_program(struct recorder *recorder, const char *path,
                                           const char *const *arguments, const char *const *env)
{
    const char *argv[16], *emulator = getenv("BROOD_TEST_EMULATOR"); /* tests/qemu.sh */
    size_t count = 0;
    if (emulator != NULL)
        argv[count++] = emulator;
    argv[count++] = path;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(count + 1, sizeof argv / sizeof *argv);
        argv[count++] = arguments[i];
    }
    argv[count] = NULL;
    brood_spawn_options options = {.argv = argv,
                                   .env = env,
                                   .in = {.kind = BROOD_DEVNULL},
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_PIPE}};
    *recorder = (struct recorder){0};
    brood_returncode code = test_run_child(recorder, options, ARGV(NULL));
    for (int fd = 1; fd < 3; fd++) {
        cr_assert_eq(brood_buffer_append(&recorder->out[fd], "", 0), 0);
        drop_carriage_returns(&recorder->out[fd]);
    }
    return code;
}

/* What it printed is in the recorder, NUL behind it. */
static inline brood_returncode run_example(struct recorder *recorder, const char *name,
                                           const char *const *arguments)
{
    char file[64], path[4200];
    snprintf(file, sizeof file, "examples/%s", name);
    path_beside(path, sizeof path, file);
    return run_program(recorder, path, arguments, NULL);
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

/* Where it fails with code 1 and says exactly this on stderr. */
static inline void fails_with(const char *name, const char *const *arguments, const char *complaint)
{
    struct recorder recorder;
    cr_expect_eq(run_example(&recorder, name, arguments), 1);
    cr_expect_str_eq(recorder.out[2].data, complaint);
    recorder_free(&recorder);
}

/* ---- a folder for the length of a test ------------------------------------------- */

/* An example that is run in it finds no program but those that are there: on Windows a
 * program also finds those beside itself, so a copy of the example goes there too. */
struct folder {
    char path[FOLDER_NAME];
    char files[FOLDER_FILES][FOLDER_NAME]; /* to be removed, if they are there */
    size_t file_count;
};

static inline void folder_open(struct folder *folder)
{
    *folder = (struct folder){0};
    cr_assert(example_make_folder(folder->path, sizeof folder->path));
}

static inline bool file_exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file != NULL)
        fclose(file);
    return file != NULL;
}

static inline const char *folder_name(struct folder *folder, const char *name,
                                      const char *extension)
{
    char path[FOLDER_NAME];
    int len = snprintf(path, sizeof path, "%s/%s%s", folder->path, name, extension);
    cr_assert(len > 0 && (size_t)len < sizeof path);
    for (size_t i = 0; i < folder->file_count; i++)
        if (strcmp(folder->files[i], path) == 0)
            return folder->files[i];
    cr_assert_lt(folder->file_count, FOLDER_FILES);
    char *file = folder->files[folder->file_count++];
    memcpy(file, path, sizeof path);
    return file;
}

static inline void folder_write(struct folder *folder, const char *name, const char *extension,
                                const char *text)
{
    FILE *file = fopen(folder_name(folder, name, extension), "wb");
    cr_assert_not_null(file);
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

/* A copy of the program, unless one is there: it might still run. */
static inline const char *folder_copy(struct folder *folder, const char *name, const char *program)
{
    const char *path = folder_name(folder, name, example_suffix);
    if (file_exists(path))
        return path;
    static char block[65536];
    char original[4200];
    size_t len;
    path_beside(original, sizeof original, program);
    FILE *from = fopen(original, "rb"), *to = fopen(path, "wb");
    cr_assert(from != NULL && to != NULL, "%s, %s", original, path);
    while ((len = fread(block, 1, sizeof block, from)) > 0)
        cr_assert_eq(fwrite(block, 1, len, to), len);
    fclose(from);
    cr_assert_eq(fclose(to), 0);
    cr_assert(example_make_executable(path));
    return path;
}

/* A program of that name, which plays this part: see actor.c. */
static inline void folder_play(struct folder *folder, const char *name, const char *part)
{
    folder_copy(folder, name, "actor");
    folder_write(folder, name, ".part", part);
    folder_name(folder, name, ".plays");
}

static inline brood_returncode run_in_folder(struct recorder *recorder, struct folder *folder,
                                             const char *name, const char *const *arguments)
{
    char file[64], path[FOLDER_NAME + 8], parts[FOLDER_NAME + 16];
    snprintf(file, sizeof file, "examples/%s", name);
    snprintf(path, sizeof path, "PATH=%s", folder->path);
    snprintf(parts, sizeof parts, "BROOD_PARTS=%s", folder->path);
    return run_program(recorder, folder_copy(folder, name, file), arguments, ARGV(path, parts));
}

static inline void fails_in_folder(struct folder *folder, const char *name,
                                   const char *const *arguments, const char *complaint)
{
    struct recorder recorder;
    cr_expect_eq(run_in_folder(&recorder, folder, name, arguments), 1);
    cr_expect_str_eq(recorder.out[2].data, complaint);
    recorder_free(&recorder);
}

static inline void folder_close(struct folder *folder)
{
    for (size_t i = 0; i < folder->file_count; i++)
        if (file_exists(folder->files[i]))
            cr_expect(example_remove_file(folder->files[i]), "%s", folder->files[i]);
    cr_assert(example_remove_folder(folder->path));
}

#endif
