/* What the host program does besides on Unix: pipes, signal dispositions and forks. */
#ifndef BROOD_TEST_FAKE_HOST_POSIX_H
#define BROOD_TEST_FAKE_HOST_POSIX_H

#include <signal.h>

#include "fake_host.h"

/* Non-blocking and close-on-exec. */
void host_pipe(int ends[2]);
void host_pipe_close(int ends[2]);
void host_put(int fd, const char *text);

/* Without waiting; also of brood_loop_fd. */
bool host_readable(intptr_t fd);

struct sigaction host_disposition(int number);
bool host_same_disposition(const struct sigaction *a, const struct sigaction *b);

/* In a forked child: 0, or the line of the first check that failed there.  The
 * body returns that, and asserts nothing itself: Criterion is the parent's. */
int host_fork(int (*body)(void *arg), void *arg);
#define CHILD_CHECK(condition) \
    do {                       \
        if (!(condition))      \
            return __LINE__;   \
    } while (0)

#endif
