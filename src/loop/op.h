/* The operation, the unit of the completion contract (backend.h): "do this, and
 * tell me when it is done".  It is embedded in its owner, so nothing is allocated
 * while it is in flight, and the owner keeps it until it has completed.
 *
 *     IDLE --submit--> SUBMITTED --the system says so--> RIPE --finish--> IDLE
 *                        |  ^------- not yet after all ----'
 *                        '--cancel, failure--> SETTLED --finish--> IDLE */
#ifndef BROOD_OP_H
#define BROOD_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "list.h"

enum brood__op_kind {
    BROOD__READ,      /* bytes into data, at most len; result: how many, 0 at the end */
    BROOD__WRITE,     /* bytes from data; result: how many, at least 1                */
    BROOD__POLL_IN,   /* until a read would not block                                 */
    BROOD__POLL_OUT,  /* until a write would not block                                */
    BROOD__POLL_GONE, /* until nobody reads the other end any more                    */
    BROOD__POSTED,    /* until somebody posts it: the end of a process (Windows)      */
};

enum brood__op_state {
    BROOD__IDLE,      /* the owner's, to change or free                          */
    BROOD__SUBMITTED, /* in flight                                               */
    BROOD__RIPE,      /* handed out by wait, still to be carried out by finish   */
    BROOD__SETTLED,   /* its result stands: cancelled, or it could not be started */
};

/* Words that a backend may use as it likes while the operation is in flight
 * (Windows keeps its OVERLAPPED there). */
enum { BROOD__OP_ROOM = 4 };

struct brood__channel;

struct brood__op {
    uint8_t kind, state;
    struct brood__channel *channel;
    void *data; /* a read's may be NULL: the backend's own scratch memory, valid
                   until the completion function returns */
    size_t len;
    /* A read's, may be NULL: called by the loop right before it is carried out, to
     * set data and len, so that nobody holds memory while nothing comes.  A negative
     * code becomes the result, and nothing is read. */
    int (*prepare)(struct brood__op *op);
    ptrdiff_t result;                   /* negative: a brood_error */
    void (*done)(struct brood__op *op); /* called by the loop, never by a backend */
    struct brood__op *next;             /* in a brood__op_list */
    void *room[BROOD__OP_ROOM];
};

/* A descriptor or HANDLE that a backend knows; embedded in its owner too.  At
 * most one operation in flight each way. */
struct brood__channel {
    intptr_t handle;
    struct brood__op *in;  /* read, poll_in, poll_gone */
    struct brood__op *out; /* write, poll_out          */

    /* The backend's own. */
    struct brood__link dirty; /* its interest is to be looked at before waiting */
    uint32_t slot;
    uint8_t interest; /* as the system knows it */
    bool widened;     /* it has been found busy                      */
    bool more;        /* it has more to read, likely                 */
    bool unpollable;  /* it is taken for always ready                */
    uint8_t filled;   /* so many reads in a row, or more, were filled */
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
