/* The counterpart of "Subprocess using streams" in asyncio's documentation: one line
 * is read from a child's output, and then its exit is waited for. */
#include <brood.h>
#include <stdio.h>
#include <string.h>

static int get_date(brood_buffer *date)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = (const char *const[]){"date", "+%Y-%m-%d %H:%M:%S", NULL},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    brood_process *process;
    int error = brood_spawn(NULL, &options, &process);
    if (error < 0) {
        fprintf(stderr, "date_streams: %s %s: %s\n", failure.step, failure.what,
                brood_strerror(error));
        return error;
    }
    brood_slice line;
    brood_returncode code = 0;
    ptrdiff_t n = brood_reader_readline(brood_process_stdout(process), &line, BROOD_FOREVER);
    if (n > 0)
        n = brood_buffer_append(date, line.data, line.len);
    if (n >= 0)
        n = brood_process_wait(process, &code, BROOD_FOREVER);
    brood_process_close(process);
    if (n < 0)
        fprintf(stderr, "date_streams: %s\n", brood_strerror((int)n));
    else if (code != 0 || date->len == 0)
        fprintf(stderr, "date_streams: date ended with %lld\n", (long long)code);
    return n < 0 || code != 0 || date->len == 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fputs("usage: date_streams\nPrints the date that a child process tells.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    brood_buffer date = {0};
    int error = get_date(&date);
    if (error == 0)
        printf("Current date: %.*s\n", (int)strcspn(date.data, "\r\n"), date.data);
    brood_buffer_free(&date);
    return error == 0 ? 0 : 1;
}
