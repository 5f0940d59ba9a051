/* The host program of the loop's tests. */
#include "fake_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

void trace_word(struct trace *trace, const char *word)
{
    size_t used = strlen(trace->text), length = strlen(word);
    cr_assert_lt(used + length + 2, sizeof trace->text);
    if (used > 0)
        trace->text[used++] = ' ';
    memcpy(trace->text + used, word, length + 1);
}

void host_note(void *note)
{
    const struct note *noted = note;
    trace_word(noted->trace, noted->word);
}

void host_count(void *count)
{
    ++*(int *)count;
}

void host_flag(void *flag)
{
    *(bool *)flag = true;
}

void host_stop(void *loop)
{
    brood_loop_stop(loop);
}

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

uint64_t host_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
