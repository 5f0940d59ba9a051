/* A context: a place in the program with a stack of its own, which can be left and
 * come back to.  The sanitizers are told of every switch. */
#ifndef BROOD_CONTEXT_H
#define BROOD_CONTEXT_H

#include <stdbool.h>

#include "stack.h"

struct brood__context {
    void *saved;                      /* where it stands, while another one runs */
    struct brood__context *came_from; /* the one that was left for it            */
    bool refused;                     /* it could not be left: no memory (Windows) */

    /* What AddressSanitizer and ThreadSanitizer keep about it. */
    void *fake_stack, *fiber;
    const void *bottom;
    size_t size;
};

/* A context that has yet to run: run(arg), which must end in brood__context_leave. */
void brood__context_make(struct brood__context *context, const struct brood__stack *stack,
                         void (*run)(void *arg), void *arg);

/* Leave `from`, which is the present one, and go on in `to`.  Returns when
 * somebody switches back; or at once, with from->refused. */
void brood__context_switch(struct brood__context *from, struct brood__context *to);

/* The first thing that a made context does. */
void brood__context_arrived(struct brood__context *here);

/* Switch for ever: the stack of `from` may be used again after it.  Nothing follows it:
 * where stacks are fibers it returns when that one is used again. */
void brood__context_leave(struct brood__context *from, struct brood__context *to);

/* Give back what a made context holds beside its stack: from another one. */
void brood__context_drop(struct brood__context *context);

/* ---- switch_posix.c: the switch itself ------------------------------------ */

/* Saves the present place at *save, and goes on at `to`, saved earlier or made. */
void brood__switch_stacks(void **save, void *to);

/* A place to switch to, at the top of the stack: run(arg). */
void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *arg), void *arg);

#endif
