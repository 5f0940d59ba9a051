/* Which file to execute, and by which command line. */
#ifndef BROOD_PROGRAM_WINDOWS_H
#define BROOD_PROGRAM_WINDOWS_H

#include <stddef.h>

#include "brood.h"

struct brood__program {
    wchar_t *path; /* in full */
    wchar_t *line;
    const char *name; /* as the user knows it, for error reports */
    bool is_batch;    /* cmd.exe runs it                         */
};

/* On failure options->failure is filled: step "exec", "batch" or "options"; free it in any
 * case. */
int brood__program_find(struct brood__program *program, const brood_spawn_options *options);
void brood__program_free(struct brood__program *program);

#endif
