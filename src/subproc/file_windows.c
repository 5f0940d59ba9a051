/* The C library has no streams of one's own making here. */
#include <errno.h>

#include "file.h"

FILE *brood_file_stdio(brood_file *file, const char *mode)
{
    (void)file, (void)mode;
    errno = ENOSYS;
    return NULL;
}
