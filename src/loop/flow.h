/* How much goes through a pipe, and what follows from it for the next read: where to, how
 * much at once, and whether without a question.  Part of the reactor. */
#ifndef BROOD_FLOW_H
#define BROOD_FLOW_H

#include "op.h"

/* As much as a widened pipe holds.  Who writes no more at once says nothing about the flow. */
enum { BROOD__FLOW_LARGE = 262144 };

struct brood__flow {
    char *scratch; /* what nobody has other memory for is read here */
    size_t size;
    unsigned widened; /* channels that are */
};

int brood__flow_open(struct brood__flow *flow); /* ENOMEM */
void brood__flow_close(struct brood__flow *flow);

/* Where the next bytes of this channel go. */
struct brood__span brood__flow_scratch(struct brood__flow *flow,
                                       const struct brood__channel *channel);

/* n bytes, or an error, were read into `len`; were written of more than LARGE. */
void brood__flow_read(struct brood__flow *flow, struct brood__channel *channel, ptrdiff_t n,
                      size_t len);
void brood__flow_written(struct brood__flow *flow, struct brood__channel *channel, ptrdiff_t n);

/* The channel is gone. */
void brood__flow_leave(struct brood__flow *flow, const struct brood__channel *channel);

#endif
