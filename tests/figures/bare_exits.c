/* Ends of children, noticed by plain system calls. */
#include "bare_exits.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct bare_child {
    pid_t pid;
    int fd;
};

static void start(struct bare_child *child, int set)
{
    char command[] = "pause", *argv[] = {command, command, NULL};
    cr_assert_eq(posix_spawn(&child->pid, test_child(), NULL, NULL, argv, environ), 0);
    child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0u);
    cr_assert_geq(child->fd, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = child};
    cr_assert_eq(epoll_ctl(set, EPOLL_CTL_ADD, child->fd, &event), 0);
}

static void end(struct bare_child *child, int set)
{
    siginfo_t info;
    struct epoll_event event;
    cr_assert_eq(syscall(SYS_pidfd_send_signal, child->fd, SIGKILL, NULL, 0u), 0);
    while (epoll_wait(set, &event, 1, -1) < 1)
        ;
    cr_assert_eq(event.data.ptr, child);
    cr_assert_eq(waitid(P_PIDFD, (id_t)child->fd, &info, WEXITED | WNOHANG), 0);
    epoll_ctl(set, EPOLL_CTL_DEL, child->fd, NULL);
    close(child->fd);
}

void bare_exits(size_t live, size_t ended, struct samples *samples, unsigned *seed)
{
    struct bare_child *children = calloc(live, sizeof *children);
    struct bare_child **order = calloc(live, sizeof *order);
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < live; i++) {
        start(&children[i], set);
        order[i] = &children[i];
    }
    for (size_t i = 0; i < live; i++) {
        size_t other = i + (size_t)rand_r(seed) % (live - i);
        struct bare_child *victim = order[other];
        order[other] = order[i];
        brood_time began = brood_now();
        end(victim, set);
        if (i < ended)
            samples_add(samples, (double)(brood_now() - began));
    }
    close(set);
    free(order);
    free(children);
}
