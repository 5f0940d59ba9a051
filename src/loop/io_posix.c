/* Reads, and writes that keep SIGPIPE from the host on any POSIX system. */
#include "io_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ptrdiff_t brood__io_read(int fd, void *data, size_t len)
{
    ssize_t n;
    do
        n = read(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

#if defined(MSG_NOSIGNAL) && !defined(__APPLE__) /* whose older kernels do not know it */
ptrdiff_t brood__io_send(int fd, const struct iovec *parts, int count)
{
    /* Some systems' count is an int, some a size_t; the parts are const for none. */
    struct msghdr message = {.msg_iovlen = (unsigned char)count};
    memcpy(&message.msg_iov, &parts, sizeof parts);
    ssize_t n;
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
#else
ptrdiff_t brood__io_send(int fd, const struct iovec *parts, int count)
{
    return brood__io_writev(fd, parts, count);
}
#endif

/* A SIGPIPE of our own making is pending for this thread alone; one that was
 * pending before is the host's and stays. */
ptrdiff_t brood__io_writev_guarded(int fd, const struct iovec *parts, int count)
{
    sigset_t pipe_only, before, mask;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &mask);
    sigpending(&before);

    ssize_t n;
    do
        n = writev(fd, parts, count);
    while (n < 0 && errno == EINTR);
    ptrdiff_t result = n < 0 ? -errno : n;

    if (result == -EPIPE && !sigismember(&before, SIGPIPE)) {
        sigset_t now;
        int taken;
        sigpending(&now);
        if (sigismember(&now, SIGPIPE))
            sigwait(&pipe_only, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return result;
}

void brood__io_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

int brood__io_check_open(int fd)
{
    return fcntl(fd, F_GETFD) < 0 ? -errno : 0;
}

int brood__io_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)
        return -errno;
    return 0;
}

static int keep_both_clear(int made[2], int ends[2])
{
    made[0] = brood__io_keep_clear(made[0]);
    made[1] = brood__io_keep_clear(made[1]);
    if (made[0] < 0 || made[1] < 0) {
        int error = made[0] < 0 ? made[0] : made[1];
        brood__io_close(made[0]);
        brood__io_close(made[1]);
        return error;
    }
    ends[0] = made[0];
    ends[1] = made[1];
    return 0;
}

int brood__io_pipe(int ends[2])
{
    int made[2];
    int error = brood__io_pipe2(made);
    return error < 0 ? error : keep_both_clear(made, ends);
}

int brood__io_sockets(int ends[2])
{
    int made[2];
    int error = brood__io_sockets2(made);
    return error < 0 ? error : keep_both_clear(made, ends);
}

int brood__io_keep_clear(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int clear = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = -errno;
    close(fd);
    return clear < 0 ? error : clear;
}
