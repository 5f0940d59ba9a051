/* The counterpart of Victor Stinner's eval_python: one expression is evaluated in an
 * interactive interpreter, then ten slow ones, first one after another and then at the
 * same time. */
#include <brood.h>
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prompt[] = ">>> ";

struct interpreter {
    const char *name;
    const char *argv[6];
    const char *hello; /* makes one show the prompt that has none of its own */
    const char *sum, *slow;
};

static const struct interpreter interpreters[] = {
    {"python3", {"python3", "-u", "-i"}, NULL, "1+1", "print(sum(i * i for i in range(1000000)))"},
    {"bc", {"bc"}, "print \">>> \"\n", "1+1", "for (i = 0; i < 300000; i++) s += i * i; s"},
    {"sh",
     {"env", "PS1=>>> ", "sh", "-i"},
     NULL,
     "echo $((1+1))",
     "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done; echo $i"},
};
enum { INTERPRETERS = sizeof interpreters / sizeof *interpreters, MANY = 1000 };

/* ---- one evaluation ---------------------------------------------------------- */

/* What stands before the next prompt: "2\n>>> \n" is "2".  An interpreter that edits
 * lines has repeated the command first. */
static void strip(brood_buffer *output, const char *command)
{
    char *end = output->len > 0 ? strstr(output->data, prompt) : NULL;
    if (end != NULL)
        output->len = (size_t)(end - output->data);
    while (output->len > 0 && isspace((unsigned char)output->data[output->len - 1]))
        output->len--;
    size_t echo = strlen(command);
    if (output->len <= echo || strncmp(output->data, command, echo) != 0)
        return;
    echo += output->data[echo] == '\r';
    if (output->len > echo && output->data[echo] == '\n') {
        output->len -= echo + 1;
        memmove(output->data, output->data + echo + 1, output->len);
    }
}

static int wait_for_prompt(const struct interpreter *interpreter, brood_process *process,
                           brood_time deadline)
{
    brood_slice banner = {0};
    int error = 0;
    if (interpreter->hello != NULL)
        error = brood_writer_write(brood_process_stdin(process), interpreter->hello,
                                   strlen(interpreter->hello));
    if (error < 0)
        return error;
    ptrdiff_t n = brood_reader_readuntil(brood_process_stdout(process), prompt, strlen(prompt),
                                         &banner, deadline);
    if (n == BROOD_EINCOMPLETE)
        fprintf(stderr, "python_repl: no prompt, but: %.*s\n", (int)banner.len, banner.data);
    return n < 0 ? (int)n : 0;
}

static int talk(const struct interpreter *interpreter, brood_process *process, const char *command,
                brood_buffer *output, brood_time deadline)
{
    brood_writer *in = brood_process_stdin(process);
    const brood_slice line[] = {{command, strlen(command)}, {"\n", 1}};
    int error = wait_for_prompt(interpreter, process, deadline);
    if (error == 0)
        error = brood_writer_writelines(in, line, 2);
    if (error >= 0)
        error = brood_writer_drain(in, deadline);
    if (error < 0)
        return error;
    brood_writer_close(in);
    ptrdiff_t n = brood_reader_read_all(brood_process_stdout(process), output, SIZE_MAX, deadline);
    if (n < 0)
        return (int)n;
    strip(output, command);
    return brood_process_wait(process, NULL, deadline);
}

static int start(const struct interpreter *interpreter, brood_spawn_failure *failure,
                 brood_process **process)
{
    brood_spawn_options options = {
        .argv = interpreter->argv,
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE},
        .err = {.kind = BROOD_STDOUT}, /* which is where prompts go */
        .failure = failure,
    };
    return brood_spawn(NULL, &options, process);
}

/* Waits, and so does its work both in a task and outside of one. */
static int eval(const struct interpreter *interpreter, const char *command, brood_buffer *output,
                brood_time deadline)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_process *process;
    int error = start(interpreter, &failure, &process);
    if (error < 0) {
        fprintf(stderr, "python_repl: %s %s: %s\n", failure.step, failure.what,
                brood_strerror(error));
        return error;
    }
    error = talk(interpreter, process, command, output, deadline);
    brood_process_close(process);
    if (error < 0 && error != BROOD_ECANCELED)
        fprintf(stderr, "python_repl: %s: %s\n", interpreter->name, brood_strerror(error));
    return error;
}

/* ---- many of them ------------------------------------------------------------- */

struct plan {
    const struct interpreter *interpreter;
    double seconds; /* for one evaluation */
    size_t tasks;
};

static int eval_slow(void *arg)
{
    const struct plan *plan = arg;
    brood_buffer output = {0};
    int error = eval(plan->interpreter, plan->interpreter->slow, &output, brood_in(plan->seconds));
    brood_buffer_free(&output);
    return error;
}

static int test_sequential(struct plan *plan, double *took)
{
    brood_time began = brood_now();
    int error = 0;
    for (size_t i = 0; i < plan->tasks && error == 0; i++)
        error = eval_slow(plan);
    *took = (double)(brood_now() - began) / 1e9;
    return error;
}

static int test_parallel(struct plan *plan, double *took)
{
    brood_group *group;
    brood_time began = brood_now();
    int result = 0, error = brood_group_open(NULL, 0, &group);
    if (error < 0)
        return error;
    for (size_t i = 0; i < plan->tasks && error == 0; i++)
        error = brood_group_start(group, eval_slow, plan);
    if (error < 0)
        brood_group_cancel(group);
    int joined = brood_group_join(group, &result, BROOD_FOREVER);
    *took = (double)(brood_now() - began) / 1e9;
    return error < 0 ? error : joined < 0 ? joined : result;
}

static int run(struct plan *plan)
{
    brood_buffer sum = {0};
    double sequence = 0, parallel = 0;
    int error = eval(plan->interpreter, plan->interpreter->sum, &sum, brood_in(plan->seconds));
    if (error == 0)
        printf("1+1 = '%.*s'\n", (int)sum.len, sum.len > 0 ? sum.data : "");
    brood_buffer_free(&sum);
    if (error == 0)
        error = test_sequential(plan, &sequence);
    if (error == 0) {
        printf("Run %zu tasks in sequence: %.1f sec\n", plan->tasks, sequence);
        error = test_parallel(plan, &parallel);
    }
    if (error == 0)
        printf("Run %zu tasks in parallel:  %.1f sec (speed=%.1f)\n", plan->tasks, parallel,
               sequence / parallel);
    return error;
}

/* ---- the command line ----------------------------------------------------------- */

static const char help[] =
    "usage: python_repl [--interpreter NAME] [--tasks COUNT] [--timeout SECONDS]\n"
    "Evaluates 1+1 in an interactive interpreter, then slow computations, one after\n"
    "another and all at the same time.\n"
    "  --interpreter NAME   python3, bc or sh (the first of them that there is)\n"
    "  --tasks COUNT        how many slow computations, 1 to 1000 (10)\n"
    "  --timeout SECONDS    how long one evaluation may take (10)\n";

static const struct interpreter *named(const char *name)
{
    for (size_t i = 0; i < INTERPRETERS; i++)
        if (strcmp(interpreters[i].name, name) == 0)
            return &interpreters[i];
    return NULL;
}

/* The first that can be started. */
static const struct interpreter *choose(void)
{
    for (size_t i = 0; i + 1 < INTERPRETERS; i++) {
        brood_spawn_failure failure;
        brood_process *process;
        if (start(&interpreters[i], &failure, &process) == 0) {
            brood_process_close(process);
            return &interpreters[i];
        }
    }
    return &interpreters[INTERPRETERS - 1];
}

static bool parse(int argc, char **argv, struct plan *plan)
{
    static const struct option long_options[] = {{"interpreter", required_argument, NULL, 'i'},
                                                 {"tasks", required_argument, NULL, 'n'},
                                                 {"timeout", required_argument, NULL, 't'},
                                                 {NULL, 0, NULL, 0}};
    int option;
    bool valid = true;
    while (valid && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        char *end = NULL;
        if (option == 'i')
            valid = (plan->interpreter = named(optarg)) != NULL;
        else if (option == 'n')
            valid = (plan->tasks = strtoul(optarg, &end, 10)) > 0 && plan->tasks <= MANY;
        else if (option == 't')
            valid = (plan->seconds = strtod(optarg, &end)) > 0;
        else
            return false;
        valid = valid && (end == NULL || *end == '\0');
        if (!valid)
            fprintf(stderr, "python_repl: \"%s\" is not possible here\n", optarg);
    }
    return valid && optind == argc;
}

int main(int argc, char **argv)
{
    struct plan plan = {.seconds = 10, .tasks = 10};
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (!parse(argc, argv, &plan)) {
        fputs("Try 'python_repl --help'.\n", stderr);
        return 2;
    }
    if (plan.interpreter == NULL)
        plan.interpreter = choose();
    return run(&plan) == 0 ? 0 : 1;
}
