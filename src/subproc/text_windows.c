/* Text for the system. */
#include "text_windows.h"

#include <limits.h>
#include <string.h>

#include "memory.h"

static wchar_t *new_text(size_t units)
{
    return brood__realloc(NULL, (units + 1) * sizeof(wchar_t));
}

int brood__text_wide_bytes(const char *bytes, size_t len, wchar_t **wide, size_t *count)
{
    if (len > INT_MAX / 2)
        return BROOD_E2BIG;
    wchar_t *made = new_text(len); /* never more units than bytes */
    if (made == NULL)
        return BROOD_ENOMEM;
    int units = 0;
    if (len > 0)
        units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, bytes, (int)len, made, (int)len);
    if (len > 0 && units == 0) {
        brood__free(made);
        return BROOD_EINVAL;
    }
    made[units] = L'\0';
    *wide = made;
    *count = (size_t)units;
    return 0;
}

int brood__text_wide(const char *text, wchar_t **wide)
{
    size_t count;
    return brood__text_wide_bytes(text, strlen(text), wide, &count);
}

int brood__text_join(const wchar_t *first, const wchar_t *second, wchar_t **joined)
{
    size_t before = wcslen(first), after = wcslen(second);
    wchar_t *made = new_text(before + after);
    if (made == NULL)
        return BROOD_ENOMEM;
    memcpy(made, first, before * sizeof *made);
    memcpy(made + before, second, (after + 1) * sizeof *made);
    *joined = made;
    return 0;
}

/* The system says how much room it needs, and then whether that was still enough. */
int brood__text_full_path(const wchar_t *path, wchar_t **full)
{
    DWORD room = GetFullPathNameW(path, 0, NULL, NULL);
    if (room == 0)
        return brood__last_error();
    wchar_t *made = new_text(room);
    if (made == NULL)
        return BROOD_ENOMEM;
    DWORD length = GetFullPathNameW(path, room, made, NULL);
    if (length == 0 || length >= room) {
        brood__free(made);
        return length == 0 ? brood__last_error() : BROOD_EAGAIN;
    }
    *full = made;
    return 0;
}

int brood__text_variable(const wchar_t *name, wchar_t **value)
{
    *value = NULL;
    DWORD room = GetEnvironmentVariableW(name, NULL, 0);
    if (room == 0)
        return 0;
    wchar_t *made = new_text(room);
    if (made == NULL)
        return BROOD_ENOMEM;
    DWORD length = GetEnvironmentVariableW(name, made, room);
    if (length >= room) /* another thread has changed it */
        length = 0;
    made[length] = L'\0';
    *value = made;
    return 0;
}

bool brood__text_is(const wchar_t *text, size_t len, const char *ascii)
{
    size_t i = 0;
    for (; i < len && ascii[i] != '\0'; i++) {
        wchar_t unit = text[i];
        if (unit >= L'A' && unit <= L'Z')
            unit = (wchar_t)(unit - L'A' + L'a');
        char wanted = ascii[i];
        if (wanted >= 'A' && wanted <= 'Z')
            wanted = (char)(wanted - 'A' + 'a');
        if (unit != (wchar_t)wanted)
            return false;
    }
    return i == len && ascii[i] == '\0';
}
