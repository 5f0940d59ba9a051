/* Reads up to a separator.  Each byte is looked at once as a possible last byte of one,
 * also over several calls: of separators that could end there, the shortest wins, and
 * the place that comes first wins before any other. */
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "reader.h"

struct separators {
    const brood_slice *each;
    size_t count, longest;
    bool last_bytes[256];
};

static const brood_slice newline = {"\n", 1};

/* ---- what is searched for ---------------------------------------------------- */

static int prepare(struct separators *separators, const brood_slice *each, size_t count)
{
    if (each == NULL || count == 0)
        return BROOD_EINVAL;
    separators->each = each;
    separators->count = count;
    separators->longest = 0;
    if (count > 1)
        memset(separators->last_bytes, 0, sizeof separators->last_bytes);
    for (size_t i = 0; i < count; i++) {
        size_t len = each[i].len;
        if (each[i].data == NULL || len == 0)
            return BROOD_EINVAL;
        if (len > separators->longest)
            separators->longest = len;
        if (count > 1)
            separators->last_bytes[(unsigned char)each[i].data[len - 1]] = true;
    }
    return 0;
}

static bool is_newline(const struct separators *separators)
{
    return separators->count == 1 && separators->longest == 1 &&
           separators->each[0].data[0] == '\n';
}

/* Whether `pattern` was made from these, by note. */
static bool is_noted(const brood_buffer *pattern, const struct separators *separators)
{
    if (pattern->len == 0)
        return is_newline(separators);
    size_t at = 0;
    for (size_t i = 0; i < separators->count; i++) {
        const brood_slice *each = &separators->each[i];
        if (pattern->len - at < sizeof each->len + each->len ||
            memcmp(pattern->data + at, &each->len, sizeof each->len) != 0 ||
            memcmp(pattern->data + at + sizeof each->len, each->data, each->len) != 0)
            return false;
        at += sizeof each->len + each->len;
    }
    return at == pattern->len;
}

/* What `searched` counts from now on is a search for these.  Without memory for them
 * the next call begins anew. */
static bool note(brood_reader *reader, const struct separators *separators)
{
    reader->searched = 0;
    brood_buffer_free(&reader->pattern);
    if (is_newline(separators))
        return true;
    int error = 0;
    for (size_t i = 0; i < separators->count && error == 0; i++) {
        const brood_slice *each = &separators->each[i];
        error = brood_buffer_append(&reader->pattern, &each->len, sizeof each->len);
        if (error == 0)
            error = brood_buffer_append(&reader->pattern, each->data, each->len);
    }
    if (error < 0)
        brood_buffer_free(&reader->pattern);
    return error == 0;
}

/* ---- searching ----------------------------------------------------------------- */

/* The first byte from `at` on that could end one; NULL: none. */
static const char *candidate(const struct separators *separators, const char *at, const char *end)
{
    if (separators->count == 1) {
        const brood_slice *only = separators->each;
        return memchr(at, only->data[only->len - 1], (size_t)(end - at));
    }
    while (at < end && !separators->last_bytes[(unsigned char)*at])
        at++;
    return at < end ? at : NULL;
}

/* The shortest of those that end with the byte at `last`; count: none. */
static size_t match_at(const struct separators *separators, const char *begin, const char *last)
{
    size_t found = separators->count, available = (size_t)(last - begin) + 1;
    for (size_t i = 0; i < separators->count; i++) {
        const brood_slice *each = &separators->each[i];
        if (each->len <= available && memcmp(last + 1 - each->len, each->data, each->len) == 0 &&
            (found == separators->count || each->len < separators->each[found].len))
            found = i;
    }
    return found;
}

/* How many bytes there are up to and with the first separator, and which it is; 0:
 * none among what has not been searched yet. */
static size_t find(const brood_reader *reader, const struct separators *separators, size_t from,
                   size_t *which)
{
    if (from >= reader->bytes.len)
        return 0;
    const char *begin = brood__reader_data(reader), *end = begin + reader->bytes.len;
    const char *at = begin + from;
    while (at < end && (at = candidate(separators, at, end)) != NULL) {
        *which = match_at(separators, begin, at);
        if (*which < separators->count)
            return (size_t)(at - begin) + 1;
        at++;
    }
    return 0;
}

static bool is_over_limit(const brood_reader *reader, const struct separators *separators)
{
    return reader->bytes.len >= separators->longest &&
           reader->bytes.len + 1 - separators->longest > reader->limit;
}

/* Until a separator is there within the limit: how many bytes up to and with it.  0 at
 * the end of the stream; ELIMIT, the stream's error, what a wait can end with. */
static ptrdiff_t until(brood_reader *reader, const struct separators *separators, size_t *which,
                       brood_time deadline, const char *what)
{
    struct brood__wait wait;
    brood__wait_begin(&wait, reader->loop, deadline, what);
    size_t unknown = 0; /* where the search stands if the reader cannot remember it */
    bool noted = is_noted(&reader->pattern, separators) || note(reader, separators);
    for (;;) {
        size_t *searched = noted ? &reader->searched : &unknown;
        size_t len = find(reader, separators, *searched, which);
        if (len > 0 && len - separators->each[*which].len <= reader->limit)
            return (ptrdiff_t)len;
        *searched = len > 0 ? len - 1 : reader->bytes.len; /* too far is found again */
        if (len > 0 || is_over_limit(reader, separators))
            return BROOD_ELIMIT;
        if (reader->eof)
            return 0;
        int error = brood__reader_wait(reader, &wait);
        if (error < 0 || reader->error < 0)
            return error < 0 ? error : reader->error;
    }
}

/* ---- the functions ---------------------------------------------------------------- */

static void hand_out_rest(brood_reader *reader, brood_slice *chunk)
{
    *chunk = (brood_slice){.data = "", .len = 0};
    if (reader->bytes.len > 0)
        brood__reader_lend(reader, reader->bytes.len, chunk);
}

ptrdiff_t brood_reader_readuntil_any(brood_reader *reader, const brood_slice *each, size_t count,
                                     brood_slice *chunk, size_t *which, brood_time deadline)
{
    struct separators separators;
    size_t index = 0;
    if (chunk == NULL || prepare(&separators, each, count) < 0)
        return BROOD_EINVAL;
    int error = brood__reader_begin(reader);
    if (error < 0)
        return error;
    ptrdiff_t len = until(reader, &separators, &index, deadline, "brood_reader_readuntil_any");
    if (len == 0) {
        hand_out_rest(reader, chunk);
        return BROOD_EINCOMPLETE;
    }
    if (len < 0)
        return len;
    brood__reader_lend(reader, (size_t)len, chunk);
    if (which != NULL)
        *which = index;
    return len;
}

ptrdiff_t brood_reader_readuntil(brood_reader *reader, const void *separator, size_t len,
                                 brood_slice *chunk, brood_time deadline)
{
    brood_slice only = {.data = separator, .len = len};
    return brood_reader_readuntil_any(reader, &only, 1, chunk, NULL, deadline);
}

/* Whatever is not the usual case. */
static ptrdiff_t wait_for_line(brood_reader *reader, brood_slice *line, brood_time deadline)
{
    int error = brood__reader_begin(reader);
    if (error < 0)
        return error;
    struct separators separators;
    size_t index = 0;
    prepare(&separators, &newline, 1);
    ptrdiff_t len = until(reader, &separators, &index, deadline, "brood_reader_readline");
    if (len == 0) {
        hand_out_rest(reader, line);
        return (ptrdiff_t)line->len;
    }
    if (len > 0)
        brood__reader_lend(reader, (size_t)len, line);
    return len;
}

/* The usual case, a line that is there already, costs a look at its bytes and little
 * else. */
ptrdiff_t brood_reader_readline(brood_reader *reader, brood_slice *line, brood_time deadline)
{
    if (line == NULL)
        return BROOD_EINVAL;
    if (brood__reader_is_ready(reader) && reader->searched == 0 && reader->bytes.len > 0) {
        const char *begin = brood__reader_data(reader);
        const char *end = memchr(begin, '\n', reader->bytes.len);
        size_t len = (size_t)(end - begin);
        if (end != NULL && len <= reader->limit) {
            *line = (brood_slice){.data = begin, .len = len + 1};
            reader->lent = true;
            reader->bytes.start += len + 1;
            reader->bytes.len -= len + 1;
            if (reader->paused)
                brood__reader_consume(reader, 0);
            return (ptrdiff_t)len + 1;
        }
        if (end == NULL && reader->pattern.len == 0)
            reader->searched = reader->bytes.len;
    }
    return wait_for_line(reader, line, deadline);
}
