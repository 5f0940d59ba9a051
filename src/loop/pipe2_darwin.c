/* Pipes and sockets on macOS, which has no pipe2: between their birth and close-on-exec lies
 * a moment in which a fork of another thread would take them along for ever.  So no fork happens in
 * it: fork calls what pthread_atfork was given, and that waits here; so does a start of ours
 * that hands on what is open (clone_darwin.c).  What is left is posix_spawn by the host in
 * another thread without POSIX_SPAWN_CLOEXEC_DEFAULT, which calls nobody, and with it
 * popen and system. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_bsd.h"
#include "io_posix.h"

static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watching;

void brood__io_hold_pipes(void)
{
    pthread_mutex_lock(&forking);
}

void brood__io_let_pipes_go(void)
{
    pthread_mutex_unlock(&forking);
}

static void watch_forks(void)
{
    watching =
        -pthread_atfork(brood__io_hold_pipes, brood__io_let_pipes_go, brood__io_let_pipes_go);
}

static int make_pipe(int ends[2])
{
    return pipe(ends);
}

static int make_sockets(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int make(int (*open_ends)(int ends[2]), int ends[2])
{
    if (open_ends(ends) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0)
        return 0;
    int error = -errno;
    close(ends[0]);
    close(ends[1]);
    return error;
}

static int make_alone(int (*open_ends)(int ends[2]), int ends[2])
{
    pthread_once(&once, watch_forks);
    if (watching < 0)
        return watching;
    brood__io_hold_pipes();
    int error = make(open_ends, ends);
    brood__io_let_pipes_go();
    return error;
}

int brood__io_pipe2(int ends[2])
{
    return make_alone(make_pipe, ends);
}

int brood__io_sockets2(int ends[2])
{
    return make_alone(make_sockets, ends);
}
