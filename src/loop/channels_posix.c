/* The slots of the reactor's channels. */
#include "channels.h"

#include "brood.h"
#include "memory.h"

#define NOT_LISTED (BROOD__NO_SLOT - 1)

void brood__channels_init(struct brood__channels *channels)
{
    *channels = (struct brood__channels){.free = BROOD__NO_SLOT, .first_dirty = BROOD__NO_SLOT};
}

void brood__channels_close(struct brood__channels *channels)
{
    brood__free(channels->slots);
}

static int grow(struct brood__channels *channels)
{
    uint32_t count = channels->count == 0 ? 16 : channels->count * 2;
    uint64_t most = BROOD__SLOT_MASK + 1;
    if (count > most || count >= NOT_LISTED)
        return BROOD_ENOMEM;
    struct brood__slot *slots = brood__realloc(channels->slots, count * sizeof *slots);
    if (slots == NULL)
        return BROOD_ENOMEM;
    for (uint32_t i = channels->count; i < count; i++)
        slots[i] = (struct brood__slot){.next = i + 1 < count ? i + 1 : BROOD__NO_SLOT};
    channels->free = channels->count;
    channels->slots = slots;
    channels->count = count;
    return 0;
}

int brood__channels_add(struct brood__channels *channels, struct brood__channel *channel,
                        uint32_t *number)
{
    if (channels->free == BROOD__NO_SLOT && grow(channels) < 0)
        return BROOD_ENOMEM;
    *number = channels->free;
    struct brood__slot *slot = &channels->slots[*number];
    channels->free = slot->next;
    slot->next = NOT_LISTED;
    slot->channel = channel;
    return 0;
}

static void add_free(struct brood__channels *channels, uint32_t number)
{
    channels->slots[number].next = channels->free;
    channels->free = number;
}

/* One that is dirty stays in that list until the list is gone through. */
void brood__channels_remove(struct brood__channels *channels, struct brood__channel *channel)
{
    struct brood__slot *slot = &channels->slots[channel->slot];
    slot->channel = NULL;
    slot->generation++;
    if (slot->next == NOT_LISTED)
        add_free(channels, channel->slot);
}

uint64_t brood__channels_cookie(const struct brood__channels *channels,
                                const struct brood__channel *channel)
{
    uint64_t generation = channels->slots[channel->slot].generation & BROOD__SLOT_MASK;
    return generation << BROOD__SLOT_BITS | channel->slot;
}

/* ---- the dirty ones -------------------------------------------------------- */

void brood__channels_mark(struct brood__channels *channels, const struct brood__channel *channel)
{
    struct brood__slot *slot = &channels->slots[channel->slot];
    if (slot->next != NOT_LISTED)
        return;
    slot->next = BROOD__NO_SLOT;
    if (channels->first_dirty == BROOD__NO_SLOT)
        channels->first_dirty = channel->slot;
    else
        channels->slots[channels->last_dirty].next = channel->slot;
    channels->last_dirty = channel->slot;
}

const struct brood__channel *brood__channels_look(const struct brood__channels *channels,
                                                  uint32_t *at)
{
    const struct brood__slot *slot = &channels->slots[*at];
    *at = slot->next;
    return slot->channel;
}

uint32_t brood__channels_take_dirty(struct brood__channels *channels)
{
    uint32_t first = channels->first_dirty;
    channels->first_dirty = BROOD__NO_SLOT;
    return first;
}

struct brood__channel *brood__channels_clean(struct brood__channels *channels, uint32_t *at)
{
    uint32_t number = *at;
    struct brood__slot *slot = &channels->slots[number];
    *at = slot->next;
    slot->next = NOT_LISTED;
    if (slot->channel == NULL)
        add_free(channels, number);
    return slot->channel;
}
