/* The counterpart of "Subprocess using transport and protocol" in asyncio's
 * documentation: a protocol that collects a child's output and waits for its exit. */
#include <brood.h>
#include <stdio.h>
#include <string.h>

struct date {
    brood_future *exited;
    brood_buffer output;
    int error;
};

static void pipe_data_received(void *arg, int fd, const void *data, size_t len)
{
    struct date *date = arg;
    (void)fd;
    if (date->error == 0)
        date->error = brood_buffer_append(&date->output, data, len);
}

static void process_exited(void *arg)
{
    struct date *date = arg;
    brood_future_set(date->exited, 0, NULL);
}

static const brood_subprocess_protocol date_protocol = {
    .pipe_data_received = pipe_data_received,
    .process_exited = process_exited,
};

static int get_date(brood_loop *loop, struct date *date)
{
    brood_spawn_failure failure;
    brood_spawn_options options = {
        .argv = (const char *const[]){"date", "+%Y-%m-%d %H:%M:%S", NULL},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    brood_subprocess *transport;
    int error = brood_subprocess_exec(loop, &date_protocol, date, &options, &transport);
    if (error < 0) {
        fprintf(stderr, "date_protocol: %s %s: %s\n", failure.step, failure.what,
                brood_strerror(error));
        return error;
    }
    /* Wait for the exit, by the protocol's process_exited; then close the pipe. */
    error = brood_loop_run_until(loop, date->exited, BROOD_FOREVER);
    brood_returncode code = 0;
    brood_subprocess_returncode(transport, &code);
    brood_subprocess_close(transport);
    if (error == 0)
        error = date->error;
    if (error < 0)
        fprintf(stderr, "date_protocol: %s\n", brood_strerror(error));
    else if (code != 0 || date->output.len == 0)
        fprintf(stderr, "date_protocol: date ended with %lld\n", (long long)code);
    return error < 0 || code != 0 || date->output.len == 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fputs("usage: date_protocol\nPrints the date that a child process tells.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    brood_loop *loop;
    struct date date = {0};
    int error = brood_loop_open(&loop, NULL);
    if (error < 0) {
        fprintf(stderr, "date_protocol: %s\n", brood_strerror(error));
        return 1;
    }
    error = brood_future_open(loop, &date.exited);
    if (error == 0)
        error = get_date(loop, &date);
    if (error == 0)
        printf("Current date: %.*s\n", (int)strcspn(date.output.data, "\r\n"), date.output.data);
    brood_loop_close(loop);
    brood_future_close(date.exited);
    brood_buffer_free(&date.output);
    return error == 0 ? 0 : 1;
}
