/* tr [:lower:] [:upper:], for Windows, which has no such program. */
#include <ctype.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    int c;
    if (argc != 3 || strcmp(argv[1], "[:lower:]") != 0 || strcmp(argv[2], "[:upper:]") != 0) {
        fputs("usage: tr [:lower:] [:upper:]\n", stderr);
        return 1;
    }
    _setmode(0, _O_BINARY);
    _setmode(1, _O_BINARY);
    while ((c = getchar()) != EOF)
        putchar(toupper(c));
    return 0;
}
