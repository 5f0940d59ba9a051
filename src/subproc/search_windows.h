/* Which file a program's name stands for. */
#ifndef BROOD_SEARCH_WINDOWS_H
#define BROOD_SEARCH_WINDOWS_H

#include <stdbool.h>

#include "brood.h"

/* Its whole path, to be freed with brood__free.  ENOENT, EACCES for a folder, EINVAL for a
 * name that is no UTF-8, ENOMEM. */
int brood__search(const char *name, const brood_spawn_options *options, wchar_t **path);

/* Whether the path begins at a drive's or a server's root. */
bool brood__search_is_whole(const wchar_t *path);

#endif
