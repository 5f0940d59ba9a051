/* Starting a process: the contract of the platform's spawning. */
#ifndef BROOD_SPAWN_H
#define BROOD_SPAWN_H

#include "brood.h"
#include "watcher.h"

/* Everything that the child will need, made ready in the parent. */
struct brood__spawn;

/* Checks the options and opens what they name.  ends: the parent's ends of the
 * pipes on the child's 0, 1 and 2, non-blocking, from now on the caller's; -1
 * where there is none.  On failure nothing is open, and options->failure is filled. */
int brood__spawn_open(const brood_spawn_options *options, struct brood__spawn **spawn,
                      intptr_t ends[3]);

/* Starts the process; fills pid and process of a zeroed child.  On failure there
 * is no process, not even a zombie. */
int brood__spawn_start(struct brood__spawn *spawn, brood_loop *loop, struct brood__child *child);

/* Closes what is left of it, the child's ends of the pipes above all.  NULL is fine. */
void brood__spawn_close(struct brood__spawn *spawn);

/* options.c: what is wrong with the options whatever the platform; EINVAL or 0. */
int brood__options_check(const brood_spawn_options *options);

/* Fills options->failure, if the caller wants to know, and returns the error. */
int brood__spawn_failed(const brood_spawn_options *options, int error, const char *step,
                        const char *what);

#endif
