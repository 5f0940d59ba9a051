/* The counterpart of PyMOTW's asyncio_subprocess_coroutine.py: df is run, its output
 * read line by line, and parsed into rows when it has ended. */
#include <brood.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 16, ROWS = 256 };

struct df {
    brood_buffer output;
    brood_returncode code;
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

static void print_rows(const struct df *df)
{
    puts("\nFree space:");
    for (size_t row = 0; row < df->row_count; row++)
        printf("%-25s: %s\n", cell(df, row, "Mounted"), cell(df, row, "Avail"));
}

/* ---- reading -------------------------------------------------------------- */

/* As Python writes bytes down: b'a\tline\n'. */
static void print_bytes(const char *data, size_t len)
{
    static const char plain[] = "\t\n\r\\", letters[] = "tnr\\";
    bool single = len > 0 && memchr(data, '\'', len) != NULL;
    char quote = single && memchr(data, '"', len) == NULL ? '"' : '\'';
    printf("b%c", quote);
    for (size_t i = 0; i < len; i++) {
        const char *escape = memchr(plain, data[i], sizeof plain - 1);
        if (escape != NULL)
            printf("\\%c", letters[escape - plain]);
        else if (data[i] == quote)
            printf("\\%c", quote);
        else if (isprint((unsigned char)data[i]))
            putchar(data[i]);
        else
            printf("\\x%02x", (unsigned char)data[i]);
    }
    putchar(quote);
}

static int read_lines(brood_process *process, brood_buffer *output)
{
    for (;;) {
        brood_slice line = {0};
        ptrdiff_t n = brood_reader_readline(brood_process_stdout(process), &line, BROOD_FOREVER);
        if (n < 0)
            return (int)n;
        fputs("read ", stdout);
        print_bytes(line.data, (size_t)n);
        putchar('\n');
        if (n == 0)
            break;
        int error = brood_buffer_append(output, line.data, line.len);
        if (error < 0)
            return error;
    }
    puts("no more output from command");
    return 0;
}

/* 0 when df has ended, well or not. */
static int run_df(struct df *df, const char *flags)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = (const char *const[]){"df", flags, NULL},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    puts("in run_df\nlaunching process");
    brood_process *process;
    int error = brood_spawn(NULL, &options, &process);
    if (error < 0) {
        fprintf(stderr, "df_streams: %s %s: %s\n", failure.step, failure.what,
                brood_strerror(error));
        return error;
    }
    printf("process started %lld\n", (long long)brood_process_pid(process));
    error = read_lines(process, &df->output);
    if (error == 0) {
        puts("waiting for process to complete");
        error = brood_process_wait(process, &df->code, BROOD_FOREVER);
    }
    brood_process_close(process);
    if (error < 0) {
        fprintf(stderr, "df_streams: %s\n", brood_strerror(error));
        return error;
    }
    printf("return code %lld\n", (long long)df->code);
    if (df->code == 0)
        parse_results(df);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fputs("usage: df_streams\nPrints the free space of the local file systems.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    static struct df df;
    int error = run_df(&df, "-hl");
    if (error == 0 && df.code > 0 && df.output.len == 0) /* a df without -h */
        error = run_df(&df, "-l");
    if (error == 0 && df.code != 0)
        printf("error exit %lld\n", (long long)df.code);
    else if (error == 0)
        print_rows(&df);
    brood_buffer_free(&df.output);
    return error < 0 || df.code != 0;
}
