/* Reads that count bytes: some, exactly so many, all. */
#include <stdint.h>
#include <string.h>

#include "reader.h"

/* Until something is there, or the end. */
static int wait_for_some(brood_reader *reader, brood_time deadline, const char *what)
{
    struct brood__wait wait;
    brood__wait_begin(&wait, reader->loop, deadline, what);
    while (reader->bytes.len == 0 && !reader->eof && reader->error == 0) {
        int error = brood__reader_wait(reader, &wait);
        if (error < 0)
            return error;
    }
    return reader->error;
}

/* Until more than `enough` is there, whatever the limit, or the end. */
static int gather(brood_reader *reader, size_t enough, brood_time deadline, const char *what)
{
    struct brood__wait wait;
    brood__wait_begin(&wait, reader->loop, deadline, what);
    while (reader->bytes.len <= enough && !reader->eof && reader->error == 0) {
        reader->mode = BROOD__READER_GATHER;
        reader->enough = enough;
        int error = brood__reader_wait(reader, &wait);
        if (error != BROOD_ECLOSED) /* else it is gone */
            brood__reader_limit(reader);
        if (error < 0)
            return error;
    }
    return reader->error;
}

/* At most n bytes; how many. */
static size_t copy_out(brood_reader *reader, void *buf, size_t n)
{
    size_t len = n < reader->bytes.len ? n : reader->bytes.len;
    if (len > 0)
        memcpy(buf, brood__reader_data(reader), len);
    brood__reader_consume(reader, len);
    return len;
}

ptrdiff_t brood_reader_read(brood_reader *reader, void *buf, size_t n, brood_time deadline)
{
    if (buf == NULL && n > 0)
        return BROOD_EINVAL;
    int error = brood__reader_begin(reader);
    if (error == 0 && n > 0)
        error = wait_for_some(reader, deadline, "brood_reader_read");
    if (error < 0)
        return error;
    return (ptrdiff_t)copy_out(reader, buf, n);
}

ptrdiff_t brood_reader_read_slice(brood_reader *reader, brood_slice *slice, brood_time deadline)
{
    if (slice == NULL)
        return BROOD_EINVAL;
    int error = brood__reader_begin(reader);
    if (error == 0)
        error = wait_for_some(reader, deadline, "brood_reader_read_slice");
    if (error < 0)
        return error;
    if (reader->bytes.len == 0)
        *slice = (brood_slice){.data = "", .len = 0};
    else
        brood__reader_lend(reader, reader->bytes.len, slice);
    return (ptrdiff_t)slice->len;
}

ptrdiff_t brood_reader_readexactly(brood_reader *reader, void *buf, size_t n, size_t *got,
                                   brood_time deadline)
{
    if (n > PTRDIFF_MAX || (buf == NULL && n > 0))
        return BROOD_EINVAL;
    int error = brood__reader_begin(reader);
    if (error == 0 && n > 0)
        error = gather(reader, n - 1, deadline, "brood_reader_readexactly");
    if (error < 0)
        return error;
    size_t len = copy_out(reader, buf, n);
    if (got != NULL)
        *got = len;
    return len == n ? (ptrdiff_t)n : BROOD_EINCOMPLETE;
}

ptrdiff_t brood_reader_read_all(brood_reader *reader, brood_buffer *out, size_t max,
                                brood_time deadline)
{
    if (out == NULL)
        return BROOD_EINVAL;
    int error = brood__reader_begin(reader);
    if (error == 0)
        error = gather(reader, max, deadline, "brood_reader_read_all");
    if (error < 0)
        return error;
    size_t len = reader->bytes.len;
    if (len > max)
        return BROOD_ELIMIT;
    error = brood__reader_take(reader, out);
    return error < 0 ? error : (ptrdiff_t)len;
}
