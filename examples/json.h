/* JSON, as much as lsp_client.c needs: walking through a text that ends with NUL, where
 * a value is a pointer to its first character, and writing strings. */
#ifndef EXAMPLE_JSON_H
#define EXAMPLE_JSON_H

#include <brood.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *json_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* From the opening quote to behind the closing one. */
static const char *json_skip_string(const char *at)
{
    for (at++; *at != '\0' && *at != '"'; at++)
        if (*at == '\\' && at[1] != '\0')
            at++;
    return *at == '"' ? at + 1 : at;
}

static const char *json_skip(const char *at)
{
    int depth = 0;
    do {
        if (*at == '"')
            at = json_skip_string(at);
        else if (*at == '{' || *at == '[')
            depth++, at++;
        else if (*at == '}' || *at == ']')
            depth--, at++;
        else
            at += *at == ',' || *at == ':' ? 1 : strcspn(at, "\"{}[],: \t\r\n");
        at = json_blanks(at);
    } while (depth > 0 && *at != '\0');
    return at;
}

/* Behind a value: the next one of its object or array, if there is one. */
static const char *json_next(const char *at)
{
    at = json_skip(at);
    return *at == ',' ? json_blanks(at + 1) : at;
}

/* NULL if there is none, or if that is no object. */
static const char *json_member(const char *object, const char *name)
{
    size_t len = strlen(name);
    if (object == NULL || *object != '{')
        return NULL;
    for (const char *at = json_blanks(object + 1); *at == '"'; at = json_next(at)) {
        bool found = strncmp(at + 1, name, len) == 0 && at[len + 1] == '"';
        at = json_blanks(json_skip_string(at));
        if (*at != ':')
            return NULL;
        at = json_blanks(at + 1);
        if (found)
            return at;
    }
    return NULL;
}

static void json_print_utf8(FILE *to, unsigned c)
{
    if (c >= 0xd800 && c < 0xe000)
        c = 0xfffd; /* half of a pair */
    if (c < 0x80) {
        fputc((int)c, to);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    fputc((int)((0xff00 >> (more + 1) & 0xff) | c >> 6 * more), to);
    while (more-- > 0)
        fputc((int)(0x80 | (c >> 6 * more & 0x3f)), to);
}

/* The four digits of \uXXXX; moves behind them. */
static unsigned json_hex4(const char **at)
{
    char digits[5] = {0};
    memcpy(digits, *at + 2, strnlen(*at + 2, 4));
    *at += 2 + strlen(digits);
    return (unsigned)strtoul(digits, NULL, 16);
}

/* What a string stands for; nothing if it is no string. */
static void json_print(FILE *to, const char *at)
{
    static const char letters[] = "nrtbf\"\\/", meant[] = "\n\r\t\b\f\"\\/";
    if (at == NULL || *at != '"')
        return;
    for (at++; *at != '"' && *at != '\0';) {
        const char *letter = *at == '\\' && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter != NULL) {
            fputc(meant[letter - letters], to);
            at += 2;
        } else if (*at == '\\' && at[1] == 'u') {
            unsigned c = json_hex4(&at);
            const char *second = at;
            bool pair = c >= 0xd800 && c < 0xdc00 && at[0] == '\\' && at[1] == 'u';
            unsigned low = pair ? json_hex4(&second) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
                at = second;
            }
            json_print_utf8(to, c);
        } else {
            fputc(*at++, to);
        }
    }
}

/* Appends the text as it stands between the quotes of a string. */
static int json_escape(brood_buffer *out, const char *text)
{
    int error = 0;
    for (; error == 0 && *text != '\0'; text++) {
        char escaped[8] = {*text, '\0'};
        if (*text == '"' || *text == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*text);
        error = brood_buffer_append(out, escaped, strlen(escaped));
    }
    return error;
}

#endif
