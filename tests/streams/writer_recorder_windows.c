/* What a writer holds on Windows: one write is in flight, and counts until the last byte of
 * it is in the pipe; what has been accepted since is the next one. */
#include "writer_recorder.h"

bool sender_accounts(const struct sender *sender)
{
    return brood_writer_buffered(sender->writer) + available(sender->peer) + sender->taken >=
           sender->accepted;
}

size_t sender_must_hold(struct sender *sender, bool settled)
{
    if (sender->out == sender->sent)
        sender->sent = sender->accepted;
    while (settled && sender->out < sender->sent &&
           sender->sent - sender->taken <= sender->capacity) {
        sender->out = sender->sent;
        sender->sent = sender->accepted;
    }
    return sender->accepted - sender->out;
}

void sender_settle(const struct sender *sender)
{
    test_settle(sender->loop);
}
