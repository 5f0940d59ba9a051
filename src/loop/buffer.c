/* brood_buffer: bytes that the caller owns. */
#include <stdint.h>
#include <string.h>

#include "buffer.h"
#include "memory.h"

enum { SMALLEST = 256 };

int brood__buffer_reserve(brood_buffer *buffer, size_t len)
{
    if (len >= SIZE_MAX / 2 - buffer->len)
        return BROOD_ENOMEM;
    size_t need = buffer->len + len + 1;
    if (need <= buffer->cap)
        return 0;

    size_t cap = buffer->cap < SMALLEST ? SMALLEST : buffer->cap;
    while (cap < need)
        cap *= 2;
    char *data = brood__realloc(buffer->data, cap);
    if (data == NULL)
        return BROOD_ENOMEM;
    buffer->data = data;
    buffer->cap = cap;
    return 0;
}

int brood_buffer_append(brood_buffer *buffer, const void *data, size_t len)
{
    if (buffer == NULL || (data == NULL && len > 0))
        return BROOD_EINVAL;
    int error = brood__buffer_reserve(buffer, len);
    if (error < 0)
        return error;
    if (len > 0)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
    return 0;
}

void brood_buffer_free(brood_buffer *buffer)
{
    if (buffer == NULL)
        return;
    brood__free(buffer->data);
    *buffer = (brood_buffer){0};
}
