/* What the tests use and some of macOS, NetBSD and OpenBSD lack; included before all else.
 * What is close-on-exec from birth elsewhere is so a moment later. */
#ifndef BROOD_TEST_LACKING_BSD_H
#define BROOD_TEST_LACKING_BSD_H

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef __FreeBSD__
extern char **environ;

static inline int clearenv(void)
{
    environ = NULL;
    return 0;
}
#endif

#ifdef __APPLE__
#define SOCK_CLOEXEC  0x10000000
#define SOCK_NONBLOCK 0x20000000

static inline int lacking_flags(int fd, int close_on_exec, int non_blocking)
{
    if (close_on_exec && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return non_blocking ? fcntl(fd, F_SETFL, O_NONBLOCK) : 0;
}

static inline int pipe2(int ends[2], int flags)
{
    int close_on_exec = (flags & O_CLOEXEC) != 0, non_blocking = (flags & O_NONBLOCK) != 0;
    if (pipe(ends) < 0)
        return -1;
    return lacking_flags(ends[0], close_on_exec, non_blocking) < 0 ||
                   lacking_flags(ends[1], close_on_exec, non_blocking) < 0
               ? -1
               : 0;
}

static inline int dup3(int fd, int wanted, int flags)
{
    int made = dup2(fd, wanted);
    return made >= 0 && lacking_flags(made, (flags & O_CLOEXEC) != 0, 0) < 0 ? -1 : made;
}

static inline int lacking_socketpair(int domain, int type, int protocol, int ends[2])
{
    int close_on_exec = (type & SOCK_CLOEXEC) != 0, non_blocking = (type & SOCK_NONBLOCK) != 0;
    if (socketpair(domain, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), protocol, ends) < 0)
        return -1;
    return lacking_flags(ends[0], close_on_exec, non_blocking) < 0 ||
                   lacking_flags(ends[1], close_on_exec, non_blocking) < 0
               ? -1
               : 0;
}
#define socketpair(domain, type, protocol, ends) lacking_socketpair(domain, type, protocol, ends)
#endif

#endif
