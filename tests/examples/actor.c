/* The actor plays the programs that the examples start.  The tests put it into a folder
 * under the name of one, and beside it the part, NAME.part: one instruction a line, with
 * \n, \r and \\ in texts.
 *   say TEXT        to stdout               hear        one line of the input
 *   whisper TEXT    to stderr               repeat      to stdout, what was heard
 *   show FILE       to stdout               listen [FILE]    the input to its end, to FILE
 *   close           stdout                  end [CODE]  with that code
 *   times N         from the nth play on, go on; before, go to the next `times`
 * BROOD_PARTS is the folder. */
#include "actor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 4096 };

static char heard[ROOM];
static int play; /* which one this is, counted from 1 */

static FILE *open_file(const char *name, const char *extension, const char *mode)
{
    char path[ROOM];
    const char *folder = getenv("BROOD_PARTS");
    snprintf(path, sizeof path, "%s/%s%s", folder != NULL ? folder : ".", name, extension);
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        perror(path);
        exit(120);
    }
    return file;
}

/* Each play leaves a byte in NAME.plays. */
static int count_plays(const char *name)
{
    FILE *plays = open_file(name, ".plays", "ab+");
    fputc('.', plays);
    fseek(plays, 0, SEEK_END);
    long count = ftell(plays);
    fclose(plays);
    return (int)count;
}

/* ---- instructions ------------------------------------------------------------- */

static void say(FILE *to, const char *text)
{
    static const char letters[] = "nr\\", meant[] = "\n\r\\";
    for (; *text != '\0'; text++) {
        const char *letter = *text == '\\' && text[1] != '\0' ? strchr(letters, text[1]) : NULL;
        fputc(letter != NULL ? meant[letter - letters] : *text, to);
        text += letter != NULL;
    }
    fflush(to);
}

static void copy(FILE *from, FILE *to)
{
    char block[ROOM];
    size_t len;
    while ((len = fread(block, 1, sizeof block, from)) > 0)
        if (to != NULL)
            fwrite(block, 1, len, to);
    if (to != NULL)
        fflush(to);
}

static void show(const char *name)
{
    FILE *file = open_file(name, "", "rb");
    copy(file, stdout);
    fclose(file);
}

static void listen_to_the_end(const char *name)
{
    FILE *file = *name != '\0' ? open_file(name, "", "wb") : NULL;
    copy(stdin, file);
    if (file != NULL)
        fclose(file);
}

static void hear(void)
{
    if (fgets(heard, sizeof heard, stdin) == NULL)
        exit(121);
}

static void act(const char *instruction, const char *rest)
{
    if (strcmp(instruction, "say") == 0) {
        say(stdout, rest);
    } else if (strcmp(instruction, "whisper") == 0) {
        say(stderr, rest);
    } else if (strcmp(instruction, "show") == 0) {
        show(rest);
    } else if (strcmp(instruction, "hear") == 0) {
        hear();
    } else if (strcmp(instruction, "repeat") == 0) {
        fputs(heard, stdout);
        fflush(stdout);
    } else if (strcmp(instruction, "listen") == 0) {
        listen_to_the_end(rest);
    } else if (strcmp(instruction, "close") == 0) {
        close(1);
    } else if (strcmp(instruction, "end") == 0) {
        exit(atoi(rest));
    } else {
        fprintf(stderr, "actor: %s?\n", instruction);
        exit(120);
    }
}

/* The name by which it was started, without folders and .exe. */
static void find_name(const char *own_name, char name[64])
{
    const char *part = own_name + strlen(own_name);
    while (part > own_name && strchr("/\\", part[-1]) == NULL)
        part--;
    size_t len = strlen(part);
    if (len > 4 && strcmp(part + len - 4, ".exe") == 0)
        len -= 4;
    snprintf(name, 64, "%.*s", (int)len, part);
}

int main(int argc, char **argv)
{
    char name[64], line[ROOM];
    bool plays = true;
    (void)argc;
    actor_no_translation();
    find_name(argv[0], name);
    FILE *part = open_file(name, ".part", "rb");
    while (fgets(line, sizeof line, part) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line + strcspn(line, " ");
        if (*rest != '\0')
            *rest++ = '\0';
        if (strcmp(line, "times") == 0) {
            play = play > 0 ? play : count_plays(name);
            plays = play >= atoi(rest);
        } else if (plays) {
            act(line, rest);
        }
    }
    fclose(part);
    return 0;
}
