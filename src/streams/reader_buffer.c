/* The reader's bytes: read from the system straight into their place, handed out from
 * there, and moved as rarely as possible. */
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "reader.h"

/* From which size on blocks are brought in before they are read into, by how much, and how
 * much of that is to be left: as much as a wide pipe holds. */
enum { TOUCHED_MIN = 1 << 20, TOUCH_STEP = 2 << 20, TOUCH_MARGIN = 262144 };

/* ---- room ------------------------------------------------------------------ */

/* The loop keeps one block for whoever reads next: the largest of a usual size. */
static char *new_block(brood_loop *loop, size_t *cap)
{
    char *block = loop->spare_block;
    if (block == NULL || loop->spare_size < *cap)
        return brood__realloc(NULL, *cap);
    *cap = loop->spare_size;
    loop->spare_block = NULL;
    return block;
}

static void free_block(brood_loop *loop, char *block, size_t cap)
{
    if (block == NULL)
        return;
    if (cap <= BROOD__READ_MAX + BROOD__REST_MAX &&
        (loop->spare_block == NULL || cap >= loop->spare_size)) {
        char *before = loop->spare_block;
        loop->spare_block = block;
        loop->spare_size = cap;
        block = before;
    }
    brood__free(block);
}

static size_t tail_of(const struct brood__bytes *bytes)
{
    return bytes->data == NULL ? 0 : bytes->cap - 1 - bytes->start - bytes->len;
}

/* Another block, of `cap` bytes.  One that a slice was lent from stays until the
 * slice is taken back. */
static int move_to_block(brood_reader *reader, size_t cap)
{
    struct brood__bytes *bytes = &reader->bytes;
    char *block = new_block(reader->loop, &cap);
    if (block == NULL)
        return BROOD_ENOMEM;
    if (bytes->len > 0)
        memcpy(block, brood__reader_data(reader), bytes->len);
    if (reader->lent && reader->retired == NULL)
        reader->retired = bytes->data;
    else
        free_block(reader->loop, bytes->data, bytes->cap);
    *bytes = (struct brood__bytes){.data = block, .len = bytes->len, .cap = cap};
    reader->touched = 0;
    return 0;
}

static int grow(brood_reader *reader, size_t cap)
{
    struct brood__bytes *bytes = &reader->bytes;
    if (bytes->len == 0 || (reader->lent && reader->retired == NULL))
        return move_to_block(reader, cap);
    char *data = brood__realloc(bytes->data, cap); /* which moves large blocks by their pages */
    if (data == NULL)
        return BROOD_ENOMEM;
    bytes->data = data;
    bytes->cap = cap;
    return 0;
}

/* A read of the usual size has room in it behind a rest: what a full pipe holds is read at
 * once, and whoever writes into it finds all of it empty. */
static size_t block_for(const brood_reader *reader)
{
    return reader->chunk + BROOD__REST_MAX;
}

/* Space for `len` more at the end. */
static int reserve(brood_reader *reader, size_t len)
{
    struct brood__bytes *bytes = &reader->bytes;
    bool movable = !reader->lent || reader->retired != NULL;
    if (tail_of(bytes) >= len)
        return 0;
    if (bytes->data == NULL)
        return move_to_block(reader, len + 1);
    if (movable && bytes->cap <= BROOD__REST_MAX && bytes->len + len < reader->chunk)
        return move_to_block(reader, block_for(reader)); /* a rest that lay by itself */
    if (movable && bytes->start >= bytes->len) { /* cheap, and makes as much room as it moves */
        if (bytes->len > 0)
            memmove(bytes->data, brood__reader_data(reader), bytes->len);
        bytes->start = 0;
        if (tail_of(bytes) >= len)
            return 0;
    }
    if (!movable && bytes->len + len < bytes->cap) /* what is lent stays, the rest moves */
        return move_to_block(reader, bytes->cap);
    size_t used = bytes->start + bytes->len, cap = bytes->cap * 2;
    if (len >= SIZE_MAX / 4 - used)
        return BROOD_ENOMEM;
    if (cap < used + len + 1)
        cap = used + len + 1;
    return grow(reader, cap);
}

/* Fresh memory of a large block is brought in before it is read into, a piece at a time. */
static void touch_ahead(brood_reader *reader)
{
    const struct brood__bytes *bytes = &reader->bytes;
    size_t end = bytes->start + bytes->len;
    if (bytes->cap < TOUCHED_MIN || reader->touched >= end + TOUCH_MARGIN)
        return;
    size_t from = reader->touched > end ? reader->touched : end;
    size_t to = bytes->cap - end > TOUCH_STEP ? end + TOUCH_STEP : bytes->cap;
    if (from < to)
        brood__touch(bytes->data + from, to - from);
    reader->touched = to;
}

/* A block that is full but for a little is used to its end before it grows. */
int brood__reader_room(struct brood__sink *sink, void **data, size_t *len)
{
    brood_reader *reader = BROOD__CONTAINER(sink, brood_reader, sink);
    if (reader->mode == BROOD__READER_DISCARD)
        return 0;
    if (reader->chunk == 0)
        reader->chunk = BROOD__READ_MIN;
    size_t wanted = reader->bytes.len == 0 ? block_for(reader) - 1 : reader->chunk / 4;
    int error = reserve(reader, wanted);
    if (error < 0)
        return error;
    *data = reader->bytes.data + reader->bytes.start + reader->bytes.len;
    *len = tail_of(&reader->bytes);
    if (reader->mode == BROOD__READER_LIMITED && *len > BROOD__READ_MAX)
        *len = BROOD__READ_MAX; /* one read is all that the limit can be passed by */
    touch_ahead(reader);
    return 0;
}

int brood__reader_append(brood_reader *reader, const void *data, size_t len)
{
    int error = reserve(reader, len);
    if (error < 0)
        return error;
    memcpy(reader->bytes.data + reader->bytes.start + reader->bytes.len, data, len);
    reader->bytes.len += len;
    return 0;
}

/* ---- handing out --------------------------------------------------------------- */

void brood__reader_consume(brood_reader *reader, size_t len)
{
    reader->bytes.start += len;
    reader->bytes.len -= len;
    reader->searched = reader->searched > len ? reader->searched - len : 0;
    if (reader->paused && reader->bytes.len <= reader->limit) {
        reader->paused = false;
        brood_pipe_resume_reading(reader->pipe);
    }
}

void brood__reader_lend(brood_reader *reader, size_t len, brood_slice *slice)
{
    *slice = (brood_slice){.data = brood__reader_data(reader), .len = len};
    reader->lent = true;
    brood__reader_consume(reader, len);
}

void brood__reader_put_back(brood_reader *reader, size_t len)
{
    reader->bytes.start -= len;
    reader->bytes.len += len;
    reader->searched = 0;
}

void brood__reader_take_back(brood_reader *reader)
{
    reader->lent = false;
    if (reader->retired == NULL)
        return;
    brood__free(reader->retired);
    reader->retired = NULL;
}

/* Without memory for less, what is left stays where it is. */
static void keep_rest(brood_reader *reader)
{
    struct brood__bytes *bytes = &reader->bytes;
    char *block = brood__realloc(NULL, bytes->len + 1);
    if (block == NULL)
        return;
    memcpy(block, brood__reader_data(reader), bytes->len);
    free_block(reader->loop, bytes->data, bytes->cap);
    *bytes = (struct brood__bytes){.data = block, .len = bytes->len, .cap = bytes->len + 1};
}

void brood__reader_rest(brood_reader *reader)
{
    struct brood__bytes *bytes = &reader->bytes;
    if (bytes->data == NULL)
        return;
    if (bytes->len == 0) {
        free_block(reader->loop, bytes->data, bytes->cap);
        *bytes = (struct brood__bytes){0};
    } else if (bytes->len < BROOD__REST_MAX && bytes->cap > 4 * BROOD__REST_MAX && !reader->lent) {
        keep_rest(reader);
    }
}

static void move_to(struct brood__bytes *bytes, brood_buffer *out)
{
    if (bytes->start > 0)
        memmove(bytes->data, bytes->data + bytes->start, bytes->len);
    *out = (brood_buffer){.data = bytes->data, .len = bytes->len, .cap = bytes->cap};
    *bytes = (struct brood__bytes){0};
    out->data[out->len] = '\0';
    if (out->cap / 2 > out->len) { /* an answer is kept longer than a stream's bytes */
        char *shrunk = brood__realloc(out->data, out->len + 1);
        if (shrunk != NULL) {
            out->data = shrunk;
            out->cap = out->len + 1;
        }
    }
}

int brood__reader_take(brood_reader *reader, brood_buffer *out)
{
    struct brood__bytes *bytes = &reader->bytes;
    reader->searched = 0;
    if (out->data == NULL && bytes->len > 0) {
        move_to(bytes, out);
        return 0;
    }
    const char *data = bytes->len > 0 ? brood__reader_data(reader) : "";
    int error = brood_buffer_append(out, data, bytes->len);
    if (error < 0)
        return error;
    brood__reader_consume(reader, bytes->len);
    brood__reader_rest(reader);
    return 0;
}
