/* Opening the reactor on a poller of one's choice, as its tests do. */
#ifndef BROOD_REACTOR_H
#define BROOD_REACTOR_H

struct brood__backend;
struct brood__poller;

/* Owns the poller on success.  ENOMEM. */
int brood__reactor_open(struct brood__backend **backend, struct brood__poller *poller);

#endif
