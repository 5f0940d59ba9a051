/* Pipe transports: how they begin and how they end.  Reading and writing have
 * files of their own. */
#include "pipe.h"

#include "memory.h"

/* A pipe that belongs to nothing but its loop. */
struct lone {
    struct brood__owned owned;
    struct brood__post post; /* connection_made, freeing */
    union {
        brood_pipe base;
        struct brood__read_pipe in;
        struct brood__write_pipe out;
    } pipe;
};

static struct lone *lone_of(brood_pipe *pipe)
{
    return BROOD__CONTAINER(pipe, struct lone, pipe.base);
}

/* ---- beginning ---------------------------------------------------------- */

int brood__pipe_init(brood_pipe *pipe, brood_loop *loop, intptr_t fd, bool writes,
                     const brood_pipe_protocol *protocol, void *arg)
{
    *pipe = (brood_pipe){.loop = loop, .protocol = protocol, .arg = arg, .writes = writes};
    int error = brood__attach(loop, &pipe->channel, fd);
    if (error < 0)
        return error;
    if (writes)
        brood__pipe_write_init(pipe);
    else
        brood__pipe_read_init(pipe);
    pipe->embedded = pipe->channel.steady = true;
    return 0;
}

void brood__pipe_on_socket(brood_pipe *pipe, bool shares)
{
    pipe->channel.socket = true;
    pipe->shuts = shares || !pipe->writes;
}

void brood__pipe_begin(brood_pipe *pipe)
{
    pipe->begun = pipe->in_callback = true;
    if (pipe->protocol->connection_made != NULL)
        pipe->protocol->connection_made(pipe->arg, pipe);
    if (pipe->writes)
        brood__pipe_write_arm(pipe);
    else
        brood__pipe_read_arm(pipe);
    brood__pipe_called(pipe); /* it may have been closed before it began */
}

static void begin(struct brood__post *post)
{
    brood__pipe_begin(&BROOD__CONTAINER(post, struct lone, post)->pipe.base);
}

static void destroy_alone(struct brood__owned *owned)
{
    struct lone *lone = BROOD__CONTAINER(owned, struct lone, owned);
    brood__loop_withdraw(&lone->post);
    brood__pipe_destroy(&lone->pipe.base);
    brood__free(lone);
}

static int connect_pipe(brood_loop *loop, intptr_t fd, bool writes,
                        const brood_pipe_protocol *protocol, void *arg, brood_pipe **made)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (protocol == NULL || made == NULL)
        return BROOD_EINVAL;
    struct lone *lone = brood__alloc(sizeof *lone);
    if (lone == NULL)
        return BROOD_ENOMEM;

    brood_pipe *pipe = &lone->pipe.base;
    bool was_blocking = false, is_socket = false;
    error = brood__pipe_adopt(fd, &was_blocking, &is_socket);
    if (error == 0)
        error = brood__pipe_init(pipe, loop, fd, writes, protocol, arg);
    if (error < 0) {
        brood__pipe_give_back(fd, was_blocking);
        brood__free(lone);
        return error;
    }
    pipe->embedded = pipe->channel.steady = false; /* others may have it too */
    pipe->was_blocking = was_blocking;
    pipe->channel.socket = is_socket;
    lone->owned.kind = "pipe";
    lone->owned.destroy = destroy_alone;
    brood__loop_own(loop, &lone->owned);
    brood__post_init(&lone->post, begin);
    brood__loop_post(loop, &lone->post);
    *made = pipe;
    return 0;
}

int brood_connect_read_pipe(brood_loop *loop, intptr_t fd, const brood_pipe_protocol *protocol,
                            void *arg, brood_pipe **pipe)
{
    return connect_pipe(loop, fd, false, protocol, arg, pipe);
}

int brood_connect_write_pipe(brood_loop *loop, intptr_t fd, const brood_pipe_protocol *protocol,
                             void *arg, brood_pipe **pipe)
{
    return connect_pipe(loop, fd, true, protocol, arg, pipe);
}

/* ---- ending ------------------------------------------------------------- */

static bool in_flight(const brood_pipe *pipe)
{
    return pipe->channel.in != NULL || pipe->channel.out != NULL;
}

static void cancel_all(brood_pipe *pipe)
{
    if (pipe->channel.in != NULL)
        brood__cancel(pipe->loop, pipe->channel.in);
    if (pipe->channel.out != NULL)
        brood__cancel(pipe->loop, pipe->channel.out);
}

void brood__pipe_lose(brood_pipe *pipe, int error)
{
    if (pipe->state >= BROOD__PIPE_LOSING)
        return;
    pipe->state = BROOD__PIPE_LOSING;
    pipe->error = error;
    cancel_all(pipe);
    if (!pipe->begun || pipe->in_callback || in_flight(pipe))
        return;
    struct brood__op *op = pipe->writes ? &brood__pipe_out(pipe)->op : &brood__pipe_in(pipe)->op;
    op->kind = BROOD__NOTHING;
    brood__submit(pipe->loop, &pipe->channel, op);
}

/* The descriptor goes before the callback: whoever hears of the loss may rely on
 * the other side hearing of it too. */
static void let_go(brood_pipe *pipe)
{
    if (pipe->shuts)
        brood__pipe_shut(pipe->channel.handle, pipe->writes);
    brood__pipe_dispose(pipe->channel.handle, pipe->was_blocking);
    pipe->channel.handle = -1;
    if (pipe->writes)
        brood__pipe_write_drop(pipe);
}

static void free_later(struct brood__post *post)
{
    brood__free(BROOD__CONTAINER(post, struct lone, post));
}

static void free_if_over(brood_pipe *pipe)
{
    if (pipe->state != BROOD__PIPE_LOST || !pipe->given_up || pipe->embedded)
        return;
    struct lone *lone = lone_of(pipe);
    brood__loop_disown(&lone->owned);
    lone->post.run = free_later;
    brood__loop_post_closing(pipe->loop, &lone->post);
}

void brood__pipe_lost_if_idle(brood_pipe *pipe)
{
    if (!pipe->begun || in_flight(pipe) || brood__loop_check(pipe->loop) < 0)
        return;
    brood__detach(pipe->loop, &pipe->channel);
    let_go(pipe);
    if (pipe->protocol->connection_lost != NULL)
        pipe->protocol->connection_lost(pipe->arg, pipe->error);
    pipe->state = BROOD__PIPE_LOST;
    free_if_over(pipe);
}

void brood__pipe_destroy(brood_pipe *pipe)
{
    if (pipe->state == BROOD__PIPE_LOST)
        return;
    brood__abandon(pipe->loop, &pipe->channel);
    if (brood__loop_check(pipe->loop) < 0) /* after a fork its state is the parent's too */
        pipe->was_blocking = pipe->shuts = false;
    let_go(pipe);
}

void brood_pipe_close(brood_pipe *pipe)
{
    if (pipe == NULL || brood__loop_check(pipe->loop) < 0)
        return;
    pipe->given_up = true;
    if (pipe->state == BROOD__PIPE_LOST)
        free_if_over(pipe);
    else
        brood__pipe_finish(pipe);
}

void brood__pipe_finish(brood_pipe *pipe)
{
    if (pipe->state != BROOD__PIPE_OPEN)
        return;
    if (pipe->writes && brood_pipe_buffered(pipe) > 0)
        pipe->state = BROOD__PIPE_FLUSHING;
    else
        brood__pipe_lose(pipe, 0);
}

void brood_pipe_abort(brood_pipe *pipe)
{
    if (pipe == NULL || brood__loop_check(pipe->loop) < 0)
        return;
    pipe->given_up = true;
    if (pipe->state == BROOD__PIPE_LOST)
        free_if_over(pipe);
    else
        brood__pipe_lose(pipe, 0);
}

/* ---- questions ---------------------------------------------------------- */

bool brood_pipe_is_closing(const brood_pipe *pipe)
{
    return pipe == NULL || pipe->state != BROOD__PIPE_OPEN;
}

intptr_t brood_pipe_fd(const brood_pipe *pipe)
{
    return pipe == NULL ? -1 : pipe->channel.handle;
}
