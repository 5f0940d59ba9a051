/* gzip -c FILE, for Windows, which has no such program: what comes out is in gzip's
 * format (RFC 1952), though nothing in it is compressed: its blocks are stored ones. */
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The check sum and the length of what has been written. */
struct sum {
    uint32_t crc, size;
};

static void put(uint32_t value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        putchar((int)(value & 0xff));
}

static void add(struct sum *sum, const unsigned char *data, size_t len)
{
    sum->size += (uint32_t)len;
    for (size_t i = 0; i < len; i++) {
        sum->crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            sum->crc = sum->crc >> 1 ^ (sum->crc & 1 ? 0xedb88320 : 0);
    }
}

static int pack(FILE *file)
{
    static unsigned char block[65535]; /* the longest that may be stored */
    struct sum sum = {.crc = 0xffffffff};
    size_t len;
    put(0x00088b1f, 4); /* deflate, no name */
    put(0, 4);          /* no time */
    put(0xff00, 2);     /* an unknown system */
    do {
        len = fread(block, 1, sizeof block, file);
        put(len < sizeof block, 1); /* whether it is the last one */
        put((uint32_t)len, 2);
        put(~(uint32_t)len, 2);
        fwrite(block, 1, len, stdout);
        add(&sum, block, len);
    } while (len == sizeof block);
    put(~sum.crc, 4);
    put(sum.size, 4);
    return ferror(file) || ferror(stdout) || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argv[argc - 1][0] == '-') {
        fputs("usage: gzip -c FILE\n", stderr);
        return 1;
    }
    FILE *file = fopen(argv[argc - 1], "rb");
    if (file == NULL) {
        fprintf(stderr, "gzip: ");
        perror(argv[argc - 1]);
        return 1;
    }
    _setmode(1, _O_BINARY);
    int result = pack(file);
    fclose(file);
    return result;
}
