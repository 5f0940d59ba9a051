/* Included before everything else of the library's sources where the linker has no
 * --wrap: their calls go to the wrappers by another name.  The system's headers come
 * first, so that they declare what they always do; and the macros have parameters, so
 * that structs of the same name stay what they are. */
#ifndef BROOD_TEST_FAULTS_NAMES_H
#define BROOD_TEST_FAULTS_NAMES_H

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/eventfd.h>

int __wrap_epoll_create1(int flags);
int __wrap_epoll_ctl(int set, int action, int fd, struct epoll_event *event);
int __wrap_epoll_wait(int set, struct epoll_event *events, int max, int timeout);
int __wrap_eventfd(unsigned count, int flags);
#define epoll_create1(...) __wrap_epoll_create1(__VA_ARGS__)
#define epoll_ctl(...)     __wrap_epoll_ctl(__VA_ARGS__)
#define epoll_wait(...)    __wrap_epoll_wait(__VA_ARGS__)
#define eventfd(...)       __wrap_eventfd(__VA_ARGS__)
#else
#include <sys/event.h>

int __wrap_kqueue(void);
#ifdef __NetBSD__
int __wrap_kevent(int kq, const struct kevent *changes, size_t change_count, struct kevent *events,
                  size_t max, const struct timespec *timeout);
#else
int __wrap_kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
                  int max, const struct timespec *timeout);
#endif
#define kqueue()    __wrap_kqueue()
#define kevent(...) __wrap_kevent(__VA_ARGS__)
#endif

int __wrap_pipe(int ends[2]);
int __wrap_pipe2(int ends[2], int flags);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
pid_t __wrap_fork(void);
#define pipe(...)                __wrap_pipe(__VA_ARGS__)
#define pipe2(...)               __wrap_pipe2(__VA_ARGS__)
#define socketpair(...)          __wrap_socketpair(__VA_ARGS__)
#define setsockopt(...)          __wrap_setsockopt(__VA_ARGS__)
#define fcntl(...)               __wrap_fcntl(__VA_ARGS__)
#define open(...)                __wrap_open(__VA_ARGS__)
#define sigaction(...)           __wrap_sigaction(__VA_ARGS__)
#define fork()                   __wrap_fork()

/* Of the library's own functions the calls are renamed, and not the definitions, which
 * are in files of their own that do without this one. */
#define brood__waitid(...)       __wrap_brood__waitid(__VA_ARGS__)
#define brood__clone(...)        __wrap_brood__clone(__VA_ARGS__)
#define brood__process_open(...) __wrap_brood__process_open(__VA_ARGS__)

#endif
