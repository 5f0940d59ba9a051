/* StreamReader: where bytes come from, when they stop coming, and the flow control
 * in between. */
#include "reader.h"

#include <stdint.h>

#include "memory.h"

static void filled(struct brood__sink *sink, const void *data, size_t len);

/* ---- beginnings ------------------------------------------------------------ */

void brood__reader_init(brood_reader *reader, brood_loop *loop, size_t limit)
{
    *reader = (brood_reader){.loop = loop, .embedded = true};
    reader->limit = limit == 0 ? BROOD_DEFAULT_LIMIT : limit;
    reader->sink.room = brood__reader_room;
    reader->sink.filled = filled;
    brood__list_init(&reader->waiters);
    brood__list_init(&reader->enders);
}

void brood__reader_connect(brood_reader *reader, brood_pipe *pipe)
{
    reader->pipe = pipe;
    brood__pipe_read_into(pipe, &reader->sink);
}

/* One by itself: the loop owns it. */
struct lone {
    struct brood__owned owned;
    struct brood__post post; /* to free it */
    brood_reader reader;
};

static struct lone *lone_of(brood_reader *reader)
{
    return BROOD__CONTAINER(reader, struct lone, reader);
}

static void destroy_alone(struct brood__owned *owned)
{
    struct lone *lone = BROOD__CONTAINER(owned, struct lone, owned);
    brood__loop_withdraw(&lone->post);
    brood__reader_destroy(&lone->reader);
    brood__free(lone);
}

static void free_later(struct brood__post *post)
{
    struct lone *lone = BROOD__CONTAINER(post, struct lone, post);
    brood__loop_disown(&lone->owned);
    brood__reader_destroy(&lone->reader);
    brood__free(lone);
}

static int open_reader(brood_loop **loop, size_t limit, brood_reader **reader)
{
    int error = brood__loop_resolve(loop);
    if (error < 0)
        return error;
    if (reader == NULL)
        return BROOD_EINVAL;
    struct lone *lone = brood__alloc(sizeof *lone);
    if (lone == NULL)
        return BROOD_ENOMEM;
    brood_reader *made = &lone->reader;
    brood__reader_init(made, *loop, limit);
    made->embedded = false;
    lone->owned.kind = "reader";
    lone->owned.destroy = destroy_alone;
    brood__post_init(&lone->post, free_later);
    *reader = made;
    return 0;
}

int brood_reader_open(brood_loop *loop, size_t limit, brood_reader **reader)
{
    int error = open_reader(&loop, limit, reader);
    if (error == 0)
        brood__loop_own(loop, &lone_of(*reader)->owned);
    return error;
}

static void pipe_lost(void *arg, int error)
{
    brood_reader *reader = arg;
    bool closed = reader->closed;
    brood_pipe *pipe = reader->pipe;
    brood__reader_lost(reader, error);
    brood_pipe_close(pipe);
    if (closed)
        brood__loop_post_closing(reader->loop, &lone_of(reader)->post);
}

static const brood_pipe_protocol protocol = {.connection_lost = pipe_lost};

int brood_reader_connect(brood_loop *loop, intptr_t fd, size_t limit, brood_reader **reader)
{
    brood_reader *made;
    brood_pipe *pipe;
    int error = open_reader(&loop, limit, reader == NULL ? NULL : &made);
    if (error < 0)
        return error;
    error = brood_connect_read_pipe(loop, fd, &protocol, made, &pipe);
    if (error < 0) {
        brood__free(lone_of(made));
        return error;
    }
    brood__reader_connect(made, pipe);
    brood__loop_own(loop, &lone_of(made)->owned); /* after its pipe: the latest goes first */
    *reader = made;
    return 0;
}

/* ---- what comes -------------------------------------------------------------- */

static void check_flow(brood_reader *reader)
{
    size_t high = reader->limit > SIZE_MAX / 2 ? SIZE_MAX : reader->limit * 2;
    if (reader->mode == BROOD__READER_LIMITED && reader->pipe != NULL && !reader->paused &&
        reader->bytes.len > high)
        reader->paused = brood_pipe_pause_reading(reader->pipe) == 0;
}

static void arrived(brood_reader *reader)
{
    check_flow(reader);
    if (reader->mode != BROOD__READER_GATHER || reader->bytes.len > reader->enough)
        brood__wake_all(&reader->waiters, 0);
}

static void filled(struct brood__sink *sink, const void *data, size_t len)
{
    brood_reader *reader = BROOD__CONTAINER(sink, brood_reader, sink);
    (void)data; /* they are in `bytes` already, or unwanted */
    if (reader->mode == BROOD__READER_DISCARD)
        return;
    bool full = len >= BROOD__READ_MAX ||
                reader->bytes.start + reader->bytes.len + len + 1 == reader->bytes.cap;
    if (full)
        reader->chunk = BROOD__READ_MAX;
    else if (len < reader->chunk / 4 && reader->chunk > BROOD__READ_MIN)
        reader->chunk /= 2;
    reader->bytes.len += len;
    arrived(reader);
}

int brood_reader_feed(brood_reader *reader, const void *data, size_t len)
{
    if (reader == NULL || (data == NULL && len > 0) || reader->embedded || reader->pipe != NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(reader->loop);
    if (error < 0)
        return error;
    if (reader->eof || reader->closed)
        return BROOD_ECLOSED;
    error = len == 0 ? 0 : brood__reader_append(reader, data, len);
    if (error < 0)
        return error;
    if (len > 0)
        arrived(reader);
    return reader->bytes.len / 2 >= reader->limit && reader->bytes.len > 2 * reader->limit;
}

static void wake_everybody(brood_reader *reader)
{
    brood__wake_all(&reader->waiters, 0);
    brood__wake_all(&reader->enders, 0);
}

void brood_reader_feed_eof(brood_reader *reader)
{
    if (reader == NULL || reader->embedded || reader->pipe != NULL ||
        brood__loop_check(reader->loop) < 0)
        return;
    reader->eof = true;
    wake_everybody(reader);
}

void brood_reader_set_error(brood_reader *reader, int error)
{
    if (reader == NULL || brood__loop_check(reader->loop) < 0)
        return;
    reader->error = error < 0 ? error : 0;
    if (error < 0)
        wake_everybody(reader);
}

void brood__reader_lost(brood_reader *reader, int error)
{
    reader->pipe = NULL;
    reader->paused = false;
    reader->eof = true;
    if (error < 0)
        reader->error = error;
    if (!reader->lent)
        brood__reader_rest(reader); /* the last read had room in vain */
    wake_everybody(reader);
}

/* ---- for the reading functions ------------------------------------------------- */

int brood__reader_begin(brood_reader *reader)
{
    if (reader == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(reader->loop);
    if (error < 0)
        return error;
    if (reader->closed)
        return BROOD_ECLOSED;
    if (reader->mode != BROOD__READER_LIMITED || !brood__list_empty(&reader->waiters))
        return BROOD_EBUSY;
    brood__reader_take_back(reader);
    return reader->error;
}

int brood__reader_wait(brood_reader *reader, struct brood__wait *wait)
{
    if (reader->paused) {
        reader->paused = false;
        brood_pipe_resume_reading(reader->pipe);
    }
    brood__reader_rest(reader);
    return brood__wait_for(wait, &reader->waiters);
}

void brood__reader_limit(brood_reader *reader)
{
    reader->mode = BROOD__READER_LIMITED;
    check_flow(reader);
}

/* ---- ends ------------------------------------------------------------------------ */

int brood_reader_wait_eof(brood_reader *reader, brood_time deadline)
{
    if (reader == NULL)
        return BROOD_EINVAL;
    struct brood__wait wait;
    brood__wait_begin(&wait, reader->loop, deadline, "brood_reader_wait_eof");
    int error = brood__loop_check(reader->loop);
    if (error == 0 && reader->closed)
        error = BROOD_ECLOSED;
    while (error == 0 && !reader->eof && reader->error == 0)
        error = brood__wait_for(&wait, &reader->enders);
    return error < 0 ? error : reader->error;
}

void brood__reader_destroy(brood_reader *reader)
{
    brood__wake_for_good(&reader->waiters, BROOD_ECLOSED);
    brood__wake_for_good(&reader->enders, BROOD_ECLOSED);
    brood__free(reader->retired);
    brood__free(reader->bytes.data);
    brood_buffer_free(&reader->pattern);
    reader->retired = reader->bytes.data = NULL;
}

void brood_reader_close(brood_reader *reader)
{
    if (reader == NULL || brood__loop_check(reader->loop) < 0 || reader->closed)
        return;
    reader->closed = true;
    reader->mode = BROOD__READER_LIMITED;
    brood__wake_for_good(&reader->waiters, BROOD_ECLOSED);
    brood__wake_for_good(&reader->enders, BROOD_ECLOSED);
    if (reader->pipe != NULL)
        brood__pipe_finish(reader->pipe); /* which frees a reader of its own when it is lost */
    else if (!reader->embedded)
        brood__loop_post_closing(reader->loop, &lone_of(reader)->post);
}

/* ---- questions -------------------------------------------------------------------- */

bool brood_reader_at_eof(const brood_reader *reader)
{
    return reader == NULL || (reader->eof && reader->bytes.len == 0);
}

size_t brood_reader_buffered(const brood_reader *reader)
{
    return reader == NULL ? 0 : reader->bytes.len;
}

int brood_reader_error(const brood_reader *reader)
{
    return reader == NULL ? BROOD_EINVAL : reader->error;
}
