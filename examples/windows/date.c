/* date +FORMAT, for Windows, which has no such program: it is found because it stands
 * beside the examples. */
#include <stdio.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
    char text[256];
    time_t now = time(NULL);
    const struct tm *local = localtime(&now);
    if (argc != 2 || argv[1][0] != '+' || local == NULL) {
        fputs("usage: date +FORMAT\n", stderr);
        return 1;
    }
    size_t len = strftime(text, sizeof text, argv[1] + 1, local);
    printf("%.*s\n", (int)len, text);
    return 0;
}
