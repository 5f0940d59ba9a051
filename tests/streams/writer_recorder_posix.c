/* What a writer holds on Unix: what the pipe has not taken. */
#include "writer_recorder.h"

bool sender_accounts(const struct sender *sender)
{
    return brood_writer_buffered(sender->writer) + available(sender->peer) + sender->taken ==
           sender->accepted;
}

size_t sender_must_hold(struct sender *sender, bool settled)
{
    (void)settled; /* what can go goes at once */
    return sender->accepted - sender->taken - available(sender->peer);
}

void sender_settle(const struct sender *sender)
{
    brood_loop *loop = sender->loop;
    int rounds = 0;
    while (brood_loop_next(loop) <= brood_now() || is_readable((int)brood_loop_fd(loop))) {
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        cr_assert_lt(++rounds, 1000);
    }
}
