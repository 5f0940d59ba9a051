/* Pipes and their peers' ends on Unix. */
#include "pipe_recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- ends ----------------------------------------------------------------------- */

void make_pipe(int ends[2])
{
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
}

intptr_t make_read_end(int *peer)
{
    int ends[2];
    make_pipe(ends);
    *peer = ends[1];
    return ends[0];
}

intptr_t make_wide_read_end(int *peer, size_t room)
{
    if (!test_abilities().sized_pipes)
        cr_skip_test("the size of a pipe is the system's own");
    intptr_t end = make_read_end(peer);
#ifdef F_SETPIPE_SZ
    cr_assert_geq(fcntl(*peer, F_SETPIPE_SZ, (int)room), (int)room);
#else
    (void)room;
#endif
    return end;
}

intptr_t make_write_end(int *peer)
{
    int ends[2];
    make_pipe(ends);
    *peer = ends[0];
    return ends[1];
}

void make_ends(intptr_t *reader, intptr_t *writer)
{
    int ends[2];
    make_pipe(ends);
    *reader = ends[0];
    *writer = ends[1];
}

void make_sockets(int ends[2])
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

intptr_t end_of(int fd)
{
    return fd;
}

void close_end(intptr_t end)
{
    cr_assert_eq(close((int)end), 0);
}

intptr_t copy_end(intptr_t end)
{
    int copy = dup((int)end);
    cr_assert_geq(copy, 0);
    return copy;
}

bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    cr_assert_geq(flags, 0);
    return (flags & O_NONBLOCK) == 0;
}

bool is_untouched(intptr_t end)
{
    return is_blocking((int)end);
}

int mode_of(intptr_t end)
{
    return fcntl((int)end, F_GETFL);
}

intptr_t open_file(void)
{
    return open(test_child(), O_RDONLY | O_CLOEXEC);
}

intptr_t open_directory(void)
{
    return open("/", O_RDONLY | O_CLOEXEC);
}

/* ---- what is in a pipe ------------------------------------------------------------ */

#ifdef F_GETPIPE_SZ
size_t capacity_of(int fd)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    cr_assert_gt(size, 0);
    return (size_t)size;
}
#else
/* Nobody tells: as much as another new one takes. */
size_t capacity_of(int fd)
{
    static const char block[512];
    int ends[2];
    size_t room = 0;
    ssize_t n;
    (void)fd;
    make_pipe(ends);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    while ((n = write(ends[1], block, sizeof block)) > 0)
        room += (size_t)n;
    close(ends[0]);
    close(ends[1]);
    return room;
}
#endif

size_t available(int fd)
{
    int count;
    cr_assert_eq(ioctl(fd, FIONREAD, &count), 0);
    return (size_t)count;
}

size_t available_at(intptr_t end)
{
    return available((int)end);
}

bool is_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

bool nobody_reads(int fd)
{
    struct pollfd peer = {.fd = fd};
    return poll(&peer, 1, 0) == 1 && (peer.revents & POLLERR) != 0;
}

void put_bytes(int fd, const void *bytes, size_t len)
{
    cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
}

size_t put_some(int fd, const void *bytes, size_t len)
{
    int flags = fcntl(fd, F_GETFL);
    cr_assert_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    ssize_t n = write(fd, bytes, len);
    cr_assert(n >= 0 || errno == EAGAIN);
    cr_assert_eq(fcntl(fd, F_SETFL, flags), 0);
    return n < 0 ? 0 : (size_t)n;
}

size_t take_bytes(int fd, void *bytes, size_t len)
{
    ssize_t n = read(fd, bytes, len);
    cr_assert_geq(n, 0);
    return (size_t)n;
}

/* ---- the loop, time, processes ------------------------------------------------------ */

void watch_peer(brood_loop *loop, int fd, void (*call)(void *arg), void *arg)
{
    cr_assert_eq(brood_add_reader(loop, fd, call, arg), 0);
}

void unwatch_peer(brood_loop *loop, int fd)
{
    brood_remove_reader(loop, fd);
}

double own_seconds(void)
{
    struct timespec now;
    cr_assert_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool holds_in_a_fork(bool (*body)(void))
{
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0)
        _exit(body() ? 0 : 1);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
