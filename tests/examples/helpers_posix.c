#include "helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char example_suffix[] = "";

bool example_make_folder(char *path, size_t size)
{
    snprintf(path, size, "/tmp/brood-examples-XXXXXX");
    return mkdtemp(path) != NULL;
}

bool example_make_executable(const char *path)
{
    return chmod(path, 0755) == 0;
}

bool example_remove_file(const char *path)
{
    return unlink(path) == 0;
}

bool example_remove_folder(const char *path)
{
    return rmdir(path) == 0;
}
