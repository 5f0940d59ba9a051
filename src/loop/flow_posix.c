/* What the flow of a pipe makes of it: a busy one gets more room, is read again at once, and
 * is read in larger pieces where that helps. */
#include "flow.h"

#include "brood.h"
#include "io_posix.h"
#include "memory.h"

enum {
    USUAL_SIZE = 65536,            /* a pipe's usual capacity */
    WIDE_SIZE = BROOD__FLOW_LARGE, /* a widened one's         */
    BUSY = USUAL_SIZE / 2,
    MAX_WIDENED = 16,
    FILLED_ENOUGH = 16, /* reads in a row, for larger ones */
};

int brood__flow_open(struct brood__flow *flow)
{
    flow->scratch = brood__realloc(NULL, USUAL_SIZE);
    flow->size = USUAL_SIZE;
    return flow->scratch == NULL ? BROOD_ENOMEM : 0;
}

void brood__flow_close(struct brood__flow *flow)
{
    brood__free(flow->scratch);
}

/* Where both ends share a processor, whoever writes goes on as soon as a read has made
 * room, and each read costs two switches: then all that the pipe holds is read at once.
 * Where they do not, such a read would only keep the other end waiting: it is not filled,
 * and the next ones are small again. */
struct brood__span brood__flow_scratch(struct brood__flow *flow,
                                       const struct brood__channel *channel)
{
    if (channel->filled >= FILLED_ENOUGH && flow->size < WIDE_SIZE) {
        char *wide = brood__realloc(flow->scratch, WIDE_SIZE);
        if (wide != NULL)
            *flow = (struct brood__flow){wide, WIDE_SIZE, flow->widened};
    }
    bool large = channel->filled >= FILLED_ENOUGH;
    return (struct brood__span){.data = flow->scratch, .len = large ? flow->size : USUAL_SIZE};
}

/* A pipe that is found full makes its two ends wait for each other; through a wider one
 * both run at the same time.  For a few of them only: all the pipes of a
 * user share one budget, and beyond it every new pipe is a narrow one. */
static void widen(struct brood__flow *flow, struct brood__channel *channel)
{
    if (channel->widened || channel->socket || flow->widened >= MAX_WIDENED)
        return;
    channel->widened = true;
    flow->widened++;
    brood__io_widen((int)channel->handle);
}

/* What is as much as a wide pipe holds has emptied it; less may have left something. */
void brood__flow_read(struct brood__flow *flow, struct brood__channel *channel, ptrdiff_t n,
                      size_t len)
{
    bool filled = n == (ptrdiff_t)len;
    channel->more =
        filled && channel->steady && len < WIDE_SIZE && (channel->widened || channel->socket);
    if (!filled || !channel->widened)
        channel->filled = 0;
    else if (channel->filled < FILLED_ENOUGH)
        channel->filled++;
    if (n >= BUSY)
        widen(flow, channel);
}

/* It would fill a wide pipe too. */
void brood__flow_written(struct brood__flow *flow, struct brood__channel *channel, ptrdiff_t n)
{
    if (n >= BUSY)
        widen(flow, channel);
}

void brood__flow_leave(struct brood__flow *flow, const struct brood__channel *channel)
{
    flow->widened -= channel->widened;
}
