/* The command line of a child: the one string that Windows hands to it, which its C
 * runtime, or cmd.exe, takes apart again.  In UTF-8. */
#ifndef BROOD_COMMAND_WINDOWS_H
#define BROOD_COMMAND_WINDOWS_H

#include "brood.h"

/* argv, by the rules of the C runtime.  EINVAL: argv[0] has a quote in it, for which there
 * is no way; ENOMEM. */
int brood__command_join(const char *const *argv, brood_buffer *line);

/* argv as it is, with blanks between. */
int brood__command_join_verbatim(const char *const *argv, brood_buffer *line);

/* A batch file and its arguments for cmd.exe, of which every character arrives as it is.
 * EINVAL: one that cannot be made to (a line end); *bad is then what it is in. */
int brood__command_join_batch(const char *file, const char *const *argv, brood_buffer *line,
                              const char **bad);

/* A command for cmd.exe itself. */
int brood__command_shell(const char *command, brood_buffer *line);

#endif
