/* What the tests of the examples need of the system: see helpers_posix.c and
 * helpers_windows.c. */
#ifndef BROOD_TEST_EXAMPLE_HELPERS_H
#define BROOD_TEST_EXAMPLE_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

/* What the names of programs end in. */
extern const char example_suffix[];

/* A new folder for temporary files, with slashes in its name; false if it cannot be made. */
bool example_make_folder(char *path, size_t size);
/* A file that can be executed, though perhaps not removed at once: a program in it may
 * still be on its way out. */
bool example_make_executable(const char *path);
bool example_remove_file(const char *path);
bool example_remove_folder(const char *path);

#endif
