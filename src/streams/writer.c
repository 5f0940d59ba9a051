/* StreamWriter: a pipe to write to, and the waits that belong to it. */
#include "writer.h"

#include "memory.h"

static void emptied(struct brood__source *source);

/* ---- beginnings and ends ------------------------------------------------------ */

void brood__writer_init(brood_writer *writer, brood_loop *loop, brood_pipe *pipe)
{
    *writer = (brood_writer){.loop = loop, .pipe = pipe, .embedded = true};
    writer->source.emptied = emptied;
    brood__pipe_out(pipe)->source = &writer->source;
    brood__list_init(&writer->drainers);
    brood__list_init(&writer->flushers);
    brood__list_init(&writer->closers);
}

void brood__writer_destroy(brood_writer *writer)
{
    brood__pipe_out(writer->pipe)->source = NULL;
    brood__wake_for_good(&writer->drainers, BROOD_ECLOSED);
    brood__wake_for_good(&writer->flushers, BROOD_ECLOSED);
    brood__wake_for_good(&writer->closers, BROOD_ECLOSED);
}

/* One by itself: the loop owns it. */
struct lone {
    struct brood__owned owned;
    struct brood__post post; /* to free it */
    brood_writer writer;
};

static struct lone *lone_of(brood_writer *writer)
{
    return BROOD__CONTAINER(writer, struct lone, writer);
}

/* The loop ends: the pipe goes by itself. */
static void destroy_alone(struct brood__owned *owned)
{
    struct lone *lone = BROOD__CONTAINER(owned, struct lone, owned);
    brood__loop_withdraw(&lone->post);
    brood__writer_destroy(&lone->writer);
    brood__free(lone);
}

static void free_later(struct brood__post *post)
{
    struct lone *lone = BROOD__CONTAINER(post, struct lone, post);
    brood__loop_disown(&lone->owned);
    brood__free(lone);
}

static void pipe_lost(void *arg, int error)
{
    brood__writer_lost(arg, error);
}

static void pipe_resumed(void *arg)
{
    brood__writer_resumed(arg);
}

int brood_writer_connect(brood_loop *loop, intptr_t fd, brood_writer **writer)
{
    static const brood_pipe_protocol protocol = {
        .connection_lost = pipe_lost,
        .resume_writing = pipe_resumed,
    };
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (writer == NULL)
        return BROOD_EINVAL;
    struct lone *lone = brood__alloc(sizeof *lone);
    brood_pipe *pipe;
    if (lone == NULL)
        return BROOD_ENOMEM;
    brood_writer *made = &lone->writer;
    error = brood_connect_write_pipe(loop, fd, &protocol, made, &pipe);
    if (error < 0) {
        brood__free(lone_of(made));
        return error;
    }
    brood__writer_init(made, loop, pipe);
    made->embedded = false;
    lone->owned.kind = "writer";
    lone->owned.destroy = destroy_alone;
    brood__post_init(&lone->post, free_later);
    brood__loop_own(loop, &lone_of(made)->owned); /* after its pipe: the latest goes first */
    *writer = made;
    return 0;
}

void brood_writer_free(brood_writer *writer)
{
    if (writer == NULL || brood__loop_check(writer->loop) < 0 || writer->given_up)
        return;
    if (writer->embedded) {
        brood_writer_close(writer);
        return;
    }
    writer->given_up = true;
    brood__writer_destroy(writer);
    brood_pipe_close(writer->pipe);
    if (writer->lost)
        brood__loop_post_closing(writer->loop, &lone_of(writer)->post);
}

/* ---- what the pipe says -------------------------------------------------------- */

void brood__writer_resumed(brood_writer *writer)
{
    brood__wake_all(&writer->drainers, 0);
}

static void emptied(struct brood__source *source)
{
    brood_writer *writer = BROOD__CONTAINER(source, brood_writer, source);
    brood__wake_all(&writer->flushers, 0);
}

void brood__writer_lost(brood_writer *writer, int error)
{
    int loss = error < 0 ? error : BROOD_ECONNRESET;
    writer->lost = true;
    writer->error = error;
    writer->dropped = writer->pipe->dropped;
    brood__wake_all(&writer->drainers, loss);
    brood__wake_all(&writer->flushers, 0); /* whether all had gone out is looked at again */
    brood__wake_all(&writer->closers, 0);
    if (writer->given_up)
        brood__loop_post_closing(writer->loop, &lone_of(writer)->post);
}

/* ---- writing --------------------------------------------------------------------- */

int brood_writer_write(brood_writer *writer, const void *data, size_t len)
{
    return writer == NULL ? BROOD_EINVAL : brood_pipe_write(writer->pipe, data, len);
}

int brood_writer_writelines(brood_writer *writer, const brood_slice *parts, size_t count)
{
    return writer == NULL ? BROOD_EINVAL : brood_pipe_writev(writer->pipe, parts, count);
}

int brood_writer_write_eof(brood_writer *writer)
{
    return writer == NULL ? BROOD_EINVAL : brood_pipe_write_eof(writer->pipe);
}

bool brood_writer_can_write_eof(const brood_writer *writer)
{
    return writer != NULL && brood_pipe_can_write_eof(writer->pipe);
}

void brood_writer_close(brood_writer *writer)
{
    if (writer != NULL)
        brood_pipe_write_eof(writer->pipe);
}

bool brood_writer_is_closing(const brood_writer *writer)
{
    return writer == NULL || brood_pipe_is_closing(writer->pipe);
}

size_t brood_writer_buffered(const brood_writer *writer)
{
    return writer == NULL ? 0 : brood_pipe_buffered(writer->pipe);
}

int brood_writer_set_limits(brood_writer *writer, size_t high, size_t low)
{
    return writer == NULL ? BROOD_EINVAL : brood_pipe_set_limits(writer->pipe, high, low);
}

/* ---- waiting ----------------------------------------------------------------------- */

/* A loss that is on its way becomes visible within a round: a loop of writes and
 * drains would never see it otherwise. */
static int see_loss(brood_writer *writer)
{
    if (!brood_pipe_is_closing(writer->pipe))
        return 0;
    struct brood__wait wait;
    brood__wait_begin(&wait, writer->loop, BROOD_NOWAIT, "brood_writer_drain");
    int error = brood__wait_for(&wait, &writer->closers);
    if (error < 0 && error != BROOD_ETIMEDOUT)
        return error;
    return writer->lost ? BROOD_ECONNRESET : 0;
}

int brood_writer_drain(brood_writer *writer, brood_time deadline)
{
    if (writer == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(writer->loop);
    if (error == 0 && writer->lost)
        error = BROOD_ECONNRESET;
    if (error == 0)
        error = see_loss(writer);
    if (error < 0)
        return error;
    struct brood__wait wait;
    brood__wait_begin(&wait, writer->loop, deadline, "brood_writer_drain");
    while (error == 0 && !writer->lost && writer->pipe->over)
        error = brood__wait_for(&wait, &writer->drainers);
    return error;
}

/* Something is still to go out, or a loss to become visible. */
static bool is_busy(const brood_pipe *pipe)
{
    return brood__pipe_buffered(pipe) > 0 || pipe->state == BROOD__PIPE_LOSING;
}

int brood_writer_flush(brood_writer *writer, brood_time deadline)
{
    if (writer == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(writer->loop);
    struct brood__wait wait;
    brood__wait_begin(&wait, writer->loop, deadline, "brood_writer_flush");
    while (error == 0 && !writer->lost && is_busy(writer->pipe))
        error = brood__wait_for(&wait, &writer->flushers);
    if (error < 0)
        return error;
    if (writer->error < 0)
        return writer->error;
    return writer->dropped ? BROOD_ECONNRESET : 0;
}

int brood_writer_wait_closed(brood_writer *writer, brood_time deadline)
{
    if (writer == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(writer->loop);
    struct brood__wait wait;
    brood__wait_begin(&wait, writer->loop, deadline, "brood_writer_wait_closed");
    while (error == 0 && !writer->lost)
        error = brood__wait_for(&wait, &writer->closers);
    return error < 0 ? error : writer->error;
}
