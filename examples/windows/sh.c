/* As much of a shell as pep3145.c talks to, for Windows, which has none of that kind:
 * echo with words and >&2, for over words, and exit. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024 };

struct variable {
    const char *name, *value;
};

static void echo(char *words, const struct variable *variable)
{
    FILE *to = stdout;
    char *redirection = strstr(words, ">&2"), *rest = NULL;
    if (redirection != NULL) {
        *redirection = '\0';
        to = stderr;
    }
    const char *blank = "";
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        int is_variable = *word == '$' && strcmp(word + 1, variable->name) == 0;
        fprintf(to, "%s%s", blank, is_variable ? variable->value : word);
        blank = " ";
    }
    fputc('\n', to);
    fflush(to);
}

static void run_command(char *command, const struct variable *variable)
{
    if (strncmp(command, "echo ", 5) == 0)
        echo(command + 5, variable);
    else if (strncmp(command, "exit", 4) == 0)
        exit(atoi(command + 4));
    else if (*command != '\0')
        fprintf(stderr, "sh: %s: not known here\n", command);
}

/* NAME in WORDS; do COMMAND; done.  What comes behind it, or NULL if it is no such thing. */
static char *run_loop(char *line)
{
    char *words = strstr(line, " in "), *body = strstr(line, "; do "), *rest = NULL;
    char *end = body != NULL ? strstr(body, "; done") : NULL;
    if (words == NULL || end == NULL || words > body)
        return NULL;
    *words = *body = *end = '\0';
    for (char *word = strtok_r(words + 4, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char command[LINE];
        snprintf(command, sizeof command, "%s", body + 5);
        run_command(command, &(struct variable){line, word});
    }
    return end + 6;
}

static void run_line(char *line)
{
    while (line != NULL) {
        line += strspn(line, "; ");
        if (strncmp(line, "for ", 4) == 0) {
            line = run_loop(line + 4);
            continue;
        }
        char *end = strchr(line, ';');
        if (end != NULL)
            *end++ = '\0';
        run_command(line, &(struct variable){"", ""});
        line = end;
    }
}

int main(void)
{
    static char line[LINE];
    _setmode(1, _O_BINARY);
    _setmode(2, _O_BINARY);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        run_line(line);
    }
    return 0;
}
