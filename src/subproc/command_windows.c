/* The command line of a child. */
#include "command_windows.h"

#include <string.h>

static int add(brood_buffer *line, const char *text)
{
    return brood_buffer_append(line, text, strlen(text));
}

static int add_times(brood_buffer *line, const char *text, size_t times)
{
    int error = 0;
    while (times-- > 0 && error == 0)
        error = add(line, text);
    return error;
}

/* ---- the C runtime's rules --------------------------------------------------- */

/* Backslashes are plain but before a quote, where two stand for one: those before a quote
 * of the text, which gets one itself, and those before the quote that ends it. */
static int add_quoted(brood_buffer *line, const char *argument)
{
    int error = add(line, "\"");
    while (error == 0 && *argument != '\0') {
        size_t backslashes = strspn(argument, "\\");
        const char *next = argument + backslashes;
        bool doubled = *next == '"' || *next == '\0';
        error = add_times(line, "\\", doubled ? 2 * backslashes : backslashes);
        argument = next;
        if (error == 0 && *argument == '"') {
            error = add(line, "\\\"");
            argument++;
        }
        size_t plain = strcspn(argument, "\\\"");
        if (error == 0)
            error = brood_buffer_append(line, argument, plain);
        argument += plain;
    }
    return error == 0 ? add(line, "\"") : error;
}

static int add_argument(brood_buffer *line, const char *argument)
{
    bool plain = *argument != '\0' && strpbrk(argument, " \t\n\v\"") == NULL;
    return plain ? add(line, argument) : add_quoted(line, argument);
}

/* The program's name has rules of its own: no escapes, it ends at the next quote. */
static int add_name(brood_buffer *line, const char *name)
{
    if (strchr(name, '"') != NULL)
        return BROOD_EINVAL;
    int error = add(line, "\"");
    if (error == 0)
        error = add(line, name);
    return error == 0 ? add(line, "\"") : error;
}

int brood__command_join(const char *const *argv, brood_buffer *line)
{
    int error = add_name(line, argv[0]);
    for (size_t i = 1; error == 0 && argv[i] != NULL; i++) {
        error = add(line, " ");
        if (error == 0)
            error = add_argument(line, argv[i]);
    }
    return error;
}

int brood__command_join_verbatim(const char *const *argv, brood_buffer *line)
{
    int error = add(line, argv[0]);
    for (size_t i = 1; error == 0 && argv[i] != NULL; i++) {
        error = add(line, " ");
        if (error == 0)
            error = add(line, argv[i]);
    }
    return error;
}

/* ---- cmd.exe's ------------------------------------------------------------------ */

/* What means nothing to cmd.exe, with quotes around it or without. */
static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "#$*+-./:?@\\_";

/* A quote is doubled, which leaves both readers of the line inside of quotes; a percent
 * sign is followed by the name of a variable that it can only be part of, cut to nothing.
 * The batch file's program reads the result by the C runtime's rules, so that backslashes
 * before a quote are doubled here, too. */
static int add_for_batch(brood_buffer *line, const char *argument, bool quoted)
{
    size_t backslashes = 0;
    int error = quoted ? add(line, "\"") : 0;
    for (; error == 0 && *argument != '\0'; argument++) {
        if (*argument == '"')
            error = add_times(line, "\\", backslashes);
        backslashes = *argument == '\\' ? backslashes + 1 : 0;
        if (error == 0 && *argument == '"')
            error = add(line, "\"");
        else if (error == 0 && *argument == '%')
            error = add(line, "%%cd:~,");
        if (error == 0)
            error = brood_buffer_append(line, argument, 1);
    }
    if (quoted && error == 0)
        error = add_times(line, "\\", backslashes);
    return quoted && error == 0 ? add(line, "\"") : error;
}

static bool needs_quotes(const char *argument)
{
    size_t length = strlen(argument);
    return length == 0 || strspn(argument, harmless) < length || argument[length - 1] == '\\';
}

static int add_harmless(brood_buffer *line, const char *text, bool quoted, const char **bad)
{
    if (strpbrk(text, "\r\n") == NULL)
        return add_for_batch(line, text, quoted);
    *bad = text;
    return BROOD_EINVAL;
}

/* With the file in quotes there are four or more: then cmd.exe takes away the outer two, and
 * reads the rest as it stands. */
int brood__command_join_batch(const char *file, const char *const *argv, brood_buffer *line,
                              const char **bad)
{
    size_t length = strlen(file);
    if (strchr(file, '"') != NULL || (length > 0 && file[length - 1] == '\\')) {
        *bad = file;
        return BROOD_EINVAL;
    }
    int error = add(line, "cmd.exe /e:ON /v:OFF /d /c \"");
    if (error == 0)
        error = add_harmless(line, file, true, bad);
    for (size_t i = 1; error == 0 && argv[i] != NULL; i++) {
        error = add(line, " ");
        if (error == 0)
            error = add_harmless(line, argv[i], needs_quotes(argv[i]), bad);
    }
    return error == 0 ? add(line, "\"") : error;
}

int brood__command_shell(const char *command, brood_buffer *line)
{
    int error = add(line, "cmd.exe /d /s /c \"");
    if (error == 0)
        error = add(line, command);
    return error == 0 ? add(line, "\"") : error;
}
