/* Names and messages of the error codes, both made from the list in brood.h. */
#include <stddef.h>

#include "brood.h"

struct entry {
    int value;
    const char *name, *text;
};

#define ENTRY(name, value, text) {value, #name, text},
static const struct entry entries[] = {{0, "OK", "no error"}, BROOD_ERRORS(ENTRY)};

static const struct entry *find(int error)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i].value == error)
            return &entries[i];
    return NULL;
}

const char *brood_strerror(int error)
{
    const struct entry *entry = find(error);
    return entry != NULL ? entry->text : "unknown error";
}

const char *brood_errname(int error)
{
    const struct entry *entry = find(error);
    return entry != NULL ? entry->name : "EUNKNOWN";
}
