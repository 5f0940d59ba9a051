/* The counterpart of PyMOTW's asyncio_subprocess_protocol.py: a protocol that runs
 * df, collects what it prints, and parses it into rows when it has ended. */
#include <brood.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 16, ROWS = 256 };

struct df {
    brood_future *started;
    brood_future *done; /* its status: the return code of df */
    brood_subprocess *transport;
    brood_buffer output;
    char *headers[COLUMNS];
    char *rows[ROWS][COLUMNS]; /* point into output */
    size_t row_count;
};

/* ---- parsing -------------------------------------------------------------- */

/* Splits one line at its blanks; the rest of `cells` stays NULL. */
static void split(char *line, char *cells[COLUMNS])
{
    char *rest = NULL;
    char *word = strtok_r(line, " \t", &rest);
    for (size_t i = 0; i < COLUMNS && word != NULL; i++) {
        cells[i] = word;
        word = strtok_r(NULL, " \t", &rest);
    }
}

/* One line of headers, all single words; then a line for each file system, with
 * columns that match the headers (no mount point has a blank in its name). */
static void parse_results(struct df *df)
{
    puts("parsing results");
    if (df->output.len == 0)
        return;
    char *rest = NULL;
    split(strtok_r(df->output.data, "\r\n", &rest), df->headers);
    char *line = strtok_r(NULL, "\r\n", &rest);
    for (; line != NULL && df->row_count < ROWS; line = strtok_r(NULL, "\r\n", &rest))
        split(line, df->rows[df->row_count++]);
}

static const char *cell(const struct df *df, size_t row, const char *header)
{
    for (size_t i = 0; i < COLUMNS && df->headers[i] != NULL; i++)
        if (strncmp(df->headers[i], header, strlen(header)) == 0)
            return df->rows[row][i] != NULL ? df->rows[row][i] : "";
    return "";
}

/* ---- the protocol --------------------------------------------------------- */

static void connection_made(void *arg, brood_subprocess *transport)
{
    struct df *df = arg;
    printf("process started %lld\n", (long long)brood_subprocess_pid(transport));
    df->transport = transport;
    brood_future_set(df->started, 0, NULL);
}

static void pipe_data_received(void *arg, int fd, const void *data, size_t len)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    struct df *df = arg;
    printf("read %zu bytes from %s\n", len, names[fd]);
    if (fd == 1 && brood_buffer_append(&df->output, data, len) < 0)
        fputs("df_protocol: out of memory\n", stderr);
}

static void process_exited(void *arg)
{
    struct df *df = arg;
    brood_returncode code = 0;
    brood_subprocess_returncode(df->transport, &code);
    printf("process exited\nreturn code %lld\n", (long long)code);
    if (code == 0)
        parse_results(df);
    brood_future_set(df->done, (int)code, NULL);
}

static const brood_subprocess_protocol df_protocol = {
    .connection_made = connection_made,
    .pipe_data_received = pipe_data_received,
    .process_exited = process_exited,
};

static int run_df(brood_loop *loop, struct df *df, const char *flags)
{
    brood_spawn_failure failure;
    brood_spawn_options options = {
        .argv = (const char *const[]){"df", flags, NULL},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    puts("in run_df\nlaunching process");
    int error = brood_future_open(loop, &df->started);
    if (error == 0)
        error = brood_future_open(loop, &df->done);
    if (error < 0)
        return error;
    brood_subprocess *transport;
    error = brood_subprocess_exec(loop, &df_protocol, df, &options, &transport);
    if (error < 0) {
        fprintf(stderr, "df_protocol: %s %s failed\n", failure.step, failure.what);
        return error;
    }
    error = brood_loop_run_until(loop, df->started, BROOD_FOREVER);
    puts("waiting for process to complete");
    if (error == 0)
        error = brood_loop_run_until(loop, df->done, BROOD_FOREVER);
    brood_subprocess_close(transport);
    return error;
}

static void free_df(struct df *df)
{
    brood_future_close(df->started);
    brood_future_close(df->done);
    brood_buffer_free(&df->output);
    *df = (struct df){0};
}

static void print_rows(const struct df *df)
{
    puts("\nFree space:");
    for (size_t row = 0; row < df->row_count; row++)
        printf("%-25s: %s\n", cell(df, row, "Mounted"), cell(df, row, "Avail"));
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fputs("usage: df_protocol\nPrints the free space of the local file systems.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    static struct df df;
    brood_loop *loop;
    int result = brood_loop_open(&loop, NULL);
    if (result < 0) {
        fprintf(stderr, "df_protocol: %s\n", brood_strerror(result));
        return 1;
    }
    result = run_df(loop, &df, "-hl");
    if (result > 0 && df.output.len == 0) { /* a df without -h */
        free_df(&df);
        result = run_df(loop, &df, "-l");
    }
    if (result < 0)
        fprintf(stderr, "df_protocol: %s\n", brood_strerror(result));
    else if (result != 0)
        printf("error exit %d\n", result);
    else
        print_rows(&df);
    brood_loop_close(loop);
    free_df(&df);
    return result != 0;
}
