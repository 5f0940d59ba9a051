/* A thread's own loop: what NULL means where a loop is asked for.  Made at first
 * use, closed when the thread ends. */
#include <pthread.h>

#include "loop.h"

static _Thread_local brood_loop *mine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

static void close_mine(void *unused)
{
    (void)unused;
    brood_loop_close(mine);
}

static void make_key(void)
{
    key_error = pthread_key_create(&key, close_mine);
}

static int open_mine(void)
{
    brood_loop *made;
    pthread_once(&once, make_key);
    if (key_error != 0)
        return -key_error;
    int error = brood_loop_open(&made, NULL);
    if (error < 0)
        return error;
    error = -pthread_setspecific(key, &mine); /* so that close_mine is called */
    if (error < 0) {
        brood_loop_close(made);
        return error;
    }
    made->owner = &mine;
    mine = made;
    return 0;
}

int brood_loop_default(brood_loop **loop)
{
    if (loop == NULL)
        return BROOD_EINVAL;
    /* After a fork the thread's loop is a copy of the parent's. */
    if (mine != NULL && brood__loop_check(mine) < 0)
        brood_loop_close(mine);
    int error = mine == NULL ? open_mine() : brood__loop_check(mine);
    if (error == 0)
        *loop = mine;
    return error;
}
