/* The other side of login.c: a program that asks who is there, and then repeats what
 * it is told until its input ends. */
#include <stdio.h>
#include <string.h>

enum { LINE = 256 };

static int ask(const char *question, char answer[LINE])
{
    fputs(question, stdout);
    fflush(stdout);
    if (fgets(answer, LINE, stdin) == NULL)
        return 0;
    answer[strcspn(answer, "\n")] = '\0';
    return 1;
}

int main(int argc, char **argv)
{
    static char name[LINE], password[LINE], line[LINE];
    if (argc > 2 || (argc > 1 && argv[1][0] == '-')) {
        int help = strcmp(argv[1], "--help") == 0;
        fputs("usage: prompt [PASSWORD]\n"
              "Asks for a name and for PASSWORD (swordfish), then repeats each line.\n",
              help ? stdout : stderr);
        return help ? 0 : 2;
    }
    if (!ask("login: ", name) || !ask("password: ", password))
        return 1;
    if (strcmp(password, argc > 1 ? argv[1] : "swordfish") != 0) {
        puts("Login incorrect");
        return 1;
    }
    printf("Welcome, %s\n", name);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        fputs(line, stdout);
        fflush(stdout);
    }
    return 0;
}
