/* Futures: a status and a value that are set once. */
#include "future.h"

#include "loop.h"
#include "memory.h"

int brood_future_open(brood_loop *loop, brood_future **future)
{
    int error = brood__loop_check(loop);
    if (error < 0)
        return error;
    if (future == NULL)
        return BROOD_EINVAL;
    brood_future *made = brood__alloc(sizeof *made);
    if (made == NULL)
        return BROOD_ENOMEM;
    *future = made;
    return 0;
}

int brood_future_set(brood_future *future, int status, void *value)
{
    if (future == NULL)
        return BROOD_EINVAL;
    if (future->done)
        return BROOD_EBUSY;
    *future = (brood_future){.done = true, .status = status, .value = value};
    return 0;
}

bool brood_future_done(const brood_future *future)
{
    return future != NULL && future->done;
}

int brood_future_result(const brood_future *future, void **value)
{
    if (future == NULL)
        return BROOD_EINVAL;
    if (!future->done)
        return BROOD_EAGAIN;
    if (value != NULL)
        *value = future->value;
    return future->status;
}

void brood_future_close(brood_future *future)
{
    brood__free(future);
}
