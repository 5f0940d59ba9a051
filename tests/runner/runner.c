/* The main function of a suite: reads the command line, runs the tests that
 * match, reports each that did not pass, and counts. */
#include "isolate.h"
#include "runner_body.h"
#include "runner_registry.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
    const char *filter; /* NULL: every test */
    int jobs;
    double timeout; /* seconds, of a test that sets none */
    bool is_list;
    bool is_quiet;
    bool is_verbose;
} options = {.jobs = 1, .timeout = 60};

static struct {
    int passed;
    int failed;
    int skipped;
} counts;

static void read_options(int argc, char **argv);
static void list_tests(const struct cr_test *tests);
static void run_tests(const struct cr_test *test);

int main(int argc, char **argv)
{
    struct cr_test *tests = registry_sort();
    bool is_any = false;

    isolate_enter(argc, argv, tests);
    read_options(argc, argv);
    for (struct cr_test **at = &tests; *at;) {
        if (options.filter && !registry_matches(*at, options.filter)) {
            *at = (*at)->next;
            continue;
        }
        is_any = true;
        at = &(*at)->next;
    }
    if (!is_any)
        fprintf(stderr, "no test matches %s\n",
                options.filter ? options.filter : "(this binary has none)");
    if (options.is_list) {
        list_tests(tests);
        return is_any ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    run_tests(tests);
    printf("%d passed, %d failed, %d skipped\n", counts.passed, counts.failed, counts.skipped);
    return is_any && counts.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_help(const char *program)
{
    printf("usage: %s [OPTION]...\n"
           "Runs the tests of this binary, each in a process of its own.\n\n"
           "  -h, --help         show this and exit\n"
           "  -l, --list         print the tests as suite/name, run none\n"
           "      --filter PATTERN\n"
           "                     only the tests whose suite/name matches;\n"
           "                     * and ? match as in a shell, * also a /\n"
           "  -j, --jobs N       run up to N tests at a time, 1 to %d\n"
           "                     (default: 1)\n"
           "      --timeout SECONDS\n"
           "                     for tests that set none (default: 60)\n"
           "  -q, --quiet        no lines for tests that pass\n"
           "      --verbose      cr_log_info and descriptions, too\n\n"
           "Exit status: 0 if all passed or were skipped; 1 if one failed\n"
           "or none matched; 2 if the command line is wrong.\n",
           program, ISOLATE_LIMIT);
}

__attribute__((noreturn, format(CR_PRINTF_, 1, 2))) static void usage_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (see --help)\n");
    exit(2);
}

/* The value of "--name=VALUE", "--name VALUE" or "-nVALUE"; NULL if argv[*at]
 * is another option. */
static const char *value_of(char **argv, int *at, const char *name, const char *short_name)
{
    const char *word = argv[*at];
    size_t length = strlen(name);

    if (strncmp(word, name, length) == 0 && word[length] == '=')
        return word + length + 1;
    if (short_name && strncmp(word, short_name, 2) == 0 && word[2] != '\0')
        return word + 2;
    if (strcmp(word, name) != 0 && (!short_name || strcmp(word, short_name) != 0))
        return NULL;
    if (!argv[*at + 1])
        usage_error("%s needs a value", word);
    return argv[++*at];
}

static double number(const char *what, const char *text, double max)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value > 0 && value <= max))
        usage_error("bad %s: %s", what, text);
    return value;
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char *value;

        if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
            print_help(argv[0]);
            exit(EXIT_SUCCESS);
        } else if (!strcmp(word, "-l") || !strcmp(word, "--list")) {
            options.is_list = true;
        } else if (!strcmp(word, "-q") || !strcmp(word, "--quiet")) {
            options.is_quiet = true;
        } else if (!strcmp(word, "--verbose")) {
            options.is_verbose = true;
            body_show_info();
        } else if ((value = value_of(argv, &i, "--filter", NULL))) {
            if (options.filter)
                usage_error("--filter is given twice");
            options.filter = value;
        } else if ((value = value_of(argv, &i, "--jobs", "-j"))) {
            double n = number("number of jobs", value, ISOLATE_LIMIT);

            options.jobs = (int)n;
            if (options.jobs != n)
                usage_error("bad number of jobs: %s", value);
        } else if ((value = value_of(argv, &i, "--timeout", NULL))) {
            options.timeout = number("time-out", value, 1e9);
        } else {
            usage_error("unknown option: %s", word);
        }
    }
}

static void list_tests(const struct cr_test *test)
{
    for (; test; test = test->next)
        printf("%s/%s\n", test->suite_name, test->name);
}

__attribute__((format(CR_PRINTF_, 3, 4))) static void
report(const char *verdict, const struct cr_test *test, const char *format, ...)
{
    va_list args;

    printf("%s %s::%s", verdict, test->suite_name, test->name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    if (options.is_verbose && test->options.description)
        printf(" [%s]", test->options.description);
    putchar('\n');
    fflush(stdout);
}

/* Why the test has failed, in text, or NULL if it has not. A skip is none. */
static const char *find_failure(const struct outcome *outcome, char *text, size_t size)
{
    int signal = outcome->test->options.signal;
    int exit_code = outcome->test->options.exit_code;

    if (outcome->is_timed_out)
        snprintf(text, size, "timed out");
    else if (outcome->failures > 0)
        snprintf(text, size, "failed assertions: %d", outcome->failures);
    else if (outcome->is_skipped && outcome->signal == 0 && outcome->exit_code == 0)
        return NULL;
    else if (outcome->signal != signal && outcome->signal != 0)
        snprintf(text, size, "killed by signal %d", outcome->signal);
    else if (outcome->signal != signal)
        snprintf(text, size, "signal %d did not come", signal);
    else if (signal != 0)
        return NULL;
    else if (outcome->exit_code != exit_code && outcome->exit_code < 0) /* Windows: a crash */
        snprintf(text, size, "ended with 0x%08X", (unsigned)outcome->exit_code);
    else if (outcome->exit_code != exit_code)
        snprintf(text, size, "exited with status %d instead of %d", outcome->exit_code, exit_code);
    else if (exit_code == 0 && !outcome->is_finished)
        snprintf(text, size, "exited with status 0 before its end");
    else
        return NULL;
    return text;
}

static void judge(const struct outcome *outcome)
{
    char text[80];
    const char *failure = find_failure(outcome, text, sizeof text);

    if (failure) {
        counts.failed++;
        report("FAIL", outcome->test, ": %s (%.2f s)", failure, outcome->seconds);
    } else if (outcome->is_skipped) {
        counts.skipped++;
        report("SKIP", outcome->test, ": %s", outcome->skip_reason);
    } else {
        counts.passed++;
        if (!options.is_quiet)
            report("PASS", outcome->test, " (%.2f s)", outcome->seconds);
    }
}

static bool start(const struct cr_test *test)
{
    double own = test->options.timeout;

    if (test->options.disabled) {
        counts.skipped++;
        report("SKIP", test, ": disabled");
        return false;
    }
    if (!isolate_start(test, own > 0 ? own : options.timeout)) {
        counts.failed++;
        report("FAIL", test, ": its process could not be started");
        return false;
    }
    return true;
}

static void run_tests(const struct cr_test *test)
{
    struct outcome outcome;
    int running = 0;

    while (test || running > 0) {
        for (; test && running < options.jobs; test = test->next)
            running += start(test);
        if (running == 0)
            continue;
        isolate_wait(&outcome);
        running--;
        judge(&outcome);
    }
}
