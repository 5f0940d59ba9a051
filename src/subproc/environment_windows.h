/* The child's environment. */
#ifndef BROOD_ENVIRONMENT_WINDOWS_H
#define BROOD_ENVIRONMENT_WINDOWS_H

#include <stddef.h>

/* What CreateProcess takes, of "NAME=value" in UTF-8, ended by NULL; to be freed with
 * brood__free.  EINVAL: *bad is no such entry; ENOMEM. */
int brood__environment_block(const char *const *env, wchar_t **block, const char **bad);

#endif
