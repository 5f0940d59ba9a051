/* What a host on Unix does besides: descriptors, signal dispositions and forks. */
#include "fake_host_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

void host_pipe(int ends[2])
{
    cr_assert_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

void host_pipe_close(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

void host_put(int fd, const char *text)
{
    size_t length = strlen(text);
    cr_assert_eq(write(fd, text, length), (ssize_t)length);
}

bool host_readable(intptr_t fd)
{
    struct pollfd ask = {.fd = (int)fd, .events = POLLIN};
    return poll(&ask, 1, 0) == 1;
}

/* ---- driving a loop --------------------------------------------------------------- */

/* What a host waits for in poll: milliseconds, rounded up. */
static int timeout_of(brood_time next)
{
    brood_time now = brood_now();
    if (next == BROOD_FOREVER)
        return 60000;
    return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

bool host_turn(brood_loop *loop)
{
    struct pollfd ask = {.fd = (int)brood_loop_fd(loop), .events = POLLIN};
    brood_time next = brood_loop_next(loop);
    int count = poll(&ask, 1, timeout_of(next));
    if (count == 0 && next == BROOD_FOREVER)
        return false;
    return brood_loop_step(loop, BROOD_NOWAIT) == 0;
}

bool host_hears_nothing(brood_loop *loop)
{
    return !host_readable(brood_loop_fd(loop));
}

/* ---- events: a byte in a pipe, a signal -------------------------------------------- */

const int host_event_kinds = 2;

static void open_readable(struct host_event *event)
{
    int ends[2];
    host_pipe(ends);
    host_put(ends[1], "x");
    cr_assert_eq(brood_add_reader(event->loop, ends[0], event->call, event->arg), 0);
    event->ends[0] = ends[0];
    event->ends[1] = ends[1];
}

void host_event_open(struct host_event *event, brood_loop *loop, int kind, brood_callback *call,
                     void *arg)
{
    *event = (struct host_event){.loop = loop, .call = call, .arg = arg, .kind = kind};
    if (kind == 0) {
        open_readable(event);
    } else {
        cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, call, arg), 0);
        raise(SIGUSR1);
    }
}

void host_event_close(struct host_event *event)
{
    int ends[2] = {(int)event->ends[0], (int)event->ends[1]};
    if (event->kind == 0) {
        cr_assert_eq(brood_remove_reader(event->loop, ends[0]), 0);
        host_pipe_close(ends);
    } else {
        cr_assert_eq(brood_remove_signal_handler(event->loop, SIGUSR1), 0);
    }
}

/* ---- signals and forks --------------------------------------------------------------- */

struct sigaction host_disposition(int number)
{
    struct sigaction now;
    cr_assert_eq(sigaction(number, NULL, &now), 0);
    return now;
}

bool host_same_disposition(const struct sigaction *a, const struct sigaction *b)
{
    int flags = SA_SIGINFO | SA_RESTART | SA_NODEFER | SA_ONSTACK | SA_NOCLDSTOP | SA_NOCLDWAIT |
                (int)SA_RESETHAND;
    if (((a->sa_flags ^ b->sa_flags) & flags) != 0)
        return false;
    if ((a->sa_flags & SA_SIGINFO) != 0 && a->sa_sigaction != b->sa_sigaction)
        return false;
    if ((a->sa_flags & SA_SIGINFO) == 0) {
        if (a->sa_handler != b->sa_handler)
            return false;
        if (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN)
            return true; /* without a handler the mask means nothing */
    }
    for (int number = 1; number < 65; number++)
        if (sigismember(&a->sa_mask, number) != sigismember(&b->sa_mask, number))
            return false;
    return true;
}

int host_fork(int (*body)(void *arg), void *arg)
{
    int ends[2], line = -1, status;
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        alarm(60);
        line = body(arg);
        _exit(write(ends[1], &line, sizeof line) == sizeof line ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &line, sizeof line) != sizeof line)
        line = -1;
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "the forked child was ended by signal %d", WTERMSIG(status));
    return line;
}
