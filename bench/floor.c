#include "floor.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

extern char **environ;

/* In the child, in the parent's memory. */
static _Noreturn void run(const char *const *argv, const int theirs[3])
{
    char *const *unchanged; /* execve's argv is not const, and only read */
    memcpy(&unchanged, &argv, sizeof unchanged);
    for (int fd = 0; fd < 3; fd++)
        if (theirs[fd] >= 0)
            dup2(theirs[fd], fd);
    execve(argv[0], unchanged, environ);
    _exit(127);
}

struct floor_child floor_start(const char *const *argv, unsigned pipes)
{
    int ours[3] = {-1, -1, -1}, theirs[3] = {-1, -1, -1};
    for (int fd = 0; fd < 3; fd++) {
        int ends[2];
        if ((pipes & (1u << fd)) == 0)
            continue;
        bench_need(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
        theirs[fd] = ends[fd == 0 ? 0 : 1];
        ours[fd] = ends[fd == 0 ? 1 : 0];
    }
    pid_t pid = vfork();
    if (pid == 0)
        run(argv, theirs);
    bench_need(pid > 0, "vfork");
    for (int fd = 0; fd < 3; fd++)
        if (theirs[fd] >= 0)
            close(theirs[fd]);
    return (struct floor_child){.pid = pid, .in = ours[0], .out = ours[1], .err = ours[2]};
}

void floor_end(struct floor_child *child)
{
    int status;
    int *ends[] = {&child->in, &child->out, &child->err};
    for (int i = 0; i < 3; i++)
        if (*ends[i] >= 0)
            close(*ends[i]);
    bench_need(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
    bench_need(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's exit status");
}

void floor_widen(int fd)
{
    fcntl(fd, F_SETPIPE_SZ, 1 << 20); /* as far as the user's budget goes */
}

void floor_watch(int set, int fd, uint64_t whose)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = whose};
    bench_need(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}
