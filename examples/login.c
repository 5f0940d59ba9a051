/* The counterpart of Josiah Carlson's do_login: a conversation with a program that
 * asks for a name and a password, in which every answer has a time-out. */
#include <brood.h>
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct account {
    const char *user, *password;
    double seconds; /* for each answer */
};

/* ---- the conversation -------------------------------------------------------- */

/* Without the first letters, which are written small or large. */
static const brood_slice login_texts[] = {{"ogin:", 5}};
static const brood_slice password_texts[] = {{"assword:", 8}, {"ncorrect", 8}, {"ogin:", 5}};
static const brood_slice last_texts[] = {{"elcome", 6}, {"ncorrect", 8}, {"ogin:", 5}};

static void complain(brood_process *process, const char *wanted, ptrdiff_t error, brood_slice came)
{
    /* At the end of the stream `came` is what was left; else it is still to be read. */
    if (error != BROOD_EINCOMPLETE && error < 0)
        brood_reader_read_slice(brood_process_stdout(process), &came, BROOD_NOWAIT);
    for (; came.len > 0 && isspace((unsigned char)*came.data); came.len--)
        came.data++;
    while (came.len > 0 && isspace((unsigned char)came.data[came.len - 1]))
        came.len--;
    fprintf(stderr, "login: no %s", wanted);
    if (error < 0)
        fprintf(stderr, " (%s)", brood_strerror((int)error));
    if (came.len > 0)
        fprintf(stderr, ", but: %.*s", (int)came.len, came.data);
    fputc('\n', stderr);
}

/* Waits for one of the texts; true if it was the first of them. */
static bool expect(brood_process *process, const brood_slice *texts, size_t count,
                   const char *wanted, double seconds)
{
    brood_slice came = {0};
    size_t which = count;
    ptrdiff_t n = brood_reader_readuntil_any(brood_process_stdout(process), texts, count, &came,
                                             &which, brood_in(seconds));
    if (n < 0 || which > 0)
        complain(process, wanted, n, came);
    return n > 0 && which == 0;
}

static bool say(brood_process *process, const char *text, double seconds)
{
    brood_writer *in = brood_process_stdin(process);
    const brood_slice line[] = {{text, strlen(text)}, {"\n", 1}};
    int error = brood_writer_writelines(in, line, 2);
    if (error >= 0)
        error = brood_writer_drain(in, brood_in(seconds));
    if (error < 0)
        fprintf(stderr, "login: writing: %s\n", brood_strerror(error));
    return error >= 0;
}

static bool do_login(brood_process *process, const struct account *account)
{
    double seconds = account->seconds;
    return expect(process, login_texts, 1, "login prompt", seconds) &&
           say(process, account->user, seconds) &&
           expect(process, password_texts, 3, "password prompt", seconds) &&
           say(process, account->password, seconds) &&
           expect(process, last_texts, 3, "welcome", seconds);
}

/* However the other side ends its lines. */
static void print_line(const char *label, brood_slice line)
{
    line.len -= line.len > 0 && line.data[line.len - 1] == '\n';
    line.len -= line.len > 0 && line.data[line.len - 1] == '\r';
    printf("%s%.*s\n", label, (int)line.len, line.data);
}

/* The rest of the greeting, and one exchange with who is on the other side now. */
static void talk(brood_process *process, double seconds)
{
    brood_slice line;
    brood_reader *out = brood_process_stdout(process);
    if (brood_reader_readline(out, &line, brood_in(seconds)) > 0)
        print_line("Welcome", line);
    if (say(process, "hello", seconds) && brood_reader_readline(out, &line, brood_in(seconds)) > 0)
        print_line("hello -> ", line);
    brood_writer_close(brood_process_stdin(process));
    brood_process_wait(process, NULL, brood_in(seconds));
}

static bool login(const char *const *argv, const struct account *account)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = argv,
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    brood_process *process;
    int error = brood_spawn(NULL, &options, &process);
    if (error < 0) {
        fprintf(stderr, "login: %s %s: %s\n", failure.step, failure.what, brood_strerror(error));
        return false;
    }
    bool welcome = do_login(process, account);
    if (welcome)
        talk(process, account->seconds);
    brood_process_close(process); /* which kills it if it still runs */
    return welcome;
}

/* ---- the command line ---------------------------------------------------------- */

static const char help[] =
    "usage: login [--user NAME] [--password TEXT] [--timeout SECONDS] [PROGRAM [ARGUMENT ...]]\n"
    "Logs in to PROGRAM (prompt, which stands beside this one) and talks to it.\n"
    "  --user NAME          who (guest)\n"
    "  --password TEXT      the password (swordfish)\n"
    "  --timeout SECONDS    how long to wait for each answer (5)\n"
    "The exit status is 0 if it was welcome, 1 if not, 2 for wrong usage.\n";

static bool parse(int argc, char **argv, struct account *account)
{
    static const struct option long_options[] = {{"user", required_argument, NULL, 'u'},
                                                 {"password", required_argument, NULL, 'p'},
                                                 {"timeout", required_argument, NULL, 't'},
                                                 {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "+", long_options, NULL)) != -1) {
        char *end = NULL;
        if (option == 'u')
            account->user = optarg;
        else if (option == 'p')
            account->password = optarg;
        else if (option == 't')
            account->seconds = strtod(optarg, &end);
        else
            return false;
        if (end != NULL && (*end != '\0' || !(account->seconds > 0))) {
            fprintf(stderr, "login: --timeout %s: not a time\n", optarg);
            return false;
        }
    }
    return true;
}

/* The program `prompt` in the folder of this one: a program that was started without a
 * folder was found along PATH, and so is the other. */
static char *find_prompt(const char *own_name)
{
    const char *slash = strrchr(own_name, '/');
    size_t len = slash != NULL ? (size_t)(slash - own_name) + 1 : 0;
    char *path = malloc(len + sizeof "prompt");
    if (path != NULL) {
        memcpy(path, own_name, len);
        memcpy(path + len, "prompt", sizeof "prompt");
    }
    return path;
}

int main(int argc, char **argv)
{
    struct account account = {.user = "guest", .password = "swordfish", .seconds = 5};
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (!parse(argc, argv, &account)) {
        fputs("Try 'login --help'.\n", stderr);
        return 2;
    }
    char *path = find_prompt(argv[0]);
    const char *const prompt[] = {path != NULL ? path : "prompt", NULL};
    bool welcome = login(optind < argc ? (const char *const *)argv + optind : prompt, &account);
    free(path);
    return welcome ? 0 : 1;
}
