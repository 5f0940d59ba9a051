/* What the host program does in the tests of the loop: callbacks that write down
 * that they came, and waits in a loop of its own. */
#ifndef BROOD_TEST_FAKE_HOST_H
#define BROOD_TEST_FAKE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "brood.h"

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

/* One turn of a host that drives the loop itself, and waits outside of it; false when
 * nothing came for a minute.  And turns until *flag. */
bool host_turn(brood_loop *loop);
void host_drive(brood_loop *loop, const bool *flag);

/* There is nothing to do, and the loop says so: the host may sleep. */
void host_expect_quiet(brood_loop *loop);
bool host_may_sleep(brood_loop *loop);
bool host_hears_nothing(brood_loop *loop); /* of what it would wait for in its sleep */

/* Something that has come already, and makes this call in the loop's next round.  Of some
 * kinds, which depend on the system: 0 to host_event_kinds - 1. */
struct host_event {
    brood_loop *loop;
    brood_callback *call;
    void *arg;
    int kind;
    intptr_t ends[2];
    brood_pipe *pipe;
};
extern const int host_event_kinds;
void host_event_open(struct host_event *event, brood_loop *loop, int kind, brood_callback *call,
                     void *arg);
void host_event_close(struct host_event *event);

/* A repeatable sequence. */
uint64_t host_random(uint64_t *state);

#endif
