/* What a process asks of its transport beside the public functions. */
#ifndef BROOD_SUBPROCESS_H
#define BROOD_SUBPROCESS_H

#include "brood.h"

/* EAGAIN while it runs; ELOST. */
int brood__subprocess_usage(const brood_subprocess *transport, brood_usage *usage);

/* An end that has come is noticed by the next round. */
void brood__subprocess_hasten(brood_subprocess *transport);

/* Closes it without killing: no more callbacks come; it is freed when the child has
 * been reaped. */
void brood__subprocess_detach(brood_subprocess *transport);

#endif
