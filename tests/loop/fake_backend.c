/* The scripted backend. */
#include "fake_backend.h"

#include "support.h"

static struct fake_backend *fake_of(struct brood__backend *backend)
{
    return BROOD__CONTAINER(backend, struct fake_backend, base);
}

static void close_fake(struct brood__backend *backend)
{
    fake_of(backend)->closes++;
}

static int attach(struct brood__backend *backend, struct brood__channel *channel, intptr_t handle)
{
    (void)backend;
    *channel = (struct brood__channel){.handle = handle};
    return 0;
}

static void detach(struct brood__backend *backend, struct brood__channel *channel)
{
    (void)backend;
    (void)channel;
}

static void submit(struct brood__backend *backend, struct brood__channel *channel,
                   struct brood__op *op)
{
    fake_of(backend)->submits++;
    op->channel = channel;
    op->state = BROOD__SUBMITTED;
}

static void cancel(struct brood__backend *backend, struct brood__op *op)
{
    (void)op;
    fake_of(backend)->cancels++;
}

/* Whether the script has made something ripe. */
static bool ripen(const struct fake_wait *wait, struct brood__op_list *ripe)
{
    for (size_t i = 0; i < FAKE_OPS && wait->ripen[i] != NULL; i++) {
        wait->ripen[i]->state = BROOD__RIPE;
        brood__op_list_append(ripe, wait->ripen[i]);
    }
    return wait->ripen[0] != NULL;
}

static int wait_for_events(struct brood__backend *backend, brood_time timeout,
                           struct brood__op_list *ripe)
{
    struct fake_backend *fake = fake_of(backend);
    cr_assert_lt(fake->waits, FAKE_WAITS, "more rounds than the script knows");
    const struct fake_wait *wait = &fake->script[fake->waits];
    fake->timeouts[fake->waits++] = timeout;
    if (wait->meanwhile != NULL)
        wait->meanwhile(wait->arg);
    if (wait->error < 0)
        return wait->error;

    bool woken = fake->woken;
    fake->woken = false;
    if (ripen(wait, ripe))
        fake->clock += wait->takes;
    else if (!woken && timeout == BROOD_FOREVER)
        return BROOD_EIO;
    else if (!woken)
        fake->clock += timeout;
    return 0;
}

static bool finish(struct brood__backend *backend, struct brood__op *op, struct brood__span *span)
{
    (void)span;
    struct fake_backend *fake = fake_of(backend);
    fake->finishes++;
    if (fake->refusals > 0) {
        fake->refusals--;
        op->state = BROOD__SUBMITTED;
        return false;
    }
    op->state = BROOD__IDLE;
    return true;
}

static ptrdiff_t try_read(struct brood__backend *backend, struct brood__channel *channel,
                          void **data, size_t len)
{
    (void)backend;
    (void)channel;
    (void)data;
    (void)len;
    return BROOD_EAGAIN;
}

static ptrdiff_t try_write(struct brood__backend *backend, struct brood__channel *channel,
                           const brood_slice *parts, size_t count)
{
    (void)backend;
    (void)channel;
    (void)parts;
    (void)count;
    return BROOD_EAGAIN;
}

static void wake(struct brood__backend *backend)
{
    fake_of(backend)->wakes++;
    fake_of(backend)->woken = true;
}

static brood_time now(struct brood__backend *backend)
{
    return fake_of(backend)->clock;
}

static intptr_t descriptor(const struct brood__backend *backend)
{
    (void)backend;
    return 4711;
}

static bool pending(const struct brood__backend *backend)
{
    return ((const struct fake_backend *)(const void *)backend)->pending;
}

static const struct brood__backend_table table = {
    .name = "fake",
    .close = close_fake,
    .attach = attach,
    .detach = detach,
    .abandon = detach,
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

void fake_backend_init(struct fake_backend *fake)
{
    *fake = (struct fake_backend){.base.table = &table, .clock = 1000000000};
}
