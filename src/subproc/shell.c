/* Quoting for /bin/sh. */
#include <string.h>

#include "brood.h"

static const char safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./-_";

/* Within single quotes everything is plain but the quote itself, which is put
 * between double quotes; all or nothing is appended. */
int brood_shell_quote(const char *word, brood_buffer *out)
{
    if (word == NULL || out == NULL)
        return BROOD_EINVAL;
    size_t before = out->len;
    if (*word != '\0' && word[strspn(word, safe)] == '\0')
        return brood_buffer_append(out, word, strlen(word));

    int error = brood_buffer_append(out, "'", 1);
    while (error == 0 && *word != '\0') {
        size_t plain = strcspn(word, "'");
        error = brood_buffer_append(out, word, plain);
        word += plain;
        if (error == 0 && *word == '\'') {
            error = brood_buffer_append(out, "'\"'\"'", 5);
            word++;
        }
    }
    if (error == 0)
        error = brood_buffer_append(out, "'", 1);
    if (error < 0 && out->data != NULL) {
        out->len = before;
        out->data[before] = '\0';
    }
    return error;
}
