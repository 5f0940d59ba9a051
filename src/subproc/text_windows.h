/* Text for the system: UTF-8 outside, UTF-16 inside. */
#ifndef BROOD_TEXT_WINDOWS_H
#define BROOD_TEXT_WINDOWS_H

#include "brood.h"
#include "system_windows.h"

/* A new string, to be freed with brood__free.  EINVAL: no UTF-8; ENOMEM. */
int brood__text_wide(const char *text, wchar_t **wide);

/* The same of bytes that may hold NULs; *count: how many units, without a NUL of their own. */
int brood__text_wide_bytes(const char *bytes, size_t len, wchar_t **wide, size_t *count);

/* Two strings, one after the other. */
int brood__text_join(const wchar_t *first, const wchar_t *second, wchar_t **joined);

/* The path in full, as the system understands it. */
int brood__text_full_path(const wchar_t *path, wchar_t **full);

/* A variable of this process's environment; NULL left at *value: there is none. */
int brood__text_variable(const wchar_t *name, wchar_t **value);

/* Whether the first `len` units are the ASCII text, whatever their case. */
bool brood__text_is(const wchar_t *text, size_t len, const char *ascii);

#endif
