/* The counterpart of PyMOTW's asyncio_subprocess_coroutine_write.py: a text is sent
 * to tr, and what tr makes of it comes back. */
#include <brood.h>
#include <stdio.h>
#include <string.h>

static const char message[] = "\nThis message will be converted\nto all caps.\n";

/* 0 when tr has ended, well or not. */
static int to_upper(const char *input, brood_buffer *output, brood_returncode *code)
{
    brood_spawn_failure failure = {.step = "loop"};
    brood_spawn_options options = {
        .argv = (const char *const[]){"tr", "[:lower:]", "[:upper:]", NULL},
        .in = {.kind = BROOD_PIPE},
        .out = {.kind = BROOD_PIPE},
        .failure = &failure,
    };
    puts("in to_upper\nlaunching process");
    brood_process *process;
    int error = brood_spawn(NULL, &options, &process);
    if (error < 0) {
        fprintf(stderr, "to_upper: %s %s: %s\n", failure.step, failure.what, brood_strerror(error));
        return error;
    }
    printf("pid %lld\n", (long long)brood_process_pid(process));
    puts("communicating with process");
    error = brood_process_communicate(process, input, strlen(input), output, NULL, BROOD_FOREVER);
    if (error == 0) {
        puts("waiting for process to complete");
        error = brood_process_wait(process, code, BROOD_FOREVER);
    }
    brood_process_close(process);
    if (error < 0)
        fprintf(stderr, "to_upper: %s\n", brood_strerror(error));
    else
        printf("return code %lld\n", (long long)*code);
    return error;
}

/* As Python writes a text down: 'a line\n'. */
static void print_text(const char *label, const char *text)
{
    static const char plain[] = "\t\n\r\\", letters[] = "tnr\\";
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    printf("%s: %c", label, quote);
    for (; *text != '\0'; text++) {
        const char *escape = strchr(plain, *text);
        if (escape != NULL)
            printf("\\%c", letters[escape - plain]);
        else if (*text == quote)
            printf("\\%c", quote);
        else
            putchar(*text);
    }
    printf("%c\n", quote);
}

int main(int argc, char **argv)
{
    bool help = argc > 1 && strcmp(argv[1], "--help") == 0;
    if (help || argc > 2 || (argc > 1 && argv[1][0] == '-')) {
        fputs("usage: to_upper [TEXT]\nPrints TEXT as it is and in capital letters.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    const char *input = argc > 1 ? argv[1] : message;
    brood_buffer output = {0};
    brood_returncode code = 0;
    int error = to_upper(input, &output, &code);
    if (error == 0 && code != 0) {
        printf("error exit %lld\n", (long long)code);
    } else if (error == 0) {
        print_text("Original", input);
        print_text("Changed ", output.data != NULL ? output.data : "");
    }
    brood_buffer_free(&output);
    return error < 0 || code != 0;
}
