/* Telling a forked child from its parent: a number that every fork changes. */
#include <pthread.h>

#include "loop.h"
#include "signals.h"

unsigned brood__forks;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int begun;

/* The child has one thread only, so that nobody else sees this. */
static void forked(void)
{
    brood__forks++;
    brood__signals_forked();
}

static void begin(void)
{
    begun = pthread_atfork(brood__signals_before_fork, brood__signals_after_fork, forked);
}

int brood__fork_watch(void)
{
    pthread_once(&once, begin);
    return -begun;
}
