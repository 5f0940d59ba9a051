/* What the host program does in the tests of the loop: callbacks that write down
 * that they came, pipes, signal dispositions and forks. */
#ifndef BROOD_TEST_FAKE_HOST_H
#define BROOD_TEST_FAKE_HOST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Words in the order in which they were written, with a space between. */
struct trace {
    char text[512];
};
void trace_word(struct trace *trace, const char *word);

struct note {
    struct trace *trace;
    const char *word;
};

/* Callbacks, with what their `arg` is. */
void host_note(void *note);   /* struct note   */
void host_count(void *count); /* int           */
void host_flag(void *flag);   /* bool          */
void host_stop(void *loop);   /* brood_loop    */

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

/* A repeatable sequence. */
uint64_t host_random(uint64_t *state);

#endif
