/* The child of the tests: does as it is told by its arguments, one after another,
 * and tells what it sees from the inside.  `child --help` lists what it can. */
#include "child_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const *child_arguments;
static const char *own_name; /* argv[0] */

const char *child_next_argument(void)
{
    if (*child_arguments == NULL) {
        fputs("child: an argument is missing\n", stderr);
        exit(120);
    }
    return *child_arguments++;
}

/* Up to 32 bits, with a sign or without. */
int child_next_number(void)
{
    return (int)strtoll(child_next_argument(), NULL, 10);
}

/* ---- what it sees ------------------------------------------------------------ */

static void report(const char *what)
{
    if (strcmp(what, "fds") == 0) {
        child_report_fds();
    } else if (strcmp(what, "session") == 0) {
        child_report_session();
    } else if (strcmp(what, "env") == 0) {
        child_report_env();
    } else if (strcmp(what, "cwd") == 0) {
        child_report_cwd();
    } else if (strcmp(what, "name") == 0) {
        puts(own_name);
    } else if (!child_report_more(what)) {
        fprintf(stderr, "child: cannot report %s\n", what);
        exit(120);
    }
}

/* ---- what it does ------------------------------------------------------------ */

void child_write(int fd, const char *data, size_t len)
{
    while (len > 0) {
        long n = child_write_some(fd, data, len);
        if (n < 0)
            exit(121);
        data += n;
        len -= (size_t)n;
    }
}

/* Writes count bytes "abc...zabc..." to fd. */
static void fill(int fd, unsigned long long count)
{
    char block[26 * 2520];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)('a' + i % 26);
    while (count > 0) {
        size_t part = count < sizeof block ? (size_t)count : sizeof block;
        child_write(fd, block, part);
        count -= part;
    }
}

/* stdin to stdout, to the end. */
static void cat(void)
{
    char block[65536];
    long n;
    while ((n = child_read_some(0, block, sizeof block)) > 0)
        child_write(1, block, (size_t)n);
}

static void copy_line(void)
{
    char byte = 0;
    while (byte != '\n' && child_read_some(0, &byte, 1) == 1)
        child_write(1, &byte, 1);
}

/* How many bytes there are on fd, to its end; told on `to`. */
static void count(int fd, int to)
{
    char block[65536], text[32];
    unsigned long long total = 0;
    long n;
    while ((n = child_read_some(fd, block, sizeof block)) > 0)
        total += (unsigned long long)n;
    int length = snprintf(text, sizeof text, "%llu\n", total);
    child_write_some(to, text, (size_t)length);
}

/* Until it has used so much time of the processor. */
static void be_busy(int milliseconds)
{
    while (child_time_used() < milliseconds)
        ;
}

/* Memory that stays resident to the end. */
static void touch(int mebibytes)
{
    size_t size = (size_t)mebibytes << 20;
    volatile char *memory = malloc(size);
    if (memory == NULL)
        exit(124);
    for (size_t i = 0; i < size; i += 1024)
        memory[i] = 1;
}

static void wait_for_end_of(int fd)
{
    char byte;
    while (child_read_some(fd, &byte, 1) > 0)
        ;
}

static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static const char help[] =
    "usage: child COMMAND [ARGUMENT] ...\n"
    "  report WHAT     fds session env cwd name, and more (see below)\n"
    "  args            print the remaining arguments, one a line, and end\n"
    "  out TEXT, err TEXT    print it as it stands\n"
    "  fill FD COUNT   write that many bytes\n"
    "  show FD         print the file behind FD from its start, or end with 124\n"
    "  cat             copy stdin to stdout, to the end\n"
    "  line            copy one line of stdin to stdout\n"
    "  eof FD          read FD until its end\n"
    "  count FD TO     read FD until its end and write to TO how many bytes that were\n"
    "  byte FD         read one byte from FD\n"
    "  close FD        close it\n"
    "  open PATH       open it for reading and close it again, or end with 122\n"
    "  fork            a grandchild goes on with what follows; the child prints its\n"
    "                  pid and goes on after the next `--`\n"
    "  busy MS         use so many milliseconds of user time\n"
    "  touch MIB       use so much memory\n"
    "  ignore N        ignore signal N, where there are signals\n"
    "  pause           wait for ever\n"
    "  crash           write where there is no memory\n"
    "  exit N          end with status N\n";

static void show_help(FILE *to)
{
    fputs(help, to);
    fputs(child_more_help, to);
}

/* What reads or writes through descriptors; false: the command is another one. */
static bool act_on_descriptors(const char *command)
{
    if (strcmp(command, "fill") == 0) {
        int fd = child_next_number();
        fill(fd, strtoull(child_next_argument(), NULL, 10));
    } else if (strcmp(command, "show") == 0) {
        if (!child_show(child_next_number()))
            exit(124);
    } else if (strcmp(command, "cat") == 0) {
        cat();
    } else if (strcmp(command, "line") == 0) {
        copy_line();
    } else if (strcmp(command, "eof") == 0) {
        wait_for_end_of(child_next_number());
    } else if (strcmp(command, "count") == 0) {
        int fd = child_next_number();
        count(fd, child_next_number());
    } else if (strcmp(command, "byte") == 0) {
        char byte;
        if (child_read_some(child_next_number(), &byte, 1) != 1)
            exit(123);
    } else if (strcmp(command, "close") == 0) {
        child_close(child_next_number());
    } else if (strcmp(command, "open") == 0) {
        if (!child_open(child_next_argument()))
            exit(122);
    } else {
        return false;
    }
    return true;
}

/* What it does to itself; false: the command is another one. */
static bool act_on_itself(const char *command)
{
    if (strcmp(command, "fork") == 0) {
        if (!child_fork())
            while (strcmp(child_next_argument(), "--") != 0)
                ;
    } else if (strcmp(command, "--") == 0) {
        exit(0); /* the end of a grandchild's part */
    } else if (strcmp(command, "busy") == 0) {
        be_busy(child_next_number());
    } else if (strcmp(command, "touch") == 0) {
        touch(child_next_number());
    } else if (strcmp(command, "ignore") == 0) {
        child_ignore(child_next_number());
    } else if (strcmp(command, "pause") == 0) {
        child_pause();
    } else if (strcmp(command, "crash") == 0) {
        crash();
    } else if (strcmp(command, "exit") == 0) {
        exit(child_next_number());
    } else {
        return false;
    }
    return true;
}

static void act(const char *command)
{
    if (strcmp(command, "report") == 0) {
        report(child_next_argument());
    } else if (strcmp(command, "args") == 0) {
        while (*child_arguments != NULL)
            puts(child_next_argument());
    } else if (strcmp(command, "out") == 0) {
        const char *text = child_next_argument();
        child_write(1, text, strlen(text));
    } else if (strcmp(command, "err") == 0) {
        const char *text = child_next_argument();
        child_write(2, text, strlen(text));
    } else if (!act_on_descriptors(command) && !act_on_itself(command) &&
               !child_act_more(command)) {
        fprintf(stderr, "child: unknown command %s\n", command);
        show_help(stderr);
        exit(120);
    }
    fflush(stdout);
}

int child_run(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        show_help(stdout);
        return 0;
    }
    own_name = argc > 0 ? argv[0] : "";
    child_arguments = (const char *const *)argv + (argc > 0);
    while (*child_arguments != NULL)
        act(child_next_argument());
    return 0;
}
