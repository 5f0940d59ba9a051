/* brood_add_reader and _writer: descriptors that are the host's, watched for it. */
#include <errno.h>
#include <sys/stat.h>

#include "loop.h"
#include "memory.h"

/* One direction of a descriptor. */
struct side {
    struct brood__op op;
    brood_callback *call; /* NULL: this direction is not watched */
    void *arg;
    bool calling; /* freeing and arming wait until the callback returns */
};

struct brood__foreign_watch {
    struct brood__link link;
    brood_loop *loop;
    struct brood__channel channel;
    struct side in, out;
    bool dead; /* nothing is watched any more: freed when nothing is in flight */
};

static void ready(struct brood__op *op, void *unused);

static struct brood__foreign_watch *find(brood_loop *loop, int fd)
{
    for (struct brood__link *link = loop->foreign.next; link != &loop->foreign; link = link->next) {
        struct brood__foreign_watch *watch =
            BROOD__CONTAINER(link, struct brood__foreign_watch, link);
        if (watch->channel.handle == fd && !watch->dead)
            return watch;
    }
    return NULL;
}

static int open_watch(brood_loop *loop, int fd, struct brood__foreign_watch **made)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return -errno;
    struct brood__foreign_watch *watch = brood__alloc(sizeof *watch);
    if (watch == NULL)
        return BROOD_ENOMEM;
    int error = brood__attach(loop, &watch->channel, fd);
    if (error < 0) {
        brood__free(watch);
        return error;
    }
    static const struct brood__op_type type = {.done = ready};
    watch->loop = loop;
    watch->in.op = (struct brood__op){.kind = BROOD__POLL_IN, .type = &type};
    watch->out.op = (struct brood__op){.kind = BROOD__POLL_OUT, .type = &type};
    brood__list_append(&loop->foreign, &watch->link);
    *made = watch;
    return 0;
}

/* Stops watching one side.  Its descriptor may be closed right after that, and its
 * number used again: so it is disarmed at once, also from inside its callback, and
 * the watch is not found any more. */
static void drop(struct brood__foreign_watch *watch, struct side *side)
{
    side->call = NULL;
    watch->dead = watch->in.call == NULL && watch->out.call == NULL;
    if (side->op.channel != NULL)
        watch->loop->backend->table->cancel(watch->loop->backend, &side->op);
}

/* Frees the watch as soon as nothing of it is watched or in flight. */
static void release(struct brood__foreign_watch *watch)
{
    if (!watch->dead || watch->in.calling || watch->out.calling ||
        watch->in.op.state != BROOD__IDLE || watch->out.op.state != BROOD__IDLE)
        return;
    brood__detach(watch->loop, &watch->channel);
    brood__list_remove(&watch->link);
    brood__free(watch);
}

static void ready(struct brood__op *op, void *unused)
{
    (void)unused;
    struct brood__foreign_watch *watch =
        BROOD__CONTAINER(op->channel, struct brood__foreign_watch, channel);
    struct side *side = op == &watch->in.op ? &watch->in : &watch->out;
    if (op->result < 0 && op->result != BROOD_ECANCELED && side->call != NULL) {
        brood__loop_log(watch->loop, "descriptor %d cannot be watched any more: %s",
                        (int)op->channel->handle, brood_strerror((int)op->result));
        drop(watch, side);
    }
    if (op->result >= 0 && side->call != NULL) {
        side->calling = true;
        side->call(side->arg);
        side->calling = false;
    }
    if (side->call != NULL && op->state == BROOD__IDLE)
        brood__submit(watch->loop, &watch->channel, op);
    release(watch);
}

/* Adding again begins anew: the number may be another file's by now, if the host has
 * closed the first one without a word. */
static int add(brood_loop *loop, int fd, bool out, brood_callback *call, void *arg)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (call == NULL)
        return BROOD_EINVAL;
    struct brood__foreign_watch *watch = find(loop, fd);
    struct side *other = watch == NULL ? NULL : out ? &watch->in : &watch->out;
    if (watch != NULL && other->call == NULL) {
        drop(watch, out ? &watch->out : &watch->in);
        release(watch);
        watch = NULL;
    }
    if (watch == NULL) {
        error = open_watch(loop, fd, &watch);
        if (watch == NULL)
            return error;
    }
    struct side *side = out ? &watch->out : &watch->in;
    side->call = call;
    side->arg = arg;
    if (side->op.state != BROOD__IDLE || side->calling)
        return 0; /* it is in flight, or will be when its callback returns */

    brood__submit(loop, &watch->channel, &side->op);
    if (side->op.state == BROOD__SETTLED) { /* it could not be armed */
        error = (int)side->op.result;
        drop(watch, side);
    }
    return error;
}

static int remove_side(brood_loop *loop, int fd, bool out)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    struct brood__foreign_watch *watch = find(loop, fd);
    if (watch == NULL)
        return BROOD_ENOENT;
    struct side *side = out ? &watch->out : &watch->in;
    if (side->call == NULL)
        return BROOD_ENOENT;
    drop(watch, side);
    release(watch);
    return 0;
}

int brood_add_reader(brood_loop *loop, int fd, brood_callback *call, void *arg)
{
    return add(loop, fd, false, call, arg);
}

int brood_add_writer(brood_loop *loop, int fd, brood_callback *call, void *arg)
{
    return add(loop, fd, true, call, arg);
}

int brood_remove_reader(brood_loop *loop, int fd)
{
    return remove_side(loop, fd, false);
}

int brood_remove_writer(brood_loop *loop, int fd)
{
    return remove_side(loop, fd, true);
}

void brood__foreign_close(brood_loop *loop)
{
    struct brood__link *link;
    while ((link = brood__list_take(&loop->foreign)) != NULL) {
        struct brood__foreign_watch *watch =
            BROOD__CONTAINER(link, struct brood__foreign_watch, link);
        brood__abandon(loop, &watch->channel);
        brood__free(watch);
    }
}
