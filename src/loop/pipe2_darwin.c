/* Pipes on macOS, which has no pipe2: between their birth and close-on-exec lies a moment in
 * which a fork of another thread would take them along for ever.  So no fork happens in
 * it: fork calls what pthread_atfork was given, and that waits here.  What is left is
 * posix_spawn by the host in another thread without POSIX_SPAWN_CLOEXEC_DEFAULT, which
 * calls nobody; brood's own starts (clone_darwin.c) close what they do not hand on. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "io_posix.h"

static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watching;

static void hold(void)
{
    pthread_mutex_lock(&forking);
}

static void let_go(void)
{
    pthread_mutex_unlock(&forking);
}

static void watch_forks(void)
{
    watching = -pthread_atfork(hold, let_go, let_go);
}

static int make(int ends[2])
{
    if (pipe(ends) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        return 0;
    int error = -errno;
    close(ends[0]);
    close(ends[1]);
    return error;
}

int brood__io_pipe2(int ends[2])
{
    pthread_once(&once, watch_forks);
    if (watching < 0)
        return watching;
    hold();
    int error = make(ends);
    let_go();
    return error;
}
