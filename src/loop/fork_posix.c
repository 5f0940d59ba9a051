/* Telling a forked child from its parent: a number that every fork changes. */
#include <pthread.h>

#include "loop.h"
#include "signals.h"

static unsigned generation = 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The child has one thread only, so that nobody else sees this. */
static void forked(void)
{
    generation++;
    brood__signals_forked();
}

static void begin(void)
{
    pthread_atfork(brood__signals_before_fork, brood__signals_after_fork, forked);
}

unsigned brood__fork_generation(void)
{
    pthread_once(&once, begin);
    return generation;
}
