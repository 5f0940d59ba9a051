/* Futures: a status and a value that are set once, and waited for by many. */
#include "future.h"

#include "memory.h"
#include "wait.h"

static void outlive(struct brood__owned *owned)
{
    brood_future *future = BROOD__CONTAINER(owned, brood_future, owned);
    future->loop = NULL;
    brood__wake_for_good(&future->waiters, BROOD_ECLOSED);
}

int brood_future_open(brood_loop *loop, brood_future **future)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (future == NULL)
        return BROOD_EINVAL;
    brood_future *made = brood__alloc(sizeof *made);
    if (made == NULL)
        return BROOD_ENOMEM;
    made->loop = loop;
    made->owned.destroy = outlive;
    brood__list_init(&made->waiters);
    brood__loop_own(loop, &made->owned);
    *future = made;
    return 0;
}

int brood_future_set(brood_future *future, int status, void *value)
{
    if (future == NULL)
        return BROOD_EINVAL;
    int error = future->loop == NULL ? 0 : brood__loop_check(future->loop);
    if (error < 0)
        return error;
    if (future->done)
        return BROOD_EBUSY;
    future->done = true;
    future->status = status;
    future->value = value;
    brood__wake_all(&future->waiters, 0);
    return 0;
}

int brood_future_wait(brood_future *future, void **value, brood_time deadline)
{
    if (future == NULL)
        return BROOD_EINVAL;
    if (!future->done && future->loop == NULL)
        return BROOD_ECLOSED;
    struct brood__wait wait;
    brood__wait_begin(&wait, future->loop, deadline, "brood_future_wait");
    while (!future->done) {
        int error = brood__wait_for(&wait, &future->waiters);
        if (error < 0)
            return error;
    }
    return brood_future_result(future, value);
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
    if (future == NULL)
        return;
    brood__loop_disown(&future->owned);
    brood__wake_for_good(&future->waiters, BROOD_ECLOSED);
    brood__free(future);
}
