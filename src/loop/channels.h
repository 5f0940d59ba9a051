/* The channels that the reactor knows, each in a slot with a number: found again by the cookie
 * that an event brings, and in a list while their interest may have changed.  Part of the
 * reactor. */
#ifndef BROOD_CHANNELS_H
#define BROOD_CHANNELS_H

#include "op.h"

#define BROOD__NO_SLOT   UINT32_MAX

/* A cookie is as wide as a pointer, and half of it is for the slot's number. */
#define BROOD__SLOT_BITS (sizeof(uintptr_t) * 4)
#define BROOD__SLOT_MASK (((uint64_t)1 << BROOD__SLOT_BITS) - 1)

struct brood__slot {
    struct brood__channel *channel; /* NULL: free                                         */
    uint32_t generation;            /* counts who has had it                              */
    uint32_t next;                  /* in the list of free slots, or in that of dirty ones */
};

struct brood__channels {
    struct brood__slot *slots;
    uint32_t count, free;
    uint32_t first_dirty, last_dirty;
};

void brood__channels_init(struct brood__channels *channels);
void brood__channels_close(struct brood__channels *channels);

/* The number of a slot for it, which it is to keep; ENOMEM. */
int brood__channels_add(struct brood__channels *channels, struct brood__channel *channel,
                        uint32_t *number);
void brood__channels_remove(struct brood__channels *channels, struct brood__channel *channel);

uint64_t brood__channels_cookie(const struct brood__channels *channels,
                                const struct brood__channel *channel);

/* The channel of an event; NULL if that registration is history: the channel is gone, and its
 * descriptor's number or its slot may have been used again. */
static inline struct brood__channel *brood__channels_find(const struct brood__channels *channels,
                                                          uint64_t cookie)
{
    uint32_t number = (uint32_t)(cookie & BROOD__SLOT_MASK);
    if (number >= channels->count ||
        (channels->slots[number].generation & BROOD__SLOT_MASK) != cookie >> BROOD__SLOT_BITS)
        return NULL;
    return channels->slots[number].channel;
}

/* ---- the dirty ones, each in the list once ------------------------------------------ */

void brood__channels_mark(struct brood__channels *channels, const struct brood__channel *channel);

/* A walk along the list, one step at a time: `at` is first_dirty at the beginning, NO_SLOT at the
 * end.  NULL for one that has been removed meanwhile. */
const struct brood__channel *brood__channels_look(const struct brood__channels *channels,
                                                  uint32_t *at);

/* The same along a list that has been taken: one that is marked anew waits for the next. */
uint32_t brood__channels_take_dirty(struct brood__channels *channels);
struct brood__channel *brood__channels_clean(struct brood__channels *channels, uint32_t *at);

#endif
