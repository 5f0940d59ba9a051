/* The operation, the unit of the completion contract (backend.h): "do this, and
 * tell me when it is done".  It is embedded in its owner, so nothing is allocated
 * while it is in flight, and the owner keeps it until it has completed.
 *
 *     IDLE --submit--> SUBMITTED --the system says so--> RIPE --finish--> IDLE
 *                        |  ^------- not yet after all, or it repeats ----'
 *                        '--cancel, failure--> SETTLED --finish--> IDLE */
#ifndef BROOD_OP_H
#define BROOD_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "op_room.h"

enum brood__op_kind {
    BROOD__READ,      /* bytes into a span; result: how many, 0 at the end            */
    BROOD__WRITE,     /* bytes from a span; result: how many, at least 1              */
    BROOD__POLL_IN,   /* until a read would not block                                 */
    BROOD__POLL_OUT,  /* until a write would not block                                */
    BROOD__POLL_GONE, /* until nobody reads the other end any more                    */
    BROOD__POSTED,    /* until somebody posts it: the end of a process (Windows)      */
    BROOD__NOTHING,   /* completes in the next wait, by the loop, with 0              */
};

enum brood__op_state {
    BROOD__IDLE,      /* the owner's, to change or free                          */
    BROOD__SUBMITTED, /* in flight                                               */
    BROOD__RIPE,      /* handed out by wait, still to be carried out by finish   */
    BROOD__SETTLED,   /* its result stands: cancelled, or it could not be started */
};

struct brood__channel;
struct brood__op;

/* What is read into, or written. */
struct brood__span {
    void *data; /* a read's may be NULL: the backend's own scratch memory, valid
                   until the completion function returns */
    size_t len;
};

/* What an operation is for its owner; called by the loop, never by a backend, but for the
 * preparation of a write whose bytes the system takes at once. */
struct brood__op_type {
    /* A read or a write, right before it is carried out: where from or where to, so that
     * nobody holds memory while nothing comes.  A read's may be NULL, and may refuse: a
     * negative code becomes the result, and nothing is read. */
    int (*prepare)(struct brood__op *op, struct brood__span *span);
    /* `data`: where a read has put its bytes. */
    void (*done)(struct brood__op *op, void *data);
};

struct brood__op {
    uint8_t kind, state;
    bool repeats; /* a read that finish may leave in flight, as long as bytes come */
    const struct brood__op_type *type;
    struct brood__channel *channel;
    ptrdiff_t result;       /* negative: a brood_error */
    struct brood__op *next; /* in a brood__op_list     */
    BROOD__OP_ROOM          /* members of the backend's (op_room.h beside it) */
};

/* A descriptor or HANDLE that a backend knows; embedded in its owner too.  At
 * most one operation in flight each way. */
struct brood__channel {
    intptr_t handle;
    struct brood__op *in;  /* read, poll_in, poll_gone */
    struct brood__op *out; /* write, poll_out          */

    /* The backend's own. */
    uint32_t slot;
    uint8_t interest;    /* as the system knows it                               */
    uint8_t filled;      /* so many reads in a row have filled what they read into */
    bool widened : 1;    /* it has been found busy                               */
    bool more : 1;       /* and has more to read, likely                         */
    bool unpollable : 1; /* taken for always ready                               */
    /* The owner's, set once it is attached (Unix). */
    bool socket : 1; /* it is one                                               */
    bool steady : 1; /* nobody else has it, who could make its reads block      */
};

/* Operations in the order in which they became ripe. */
struct brood__op_list {
    struct brood__op *first, **end;
};

static inline void brood__op_list_init(struct brood__op_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static inline void brood__op_list_append(struct brood__op_list *list, struct brood__op *op)
{
    op->next = NULL;
    *list->end = op;
    list->end = &op->next;
}

static inline struct brood__op *brood__op_list_take(struct brood__op_list *list)
{
    struct brood__op *op = list->first;
    if (op != NULL) {
        list->first = op->next;
        if (list->first == NULL)
            list->end = &list->first;
    }
    return op;
}

#endif
