/* sort, so that pep3145.c gets the same one wherever it runs: by bytes, lines of any
 * number, each up to 4,000 bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    static char line[4096];
    char **lines = NULL;
    size_t count = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char **more = realloc(lines, (count + 1) * sizeof *lines);
        if (more == NULL || (more[count] = strdup(line)) == NULL) {
            fputs("sort: out of memory\n", stderr);
            return 2;
        }
        lines = more;
        count++;
    }
    if (count > 0)
        qsort(lines, count, sizeof *lines, compare);
    for (size_t i = 0; i < count; i++)
        puts(lines[i]);
    return 0;
}
