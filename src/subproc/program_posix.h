/* Which files to try to execute, and with which arguments.  Unix. */
#ifndef BROOD_PROGRAM_POSIX_H
#define BROOD_PROGRAM_POSIX_H

#include "brood.h"

struct brood__program {
    const char *name; /* as the user knows it, for error reports */
    const char *const *argv;
    const char *const *paths; /* full paths to be tried in turn, ended by NULL */
    char *memory;             /* holds the paths */
    const char *shell_argv[4];
    const char *only_path[2];
};

/* ENOMEM; then options->failure is filled. */
int brood__program_find(struct brood__program *program, const brood_spawn_options *options,
                        const char *const *env);
void brood__program_free(struct brood__program *program);

#endif
