/* Several commands at once, each in a task: every line of theirs as it comes, with the number
 * of its command, and one deadline for all. */
#include <brood.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: lines [-t SECONDS] COMMAND...\n"
    "Runs the commands, by the shell and all at once, and prints their lines as they come.\n"
    "After so many seconds (10) those that still run are killed.\n";

struct job {
    const char *command;
    int number;
    bool succeeded;
};

static void show(const struct job *job, const brood_slice *line)
{
    bool whole = line->len > 0 && line->data[line->len - 1] == '\n';
    printf("%d: %.*s%s", job->number, (int)line->len, line->data, whole ? "" : "\n");
    fflush(stdout);
}

/* In a task: a wait for this child keeps no other line waiting.  Every way out closes the
 * process, also the one of a task that is cancelled: that ends the child. */
static int follow(void *arg)
{
    struct job *job = arg;
    brood_spawn_options options = {
        .shell = job->command, .out = {.kind = BROOD_PIPE}, .kill_tree = true};
    brood_process *process;
    brood_slice line;
    brood_returncode code = -1;
    ptrdiff_t n = brood_spawn(NULL, &options, &process);
    if (n < 0) {
        fprintf(stderr, "%d: not started: %s\n", job->number, brood_strerror((int)n));
        return 0; /* a negative result would cancel the others */
    }
    while ((n = brood_reader_readline(brood_process_stdout(process), &line, BROOD_FOREVER)) > 0)
        show(job, &line);
    if (n == 0)
        n = brood_process_wait(process, &code, BROOD_FOREVER);
    brood_process_close(process);
    job->succeeded = n == 0 && code == 0;
    if (n < 0)
        fprintf(stderr, "%d: %s\n", job->number, brood_strerror((int)n));
    else if (code != 0)
        fprintf(stderr, "%d: ended with %lld\n", job->number, (long long)code);
    return 0;
}

/* All of them to their ends, or until then: the wait for a group ends at its deadline, the
 * tasks end when they are cancelled. */
static int follow_all(struct job *jobs, int count, double seconds)
{
    brood_group *group;
    int error = brood_group_open(NULL, 0, &group);
    for (int i = 0; error == 0 && i < count; i++)
        error = brood_group_start(group, follow, &jobs[i]);
    if (error == 0)
        error = brood_group_join(group, NULL, brood_in(seconds));
    if (error == BROOD_ETIMEDOUT) {
        brood_group_cancel(group);
        brood_group_join(group, NULL, BROOD_FOREVER);
    }
    return error;
}

int main(int argc, char **argv)
{
    double seconds = 10;
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "-t") == 0) {
        char *end;
        seconds = strtod(argv[2], &end);
        first = *end == '\0' && seconds > 0 ? 3 : argc;
    }
    if (first >= argc || argv[first][0] == '-') {
        fputs(usage, stderr);
        return 2;
    }

    int count = argc - first, failed = 0;
    struct job *jobs = calloc((size_t)count, sizeof *jobs);
    if (jobs == NULL) {
        fputs("lines: out of memory\n", stderr);
        return 1;
    }
    for (int i = 0; i < count; i++)
        jobs[i] = (struct job){.command = argv[first + i], .number = i + 1};
    int error = follow_all(jobs, count, seconds);
    if (error < 0)
        fprintf(stderr, "lines: %s\n", brood_strerror(error));
    for (int i = 0; i < count; i++)
        failed += !jobs[i].succeeded;
    free(jobs);
    return error < 0 || failed > 0;
}
