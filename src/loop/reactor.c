/* The reactor: the completion contract (backend.h) on top of readiness
 * (poller.h), written once for epoll and kqueue.
 *
 * Changes of interest are collected and made before waiting, so that a pipe
 * that is read again after each read costs no system call for its interest.  An event for a
 * descriptor that has been closed falls dead (channels.h). */
#include <assert.h>

#include "backend.h"
#include "channels.h"
#include "flow.h"
#include "io_posix.h"
#include "loop.h"
#include "memory.h"
#include "poller.h"
#include "reactor.h"

enum { UNASKED_MAX = 3 }; /* with the read before them they empty a widened pipe, or a socket */

struct reactor {
    struct brood__backend base;
    struct brood__poller *poller;
    struct brood__channels channels; /* dirty: their interest may have changed      */
    struct brood__op_list settled;   /* cancelled or failed: for the next wait to give */
    struct brood__op_list again;     /* reads of which the last one left more, likely  */
    unsigned unasked;                /* waits in a row that have only given such reads  */
    struct brood__flow flow;
    unsigned forks; /* of the process that opened it */
};

static struct reactor *reactor_of(struct brood__backend *backend)
{
    return BROOD__CONTAINER(backend, struct reactor, base);
}

/* In a forked child everything below is the parent's: the poller, and the pipes. */
static bool is_forked(const struct reactor *reactor)
{
    return reactor->forks != brood__forks;
}

/* ---- channels ----------------------------------------------------------- */

static int attach(struct brood__backend *backend, struct brood__channel *channel, intptr_t handle)
{
    uint32_t slot;
    int error = brood__channels_add(&reactor_of(backend)->channels, channel, &slot);
    if (error == 0)
        *channel = (struct brood__channel){.handle = handle, .slot = slot};
    return error;
}

static int set_interest(struct reactor *reactor, struct brood__channel *channel, unsigned interest)
{
    if (is_forked(reactor))
        return BROOD_EFORK;
    int error =
        reactor->poller->table->set(reactor->poller, (int)channel->handle, channel->interest,
                                    interest, brood__channels_cookie(&reactor->channels, channel));
    if (error == BROOD_EPIPE)
        interest &= BROOD__IN;
    else if (error < 0)
        interest = 0;
    channel->interest = (uint8_t)interest;
    return error;
}

static void leave(struct reactor *reactor, struct brood__channel *channel)
{
    brood__flow_leave(&reactor->flow, channel);
    brood__channels_remove(&reactor->channels, channel);
}

static void detach(struct brood__backend *backend, struct brood__channel *channel)
{
    struct reactor *reactor = reactor_of(backend);
    assert(channel->in == NULL && channel->out == NULL);
    if (channel->interest != 0)
        set_interest(reactor, channel, 0);
    leave(reactor, channel);
}

static void unlink_op(struct brood__op_list *list, const struct brood__op *op)
{
    struct brood__op_list rest;
    struct brood__op *each;
    brood__op_list_init(&rest);
    while ((each = brood__op_list_take(list)) != NULL)
        if (each != op)
            brood__op_list_append(&rest, each);
    while ((each = brood__op_list_take(&rest)) != NULL)
        brood__op_list_append(list, each);
}

static void forget(struct reactor *reactor, const struct brood__op *op)
{
    if (op != NULL && op->state == BROOD__SETTLED)
        unlink_op(&reactor->settled, op);
    if (op != NULL && (op->state == BROOD__RIPE || op->state == BROOD__SETTLED))
        unlink_op(&reactor->again, op);
}

/* The poller is about to be closed, or its owner has failed to begin; in a forked child the
 * poller is still the parent's, and left alone. */
static void abandon(struct brood__backend *backend, struct brood__channel *channel)
{
    struct reactor *reactor = reactor_of(backend);
    forget(reactor, channel->in);
    forget(reactor, channel->out);
    leave(reactor, channel);
}

/* ---- operations --------------------------------------------------------- */

static const uint8_t interests[] = {
    [BROOD__READ] = BROOD__IN,      [BROOD__WRITE] = BROOD__OUT,      [BROOD__POLL_IN] = BROOD__IN,
    [BROOD__POLL_OUT] = BROOD__OUT, [BROOD__POLL_GONE] = BROOD__GONE,
};

static unsigned interest_of(const struct brood__op *op)
{
    return op != NULL && op->state == BROOD__SUBMITTED ? interests[op->kind] : 0;
}

static struct brood__op **place_of(struct brood__channel *channel, const struct brood__op *op)
{
    bool out = op->kind == BROOD__WRITE || op->kind == BROOD__POLL_OUT;
    return out ? &channel->out : &channel->in;
}

static bool is_poll(const struct brood__op *op)
{
    return op->kind != BROOD__READ && op->kind != BROOD__WRITE;
}

/* A ripe one will be submitted again, as a rule. */
static unsigned wanted_by(const struct brood__op *op)
{
    return op != NULL && op->state == BROOD__RIPE ? interests[op->kind] : interest_of(op);
}

static unsigned wanted(const struct brood__channel *channel)
{
    return wanted_by(channel->in) | wanted_by(channel->out);
}

/* To be called after every change of what the channel's operations want. */
static void check_interest(struct reactor *reactor, const struct brood__channel *channel)
{
    if (wanted(channel) != channel->interest)
        brood__channels_mark(&reactor->channels, channel);
}

/* Gives a submitted operation its result without carrying it out. */
static void settle(struct reactor *reactor, struct brood__op *op, int result)
{
    if (op == NULL || op->state != BROOD__SUBMITTED)
        return;
    op->state = BROOD__SETTLED;
    op->result = result;
    brood__op_list_append(&reactor->settled, op);
    check_interest(reactor, op->channel);
}

/* What cannot be polled (EPERM: /dev/null, for one) can be read and written at
 * any time; what nobody reads (EPIPE) is ready for whoever waits for room or for
 * that; everything else has failed. */
static void refuse(struct reactor *reactor, struct brood__op *op, int error)
{
    unsigned interest = interest_of(op);
    if (interest == 0 || (error == BROOD_EPIPE && interest == BROOD__IN))
        return;
    settle(reactor, op, error);
    op->channel->unpollable = error == BROOD_EPERM;
    if (error == BROOD_EPIPE || (error == BROOD_EPERM && !is_poll(op))) {
        op->state = BROOD__RIPE;
        op->result = 0;
    }
}

/* Tells the poller what the channel's operations want now. */
static void update(struct reactor *reactor, struct brood__channel *channel)
{
    unsigned interest = wanted(channel);
    if (interest == channel->interest)
        return;
    int error = set_interest(reactor, channel, interest);
    if (error < 0) {
        refuse(reactor, channel->in, error);
        refuse(reactor, channel->out, error);
    }
}

/* A wide pipe, or a socket, that has filled a read has more, likely: it is read once more
 * without a question.  Its registration stays as it is. */
static void read_again(struct reactor *reactor, struct brood__op *op)
{
    op->channel->more = false;
    op->state = BROOD__RIPE;
    brood__op_list_append(&reactor->again, op);
}

static void submit(struct brood__backend *backend, struct brood__channel *channel,
                   struct brood__op *op)
{
    struct reactor *reactor = reactor_of(backend);
    struct brood__op **place = place_of(channel, op);
    assert(op->state == BROOD__IDLE && *place == NULL);
    *place = op;
    op->channel = channel;
    op->state = BROOD__SUBMITTED;
    if (op->kind == BROOD__NOTHING)
        settle(reactor, op, 0);
    else if (op->kind == BROOD__READ && channel->more)
        read_again(reactor, op);
    else if (is_poll(op))
        update(reactor, channel);
    else
        check_interest(reactor, channel);
}

static void cancel(struct brood__backend *backend, struct brood__op *op)
{
    if (op->state == BROOD__RIPE) { /* it is in the loop's list already, or in `again` */
        op->state = BROOD__SETTLED;
        op->result = BROOD_ECANCELED;
    } else {
        settle(reactor_of(backend), op, BROOD_ECANCELED);
    }
    if (is_poll(op))
        update(reactor_of(backend), op->channel);
}

static ptrdiff_t write_parts(const struct brood__channel *channel, const brood_slice *parts,
                             size_t count)
{
    /* They are laid out alike; an iovec's pointer is not const only as it serves reads too. */
    static_assert(sizeof *parts == sizeof(struct iovec) &&
                      offsetof(brood_slice, data) == offsetof(struct iovec, iov_base) &&
                      offsetof(brood_slice, len) == offsetof(struct iovec, iov_len) &&
                      sizeof parts->len == sizeof((struct iovec *)0)->iov_len,
                  "a slice is an iovec");
    const struct iovec *vector = (const struct iovec *)(const void *)parts;
    int used = count < BROOD__TRY_PARTS ? (int)count : BROOD__TRY_PARTS;
    return channel->socket ? brood__io_send((int)channel->handle, vector, used)
                           : brood__io_writev((int)channel->handle, vector, used);
}

static ptrdiff_t read_into(struct reactor *reactor, struct brood__channel *channel,
                           struct brood__span *span)
{
    if (span->data == NULL)
        *span = brood__flow_scratch(&reactor->flow, channel);
    ptrdiff_t n = brood__io_read((int)channel->handle, span->data, span->len);
    brood__flow_read(&reactor->flow, channel, n, span->len);
    return n;
}

static ptrdiff_t carry_out(struct reactor *reactor, struct brood__op *op, struct brood__span *span)
{
    switch (op->kind) {
    case BROOD__READ:
        return read_into(reactor, op->channel, span);
    case BROOD__WRITE:
        return write_parts(op->channel, &(brood_slice){.data = span->data, .len = span->len}, 1);
    default:
        return 0;
    }
}

/* In flight it is, as after a submit; as a rule its registration stands. */
static void go_on(struct reactor *reactor, struct brood__op *op)
{
    op->state = BROOD__SUBMITTED;
    if (op->channel->more)
        read_again(reactor, op);
    else if ((op->channel->interest & BROOD__IN) == 0)
        brood__channels_mark(&reactor->channels, op->channel);
}

static bool finish(struct brood__backend *backend, struct brood__op *op, struct brood__span *span)
{
    struct reactor *reactor = reactor_of(backend);
    if (is_forked(reactor))
        return false;
    if (op->state == BROOD__RIPE) {
        op->result = carry_out(reactor, op, span);
        if (op->result > 0 && op->repeats) {
            go_on(reactor, op);
            return true;
        }
        if (op->result == BROOD_EAGAIN && !op->channel->unpollable) {
            op->state = BROOD__SUBMITTED;
            check_interest(reactor, op->channel);
            return false;
        }
        if (op->result == BROOD_EAGAIN) /* a terminal of macOS, for one: nobody tells when */
            op->result = BROOD_EPERM;
    }
    *place_of(op->channel, op) = NULL;
    op->state = BROOD__IDLE;
    check_interest(reactor, op->channel);
    return true;
}

static ptrdiff_t try_read(struct brood__backend *backend, struct brood__channel *channel,
                          void **data, size_t len)
{
    struct reactor *reactor = reactor_of(backend);
    if (is_forked(reactor))
        return BROOD_EFORK;
    struct brood__span span = {.data = *data, .len = len};
    ptrdiff_t n = read_into(reactor, channel, &span);
    *data = span.data;
    return n;
}

static ptrdiff_t try_write(struct brood__backend *backend, struct brood__channel *channel,
                           const brood_slice *parts, size_t count)
{
    if (is_forked(reactor_of(backend)))
        return BROOD_EFORK;
    if (count == 0 || parts[0].len <= BROOD__FLOW_LARGE) /* nothing is left to do after it */
        return write_parts(channel, parts, count);
    ptrdiff_t n = write_parts(channel, parts, count);
    brood__flow_written(&reactor_of(backend)->flow, channel, n);
    return n;
}

/* ---- waiting ------------------------------------------------------------ */

static void flush(struct reactor *reactor)
{
    uint32_t at = brood__channels_take_dirty(&reactor->channels);
    while (at != BROOD__NO_SLOT) {
        struct brood__channel *channel = brood__channels_clean(&reactor->channels, &at);
        if (channel != NULL)
            update(reactor, channel);
    }
}

/* Dirty ones may have changed back. */
static bool has_changes(const struct reactor *reactor)
{
    uint32_t at = reactor->channels.first_dirty;
    while (at != BROOD__NO_SLOT) {
        const struct brood__channel *channel = brood__channels_look(&reactor->channels, &at);
        if (channel != NULL && wanted(channel) != channel->interest)
            return true;
    }
    return false;
}

static void give(struct brood__op_list *list, struct brood__op_list *ripe)
{
    struct brood__op *op;
    while ((op = brood__op_list_take(list)) != NULL)
        brood__op_list_append(ripe, op);
}

/* What needs no event; false: the system is not to be asked now.  It is asked without
 * waiting otherwise. */
static bool give_at_once(struct reactor *reactor, brood_time *timeout, struct brood__op_list *ripe)
{
    bool more = reactor->again.first != NULL, may_wait = *timeout != 0;
    give(&reactor->settled, ripe);
    give(&reactor->again, ripe);
    *timeout = 0;
    if (!more || !may_wait || reactor->unasked >= UNASKED_MAX)
        return true;
    reactor->unasked++;
    return false;
}

static void ripen(struct brood__op *op, unsigned events, struct brood__op_list *ripe)
{
    if ((interest_of(op) & events) != 0) {
        op->state = BROOD__RIPE;
        brood__op_list_append(ripe, op);
    }
}

static void hear(struct reactor *reactor, const struct brood__event *event,
                 struct brood__op_list *ripe)
{
    struct brood__channel *channel = brood__channels_find(&reactor->channels, event->cookie);
    if (channel == NULL)
        return;
    ripen(channel->in, event->events, ripe);
    ripen(channel->out, event->events, ripe);
    if (event->spent != 0) {
        channel->interest &= (uint8_t)~event->spent;
        check_interest(reactor, channel);
    }
}

static int wait_for_events(struct brood__backend *backend, brood_time timeout,
                           struct brood__op_list *ripe)
{
    struct reactor *reactor = reactor_of(backend);
    if (reactor->channels.first_dirty != BROOD__NO_SLOT)
        flush(reactor);
    if ((reactor->again.first != NULL || reactor->settled.first != NULL) &&
        !give_at_once(reactor, &timeout, ripe))
        return 0;
    reactor->unasked = 0;

    struct brood__event events[BROOD__EVENTS_PER_WAIT];
    int count =
        reactor->poller->table->wait(reactor->poller, timeout, events, BROOD__EVENTS_PER_WAIT);
    for (int i = 0; i < count; i++)
        hear(reactor, &events[i], ripe);
    return count < 0 ? count : 0;
}

static void wake(struct brood__backend *backend)
{
    struct brood__poller *poller = reactor_of(backend)->poller;
    poller->table->wake(poller);
}

static brood_time now(struct brood__backend *backend)
{
    (void)backend;
    return brood_now();
}

static intptr_t descriptor(const struct brood__backend *backend)
{
    const struct brood__poller *poller = ((const struct reactor *)backend)->poller;
    return poller->table->descriptor(poller);
}

static bool pending(const struct brood__backend *backend)
{
    const struct reactor *reactor = (const struct reactor *)backend;
    return has_changes(reactor) || reactor->settled.first != NULL || reactor->again.first != NULL;
}

/* ---- the reactor itself ------------------------------------------------- */

static void close_reactor(struct brood__backend *backend)
{
    struct reactor *reactor = reactor_of(backend);
    if (reactor->poller != NULL)
        reactor->poller->table->close(reactor->poller, is_forked(reactor));
    brood__channels_close(&reactor->channels);
    brood__flow_close(&reactor->flow);
    brood__free(reactor);
}

static const struct brood__backend_table table = {
    .name = "reactor",
    .close = close_reactor,
    .attach = attach,
    .detach = detach,
    .abandon = abandon,
    .submit = submit,
    .cancel = cancel,
    .wait = wait_for_events,
    .finish = finish,
    .try_read = try_read,
    .try_write = try_write,
    .wake = wake,
    .now = now,
    .descriptor = descriptor,
    .pending = pending,
};

int brood__reactor_open(struct brood__backend **backend, struct brood__poller *poller)
{
    struct reactor *reactor = brood__alloc(sizeof *reactor);
    if (reactor == NULL)
        return BROOD_ENOMEM;
    reactor->base.table = &table;
    brood__channels_init(&reactor->channels);
    reactor->forks = brood__forks;
    brood__op_list_init(&reactor->settled);
    brood__op_list_init(&reactor->again);
    if (brood__flow_open(&reactor->flow) < 0) {
        close_reactor(&reactor->base);
        return BROOD_ENOMEM;
    }
    reactor->poller = poller;
    *backend = &reactor->base;
    return 0;
}

int brood__backend_open(struct brood__backend **backend)
{
    struct brood__poller *poller;
    int error = brood__poller_open(&poller);
    if (error < 0)
        return error;
    error = brood__reactor_open(backend, poller);
    if (error < 0)
        poller->table->close(poller, false);
    return error;
}
