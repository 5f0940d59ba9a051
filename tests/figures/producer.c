/* The other side of the figures: produces and echoes as fast as a plain program can.
 *   producer lines COUNT LENGTH   so many lines of so many bytes, the newline among them
 *   producer echo                 copies what comes, a read at a time
 *   producer both                 one line to stdout and one to stderr
 *   producer wait                 one line, then waits for the end of its input */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char block[65536];

static int write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(1, data, len);
        if (n < 0)
            return 1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Whole lines a block: a block more or less full costs nothing. */
static int lines(size_t count, size_t length)
{
    size_t each = sizeof block / length;
    memset(block, 'x', sizeof block);
    for (size_t i = 1; i <= each; i++)
        block[i * length - 1] = '\n';
    for (; count >= each; count -= each)
        if (write_all(block, each * length) != 0)
            return 1;
    return write_all(block, count * length);
}

static int echo(void)
{
    ssize_t n;
    while ((n = read(0, block, sizeof block)) > 0)
        if (write_all(block, (size_t)n) != 0)
            return 1;
    return n < 0;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "--help";
    if (strcmp(command, "lines") == 0 && argc == 4)
        return lines(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    if (strcmp(command, "echo") == 0)
        return echo();
    if (strcmp(command, "both") == 0)
        return write(1, "a line\n", 7) != 7 || write(2, "a line\n", 7) != 7;
    if (strcmp(command, "wait") == 0)
        return write_all("a line\n", 7) != 0 || read(0, block, 1) != 0;
    fputs("usage: producer lines COUNT LENGTH | echo | both | wait\n", stderr);
    return strcmp(command, "--help") == 0 ? 0 : 2;
}
