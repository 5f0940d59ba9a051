/* fanout: one real command for each of many files, at most so many at a time.
 * The shape of every supervisor: start while there is room, and let each end
 * make room for the next. */
#include <brood.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

enum { ARGUMENTS = 64, COMPLAINT = 200 };

struct fanout;

struct job {
    struct fanout *fanout;
    const char *path;
    brood_subprocess *transport; /* NULL: it could not be started */
    brood_time began, took;
    uint64_t bytes; /* of its output */
    brood_returncode code;
    char complaint[COMPLAINT]; /* the first line of its stderr, or why it did not start */
    size_t complaint_len;
};

struct fanout {
    brood_loop *loop;
    const char *const *command; /* "{}" stands for the file */
    char **paths;
    size_t path_count;
    struct job *jobs;
    size_t count, width;
    size_t started, running, done, failed;
    bool progress;
};

static void start_jobs(struct fanout *fanout);

/* ---- one job ---------------------------------------------------------------- */

static void show_progress(const struct fanout *fanout)
{
    if (fanout->progress)
        fprintf(stderr, "\r\033[K%zu of %zu done, %zu running, %zu failed", fanout->done,
                fanout->count, fanout->running, fanout->failed);
}

static void received(void *arg, int fd, const void *data, size_t len)
{
    struct job *job = arg;
    if (fd == 1) {
        job->bytes += len;
        return;
    }
    size_t room = COMPLAINT - 1 - job->complaint_len;
    size_t part = len < room ? len : room;
    memcpy(job->complaint + job->complaint_len, data, part);
    job->complaint_len += part;
}

static void finished(struct job *job)
{
    struct fanout *fanout = job->fanout;
    job->complaint[strcspn(job->complaint, "\r\n")] = '\0';
    fanout->done++;
    if (job->code != 0)
        fanout->failed++;
    show_progress(fanout);
    if (fanout->done == fanout->count)
        brood_loop_stop(fanout->loop);
}

/* After the exit and the end of both pipes. */
static void lost(void *arg, int error)
{
    struct job *job = arg;
    (void)error;
    job->took = brood_now() - job->began;
    brood_subprocess_returncode(job->transport, &job->code);
    brood_subprocess_close(job->transport);
    job->fanout->running--;
    finished(job);
    start_jobs(job->fanout);
}

static const brood_subprocess_protocol job_protocol = {
    .pipe_data_received = received,
    .connection_lost = lost,
};

static void start_job(struct fanout *fanout, struct job *job)
{
    const char *argv[ARGUMENTS + 2];
    size_t count = 0;
    bool named = false;
    for (; fanout->command[count] != NULL; count++) {
        bool here = strcmp(fanout->command[count], "{}") == 0;
        argv[count] = here ? job->path : fanout->command[count];
        named = named || here;
    }
    if (!named)
        argv[count++] = job->path;
    argv[count] = NULL;

    brood_spawn_failure failure;
    brood_spawn_options options = {
        .argv = argv,
        .in = {.kind = BROOD_DEVNULL},
        .out = {.kind = BROOD_PIPE},
        .err = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    job->began = brood_now();
    int error = brood_subprocess_exec(fanout->loop, &job_protocol, job, &options, &job->transport);
    if (error == 0) {
        fanout->running++;
        return;
    }
    job->code = error;
    snprintf(job->complaint, sizeof job->complaint, "%s %.100s: %s", failure.step, failure.what,
             brood_strerror(error));
    finished(job);
}

static void start_jobs(struct fanout *fanout)
{
    while (fanout->started < fanout->count && fanout->running < fanout->width) {
        struct job *job = &fanout->jobs[fanout->started];
        job->fanout = fanout;
        job->path = fanout->paths[fanout->started % fanout->path_count];
        fanout->started++;
        start_job(fanout, job);
    }
    show_progress(fanout);
}

/* ---- the files -------------------------------------------------------------- */

static bool add_path(struct fanout *fanout, char *path)
{
    char **paths = realloc(fanout->paths, (fanout->path_count + 1) * sizeof *paths);
    if (paths == NULL)
        return false;
    fanout->paths = paths;
    paths[fanout->path_count++] = path;
    return true;
}

/* All regular files below the folder, hidden ones and build results left out. */
static bool find_files(struct fanout *fanout, const char *folder)
{
    DIR *directory = opendir(folder);
    if (directory == NULL)
        return false;
    bool found = true;
    const struct dirent *entry;
    while (found && fanout->path_count < fanout->count && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "build") == 0)
            continue;
        size_t size = strlen(folder) + strlen(entry->d_name) + 2;
        char *path = malloc(size);
        found = path != NULL;
        if (!found)
            break;
        snprintf(path, size, "%s/%s", folder, entry->d_name);
        enum file_kind kind = file_kind(path);
        if (kind == FILE_PLAIN && add_path(fanout, path))
            continue;
        if (kind == FILE_FOLDER)
            found = find_files(fanout, path);
        free(path);
    }
    closedir(directory);
    return found;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* ---- the report ------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
    const brood_time *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

static double ms(brood_time span)
{
    return (double)span / 1e6;
}

static void print_failure(const struct job *job)
{
    char code[64];
    if (job->transport == NULL)
        snprintf(code, sizeof code, "not started");
    else if (job->code < 0 && job->code != BROOD_ELOST)
        snprintf(code, sizeof code, "ended by signal %lld", (long long)-job->code);
    else
        snprintf(code, sizeof code, "exit status %lld", (long long)job->code);
    printf("failed: %s: %s%s%s\n", job->path, code, *job->complaint != '\0' ? ": " : "",
           job->complaint);
}

static void print_summary(const struct fanout *fanout, brood_time wall)
{
    uint64_t bytes = 0;
    brood_time sum = 0;
    brood_time *times = malloc(fanout->count * sizeof *times);
    for (size_t i = 0; i < fanout->count; i++) {
        const struct job *job = &fanout->jobs[i];
        if (job->code != 0 || job->transport == NULL)
            print_failure(job);
        bytes += job->bytes;
        sum += job->took;
        if (times != NULL)
            times[i] = job->took;
    }
    printf("%zu commands, at most %zu at a time: %zu succeeded, %zu failed\n", fanout->count,
           fanout->width, fanout->count - fanout->failed, fanout->failed);
    printf("%llu bytes of output in %.1f ms; %.1f ms of commands, %.1f at a time on average\n",
           (unsigned long long)bytes, ms(wall), ms(sum), (double)sum / (double)wall);
    if (times != NULL) {
        qsort(times, fanout->count, sizeof *times, compare_times);
        printf("a command took %.2f ms at least, %.2f ms in the median, %.2f ms at most\n",
               ms(times[0]), ms(times[fanout->count / 2]), ms(times[fanout->count - 1]));
    }
    free(times);
}

/* ---- the command line ------------------------------------------------------- */

static const char help[] =
    "usage: fanout [-n COUNT] [-j WIDTH] [-C FOLDER] [COMMAND [ARGUMENT ...]]\n"
    "Runs COMMAND for COUNT files below FOLDER (again from the first if there are\n"
    "fewer), at most WIDTH at a time, and tells how long they took.\n"
    "  -n COUNT    how many commands (200)\n"
    "  -j WIDTH    how many at a time (8)\n"
    "  -C FOLDER   where the files are (.)\n"
    "  COMMAND     \"{}\" as an argument stands for the file, which else comes last\n"
    "              (gzip -9 -c {})\n"
    "The exit status is 0 if all of them succeeded, 1 if not or if there are no files,\n"
    "2 for wrong usage.\n";

static bool parse_count(const char *text, size_t *count)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    *count = value;
    return *end == '\0' && value > 0 && value <= 1000000;
}

static bool parse(int argc, char **argv, struct fanout *fanout, const char **folder)
{
    int option;
    while ((option = getopt(argc, argv, "+n:j:C:")) != -1) {
        bool valid = true;
        if (option == 'n')
            valid = parse_count(optarg, &fanout->count);
        else if (option == 'j')
            valid = parse_count(optarg, &fanout->width);
        else if (option == 'C')
            *folder = optarg;
        else
            return false;
        if (!valid) {
            fprintf(stderr, "fanout: -%c %s: not a number from 1 to 1000000\n", option, optarg);
            return false;
        }
    }
    if (argc - optind > ARGUMENTS) {
        fprintf(stderr, "fanout: more than %d arguments\n", ARGUMENTS);
        return false;
    }
    if (argc > optind)
        fanout->command = (const char *const *)argv + optind;
    return true;
}

static int run(struct fanout *fanout)
{
    int error = brood_loop_open(&fanout->loop, NULL);
    if (error < 0) {
        fprintf(stderr, "fanout: %s\n", brood_strerror(error));
        return 1;
    }
    brood_time began = brood_now();
    start_jobs(fanout);
    if (fanout->done < fanout->count)
        error = brood_loop_run(fanout->loop);
    brood_time wall = brood_now() - began;
    if (fanout->progress)
        fputs("\r\033[K", stderr);
    if (error < 0)
        fprintf(stderr, "fanout: %s\n", brood_strerror(error));
    print_summary(fanout, wall);
    brood_loop_close(fanout->loop);
    return error < 0 || fanout->failed > 0;
}

int main(int argc, char **argv)
{
    static const char *const compress[] = {"gzip", "-9", "-c", "{}", NULL};
    struct fanout fanout = {
        .command = compress, .count = 200, .width = 8, .progress = is_terminal_on_stderr()};
    const char *folder = ".";
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (!parse(argc, argv, &fanout, &folder)) {
        fputs("Try 'fanout --help'.\n", stderr);
        return 2;
    }
    int result = 1;
    bool found = find_files(&fanout, folder);
    if (!found)
        fprintf(stderr, "fanout: %s: %s\n", folder, strerror(errno));
    else if (fanout.path_count == 0)
        fprintf(stderr, "fanout: %s: no files\n", folder);
    fanout.jobs = calloc(fanout.count, sizeof *fanout.jobs);
    if (fanout.path_count > 0 && found && fanout.jobs != NULL) {
        qsort(fanout.paths, fanout.path_count, sizeof *fanout.paths, compare_paths);
        result = run(&fanout);
    }
    for (size_t i = 0; i < fanout.path_count; i++)
        free(fanout.paths[i]);
    free(fanout.paths);
    free(fanout.jobs);
    return result;
}
