/* A task's stack here is a fiber: the system's own, which knows its guard page and grows
 * as it is touched. */
#ifndef BROOD_FIBER_WINDOWS_H
#define BROOD_FIBER_WINDOWS_H

#include "system_windows.h"

struct brood__fiber {
    void *handle;
    void (*run)(void *arg); /* what it does when it is switched to from its start */
    void *arg;
};

/* default_windows.c: around the end of a fiber.  What is stored for the present one is
 * told of that end as if it were the thread's. */
void brood__default_hold(void);
void brood__default_let_go(void);

/* And after a switch: whoever goes on in this thread may outlive the one that asked. */
void brood__default_keep(void);

#endif
