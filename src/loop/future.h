/* The future, for those who embed one. */
#ifndef BROOD_FUTURE_H
#define BROOD_FUTURE_H

#include "brood.h"

struct brood_future {
    bool done;
    int status;
    void *value;
};

#endif
