/* The end of a process as an operation of the completion port: of the kind BROOD__POSTED,
 * and in flight from the moment when its owner says so. */
#ifndef BROOD_EXIT_WINDOWS_H
#define BROOD_EXIT_WINDOWS_H

#include "backend.h"

/* Completes it, once.  Any thread, while the backend is open. */
void brood__exit_post(struct brood__backend *backend, struct brood__op *op);

/* Waits until it has left the port: for the end of a loop. */
void brood__exit_drain(struct brood__backend *backend, struct brood__op *op);

#endif
