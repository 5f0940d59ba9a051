/* What macOS and the BSDs have of their own: kqueues, and a flag of the descriptor that
 * keeps SIGPIPE away (macOS, NetBSD). */
#include "io_bsd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "brood.h"
#include "io_posix.h"

/* The flag belongs to the open file, which others may share: so only pipes of our own
 * making get it. */
void brood__io_quiet(int fd)
{
#ifdef F_SETNOSIGPIPE
    fcntl(fd, F_SETNOSIGPIPE, 1);
#else
    (void)fd;
#endif
}

/* One call in place of three where the flag is set. */
ptrdiff_t brood__io_writev(int fd, const struct iovec *parts, int count)
{
#ifdef F_SETNOSIGPIPE
    if (fcntl(fd, F_GETNOSIGPIPE) == 1) {
        ssize_t n;
        do
            n = writev(fd, parts, count);
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
    }
#endif
    return brood__io_writev_guarded(fd, parts, count);
}

void brood__io_widen(int fd)
{
    (void)fd; /* their pipes grow by themselves */
}

int brood__io_set_pipe_size(int fd, int size)
{
    (void)fd, (void)size;
    return 0;
}

/* What is on its way lies at the reader; which of the two numbers bounds it, the systems
 * differ. */
int brood__io_set_socket_size(int writer, int reader, int size)
{
    if (setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) < 0 ||
        setsockopt(reader, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) < 0)
        return -errno;
    return 0;
}

/* Not by a duplicate of the first one, as other descriptors: what a duplicated kqueue is
 * good for is not written down.  No child inherits one, so that it cannot
 * leak before it is close-on-exec. */
int brood__io_kqueue(void)
{
    int low[3], count = 0, fd = kqueue();
    int error = fd < 0 ? -errno : 0;
    while (fd >= 0 && fd <= 2) {
        low[count++] = fd;
        fd = kqueue();
        error = fd < 0 ? -errno : 0;
    }
    while (count > 0)
        close(low[--count]);
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        error = -errno;
        close(fd);
        fd = -1;
    }
    return fd < 0 ? error : fd;
}

int brood__kevent_change(int kq, intptr_t ident, int filter, unsigned flags, unsigned fflags,
                         void *udata)
{
    struct kevent change;
    EV_SET(&change, (uintptr_t)ident, filter, flags, fflags, 0, udata);
    return kevent(kq, &change, 1, NULL, 0, NULL) < 0 ? -errno : 0;
}

#ifdef __NetBSD__
typedef size_t event_count;
#else
typedef int event_count;
#endif

int brood__kevent_wait(int kq, struct kevent *events, int max, const struct timespec *timeout)
{
    int count = kevent(kq, NULL, 0, events, (event_count)max, timeout);
    return count < 0 ? -errno : count;
}
