/* The future, for those who look inside one. */
#ifndef BROOD_FUTURE_H
#define BROOD_FUTURE_H

#include "brood.h"
#include "loop.h"

struct brood_future {
    struct brood__owned owned; /* for its loop's end, which it may outlive */
    brood_loop *loop;          /* NULL then                                */
    bool done;
    int status;
    void *value;
    struct brood__link waiters;
};

#endif
