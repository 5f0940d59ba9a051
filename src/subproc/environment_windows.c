/* The child's environment as one block: sorted, without doubles, and with SystemRoot,
 * without which much of the system does not work in a child. */
#include "environment_windows.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "text_windows.h"

struct entry {
    wchar_t *text;
    size_t place; /* where it was given */
};

struct entries {
    struct entry *list;
    size_t count;
};

/* A name may begin with '=': the system itself has such ones. */
static size_t name_length(const wchar_t *entry)
{
    const wchar_t *end = *entry == L'\0' ? NULL : wcschr(entry + 1, L'=');
    return end == NULL ? 0 : (size_t)(end - entry);
}

static int compare_names(const wchar_t *a, const wchar_t *b)
{
    return CompareStringOrdinal(a, (int)name_length(a), b, (int)name_length(b), TRUE) - CSTR_EQUAL;
}

static int by_name(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;
    int order = compare_names(first->text, second->text);
    return order != 0 ? order : (first->place > second->place) - (first->place < second->place);
}

static int add_system_root(struct entries *entries)
{
    wchar_t *value;
    for (size_t i = 0; i < entries->count; i++)
        if (brood__text_is(entries->list[i].text, name_length(entries->list[i].text), "SystemRoot"))
            return 0;
    int error = brood__text_variable(L"SystemRoot", &value);
    if (error < 0 || value == NULL)
        return error;
    error = brood__text_join(L"SystemRoot=", value, &entries->list[entries->count].text);
    entries->count += error == 0;
    brood__free(value);
    return error;
}

static int read_entries(const char *const *env, struct entries *entries, const char **bad)
{
    for (size_t i = 0; env[i] != NULL; i++) {
        *bad = env[i];
        int error = brood__text_wide(env[i], &entries->list[i].text);
        if (error < 0)
            return error;
        entries->list[i].place = i;
        entries->count++;
        if (name_length(entries->list[i].text) == 0)
            return BROOD_EINVAL;
    }
    *bad = "";
    return 0;
}

/* Of two with one name the first counts, as for getenv. */
static int make_block(const struct entries *entries, wchar_t **block)
{
    size_t units = 2; /* an empty block has two NULs as well */
    for (size_t i = 0; i < entries->count; i++)
        units += wcslen(entries->list[i].text) + 1;
    wchar_t *made = brood__alloc(units * sizeof *made), *end = made;
    if (made == NULL)
        return BROOD_ENOMEM;
    for (size_t i = 0; i < entries->count; i++) {
        const wchar_t *text = entries->list[i].text;
        if (i > 0 && compare_names(entries->list[i - 1].text, text) == 0)
            continue;
        size_t length = wcslen(text) + 1;
        memcpy(end, text, length * sizeof *end);
        end += length;
    }
    *block = made;
    return 0;
}

int brood__environment_block(const char *const *env, wchar_t **block, const char **bad)
{
    size_t count = 0;
    while (env[count] != NULL)
        count++;
    struct entries entries = {.list = brood__alloc((count + 1) * sizeof *entries.list)};
    *bad = "";
    if (entries.list == NULL)
        return BROOD_ENOMEM;
    int error = read_entries(env, &entries, bad);
    if (error == 0)
        error = add_system_root(&entries);
    if (error == 0) {
        qsort(entries.list, entries.count, sizeof *entries.list, by_name);
        error = make_block(&entries, block);
    }
    for (size_t i = 0; i <= count; i++)
        brood__free(entries.list[i].text);
    brood__free(entries.list);
    return error;
}
