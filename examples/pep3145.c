/* What PEP 3145 wanted of a process: send and receive without being stuck, asyncread
 * and asyncwrite, and a process in the place of a file.  Each step is printed with its
 * result. */
#include <brood.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const double patience = 10; /* seconds, for one step */

static brood_process *start(const char *program)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = (const char *const[]){program, NULL},
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE},
        .err = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    brood_process *process;
    int error = brood_spawn(NULL, &options, &process);
    if (error < 0)
        fprintf(stderr, "pep3145: %s %s: %s\n", failure.step, failure.what, brood_strerror(error));
    return error < 0 ? NULL : process;
}

/* Prints a step with its result, a count or an error, and the bytes that the count is
 * of, if `data` is not NULL.  Whether it is a count. */
static bool show(const char *step, ptrdiff_t result, const char *data)
{
    printf("%-24s %td%s", step, result, result > 0 && data != NULL ? "  " : "");
    for (ptrdiff_t i = 0; data != NULL && i < result; i++)
        if (data[i] == '\n' || data[i] == '\r')
            fputs(data[i] == '\n' ? "\\n" : "\\r", stdout);
        else
            putchar(data[i]);
    putchar('\n');
    if (result < 0)
        fprintf(stderr, "pep3145: %s: %s\n", step, brood_strerror((int)result));
    return result >= 0;
}

/* ---- send and receive --------------------------------------------------------- */

static bool exchange(brood_process *process)
{
    static const char hello[] = "echo hello\n", oops[] = "echo oops >&2\n";
    char data[64];
    ptrdiff_t n = brood_process_recv(process, data, sizeof data, BROOD_NOWAIT);
    printf("%-24s %td %s\n", "recv at once", n, n < 0 ? brood_strerror((int)n) : "");
    n = brood_process_send(process, hello, strlen(hello), brood_in(patience));
    if (!show("send", n, hello))
        return false;
    n = brood_process_recv(process, data, sizeof data, brood_in(patience));
    if (!show("recv", n, data))
        return false;
    n = brood_process_send(process, oops, strlen(oops), brood_in(patience));
    if (!show("send", n, oops))
        return false;
    n = brood_process_recv_err(process, data, sizeof data, brood_in(patience));
    return show("recv_err", n, data);
}

/* All that comes in a time, or until the end if that is earlier. */
static bool gather(brood_process *process)
{
    static const char script[] = "for i in 1 2 3; do echo line $i; done; exit\n";
    brood_buffer all = {0};
    ptrdiff_t n = brood_process_asyncwrite(process, script, strlen(script), brood_in(patience));
    bool fine = show("asyncwrite", n, script);
    if (fine) {
        n = brood_process_asyncread(process, 1, &all, patience);
        fine = show("asyncread", n, all.data);
    }
    if (fine) {
        n = brood_process_asyncread(process, 1, &all, patience);
        fine = show("asyncread at the end", n, NULL);
    }
    brood_buffer_free(&all);
    return fine;
}

/* ---- a process as a file -------------------------------------------------------- */

/* More than a pipe holds goes to cat before anything is read back. */
static bool as_file(brood_process *process)
{
    enum { LINES = 20000 };
    brood_file *file;
    brood_slice line;
    ptrdiff_t n = 1;
    size_t bytes = 0, lines = 0;
    int error = brood_file_open(process, patience, &file);
    if (error < 0)
        return show("file_open", error, NULL);
    for (int i = 0; i < LINES && error == 0; i++)
        error = brood_file_write(file, "a line of text\n", 15);
    bool fine = show("file_write, 20000 times", error, NULL) &&
                show("file_flush", brood_file_flush(file), NULL);
    for (; fine && lines < LINES && n > 0; lines += n > 0) {
        n = brood_file_readline(file, &line);
        bytes += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        show("file_readline", n, NULL);
    printf("%-24s %zu lines, %zu bytes\n", "file_readline", lines, bytes);
    error = brood_file_close(file);
    return fine && show("file_close", error, NULL) && lines == LINES;
}

/* sort's input and output in the hands of fprintf and fgets. */
static bool as_stdio(brood_process *process)
{
    brood_file *file;
    int error = brood_file_open(process, patience, &file);
    if (error < 0)
        return show("file_open", error, NULL);
    FILE *in = brood_file_stdio(file, "w"), *out = brood_file_stdio(file, "r");
    if (in == NULL && errno == ENOSYS) { /* the C library has no such streams here */
        printf("%-24s %s\n", "file_stdio", brood_strerror(BROOD_ENOSYS));
        return show("file_close", brood_file_close(file), NULL);
    }
    bool fine = in != NULL && out != NULL;
    if (!fine)
        show("file_stdio", -errno, NULL);
    const char *const words[] = {"pear", "apple", "quince"};
    for (size_t i = 0; i < 3 && fine; i++) {
        fprintf(in, "%s\n", words[i]); /* buffered: an error shows in fclose */
        printf("%-24s \"%s\\n\"\n", "fprintf", words[i]);
    }
    if (in != NULL && fclose(in) != 0 && fine) /* sort sees the end of its input */
        fine = show("fprintf", -errno, NULL);
    char line[64];
    while (fine && fgets(line, sizeof line, out) != NULL)
        printf("%-24s \"%.*s\\n\"\n", "fgets", (int)strcspn(line, "\r\n"), line);
    if (fine && ferror(out))
        fine = show("fgets", -errno, NULL);
    if (out != NULL)
        fclose(out);
    brood_file_close(file);
    return fine;
}

/* --------------------------------------------------------------------------------- */

static bool act(const char *program, bool (*steps[])(brood_process *))
{
    brood_process *process = start(program);
    bool fine = process != NULL;
    brood_returncode code = 0;
    if (fine)
        printf("\n%s\n", program);
    while (fine && *steps != NULL)
        fine = (*steps++)(process);
    if (fine)
        fine = show("wait", brood_process_wait(process, &code, brood_in(patience)), NULL);
    if (code != 0)
        fprintf(stderr, "pep3145: %s ended with %lld\n", program, (long long)code);
    brood_process_close(process);
    return fine && code == 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fputs("usage: pep3145\nTalks to sh, cat and sort in all the ways of PEP 3145.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    bool fine = act("sh", (bool (*[])(brood_process *)){exchange, gather, NULL}) &&
                act("cat", (bool (*[])(brood_process *)){as_file, NULL}) &&
                act("sort", (bool (*[])(brood_process *)){as_stdio, NULL});
    return fine ? 0 : 1;
}
