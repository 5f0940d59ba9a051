/* Signals are a thing of Unix. */
#include "loop.h"

int brood_add_signal_handler(brood_loop *loop, int signal, brood_callback *call, void *arg)
{
    (void)loop, (void)signal, (void)call, (void)arg;
    return BROOD_ENOSYS;
}

int brood_remove_signal_handler(brood_loop *loop, int signal)
{
    (void)loop, (void)signal;
    return BROOD_ENOSYS;
}

void brood__signals_dispatch(brood_loop *loop)
{
    (void)loop;
}

void brood__signals_close(brood_loop *loop)
{
    (void)loop;
}
