/* What the tests of lent bytes share: a pipe to lend to, and its other end. */
#ifndef BROOD_TEST_LENDER_H
#define BROOD_TEST_LENDER_H

#include <unistd.h>

#include "pipe.h"
#include "pipe_recorder.h"

enum {
    MUCH = 200000,
    MORE = 262144 + 10000, /* than is copied at once where lent bytes have to be */
    PAGE = 4096,           /* pipes of Linux are filled by pages                 */
};

/* A pipe that stays its owner's after the loss, and bytes that can be lent to it. */
struct lender {
    brood_loop *loop;
    struct pipe_recorder writing;
    int peer;
    char *bytes; /* MUCH and MORE of the pattern */
    size_t capacity;
};

static inline void lender_open(struct lender *lender)
{
    *lender = (struct lender){.loop = test_loop(), .bytes = pattern_of(MUCH + MORE)};
    lender->writing.keep_when_lost = true;
    lender->peer = record_writer(lender->loop, &lender->writing);
    lender->capacity = capacity_of(lender->peer);
    test_settle(lender->loop);
}

static inline void lender_close(struct lender *lender)
{
    brood_pipe_close(lender->writing.pipe);
    if (lender->peer >= 0)
        close(lender->peer);
    test_settle(lender->loop);
    test_loop_close(lender->loop);
    free(lender->bytes);
}

static inline void close_peer(struct lender *lender)
{
    close(lender->peer);
    lender->peer = -1;
}

#endif
