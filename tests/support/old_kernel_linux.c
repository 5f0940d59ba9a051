/* old-kernel: runs a program as if the kernel were an older one (hide_calls_linux.h). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hide_calls_linux.h"

static void print_help(FILE *out)
{
    fputs("usage: old-kernel [--without NAME]... PROGRAM [ARGUMENT]...\n"
          "Runs PROGRAM, and all that it starts, without what newer Linux kernels have:\n",
          out);
    hide_print_names(out);
    fputs("Without --without: all.\n"
          "Example: old-kernel --without close-range --without clone3 build/suite\n",
          out);
}

static int refuse(const char *what, const char *why, int status)
{
    fprintf(stderr, "old-kernel: %s: %s\n", what, why);
    if (status == 2)
        fputs("old-kernel --help lists what there is\n", stderr);
    return status;
}

int main(int argc, char **argv)
{
    unsigned what = 0;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(argv[i], "--help") == 0) {
            print_help(stdout);
            return 0;
        }
        if (strcmp(argv[i], "--without") != 0)
            return refuse(argv[i], "no such option", 2);
        unsigned named = i + 1 < argc ? hide_by_name(argv[++i]) : 0;
        if (named == 0)
            return refuse(argv[i], "names nothing that can be hidden", 2);
        what |= named;
    }
    if (i >= argc)
        return refuse("PROGRAM", "missing", 2);
    if (!hide_calls(what != 0 ? what : HIDE_ALL))
        return refuse("system calls cannot be filtered here", strerror(errno), 125);
    execvp(argv[i], &argv[i]);
    return refuse(argv[i], strerror(errno), errno == ENOENT ? 127 : 126);
}
