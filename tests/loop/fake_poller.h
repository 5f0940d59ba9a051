/* A poller that the test moves, a reactor on it, and one channel: the reading end
 * of a pipe. */
#ifndef BROOD_TEST_FAKE_POLLER_H
#define BROOD_TEST_FAKE_POLLER_H

#include "backend.h"
#include "poller.h"
#include "spanned_op.h"

enum { FAKE_LIMIT = 64 };

struct fake_set {
    int fd;
    unsigned from, to;
    uint64_t cookie;
};

struct fake_poller {
    struct brood__poller base;
    struct fake_set sets[FAKE_LIMIT];
    size_t set_count, waits, closes;
    int set_error;                          /* what the next sets answer, if not 0 */
    brood_time timeout;                     /* of the last wait                    */
    struct brood__event events[FAKE_LIMIT]; /* for the next wait to give */
    int event_count;
};

struct reactor_bench {
    struct fake_poller fake;
    struct brood__backend *backend;
    const struct brood__backend_table *table;
    struct brood__channel channel;
    int ends[2];
};

void fake_poller_init(struct fake_poller *fake);

void bench_open(struct reactor_bench *bench);
void bench_close(struct reactor_bench *bench);
void bench_submit(struct reactor_bench *bench, struct brood__op *op);
void bench_cancel(struct reactor_bench *bench, struct brood__op *op);
void bench_detach(struct reactor_bench *bench);

/* A wait that gives what is ripe, and carries it out; how many were done. */
int bench_round(struct reactor_bench *bench);
/* The same when it is not to wait. */
int bench_look(struct reactor_bench *bench);

/* The next wait tells of these events for the latest registration. */
void bench_announce(struct reactor_bench *bench, unsigned events);

/* The call of set with this number, from 0. */
void bench_expect_set(const struct reactor_bench *bench, size_t number, int fd, unsigned from,
                      unsigned to);

static inline struct brood__op op_of(enum brood__op_kind kind)
{
    return spanned_op((uint8_t)kind, NULL, 0);
}

#endif
