/* The child of the tests: does as it is told by its arguments, one after another,
 * and tells what it sees from the inside.  `child --help` lists what it can. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static const char *const *arguments; /* those that are still to be read */
static const char *own_name;         /* argv[0] */

static const char *next_argument(void)
{
    if (*arguments == NULL) {
        fputs("child: an argument is missing\n", stderr);
        exit(120);
    }
    return *arguments++;
}

static int next_number(void)
{
    return atoi(next_argument());
}

/* ---- what it sees ------------------------------------------------------------ */

/* The open descriptors, as "0 1 2 7", with c behind one that is close-on-exec and
 * n behind one that is non-blocking. */
static void report_fds(void)
{
    for (int fd = 0, first = 1; fd < 4096; fd++) {
        int flags = fcntl(fd, F_GETFD), status = fcntl(fd, F_GETFL);
        if (flags < 0)
            continue;
        printf("%s%d%s%s", first ? "" : " ", fd, flags & FD_CLOEXEC ? "c" : "",
               status & O_NONBLOCK ? "n" : "");
        first = 0;
    }
    putchar('\n');
}

static void report_signals(const char *name, int (*is_member)(int))
{
    printf("%s:", name);
    for (int signal = 1; signal < 65; signal++)
        if (is_member(signal) == 1)
            printf(" %d", signal);
    putchar('\n');
}

static int is_blocked(int signal)
{
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, signal);
}

static int is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void report_groups(void)
{
    gid_t groups[256];
    int count = getgroups(256, groups);
    printf("groups:");
    for (int i = 0; i < count; i++)
        printf(" %u", groups[i]);
    putchar('\n');
}

static void report_ids(void)
{
    uid_t user[3];
    gid_t group[3];
    getresuid(&user[0], &user[1], &user[2]);
    getresgid(&group[0], &group[1], &group[2]);
    printf("uid %u %u %u gid %u %u %u\n", user[0], user[1], user[2], group[0], group[1], group[2]);
}

static void report(const char *what)
{
    char text[4096];
    if (strcmp(what, "fds") == 0) {
        report_fds();
    } else if (strcmp(what, "session") == 0) {
        printf("pid %d sid %d pgid %d ppid %d\n", getpid(), getsid(0), getpgrp(), getppid());
    } else if (strcmp(what, "ids") == 0) {
        report_ids();
    } else if (strcmp(what, "groups") == 0) {
        report_groups();
    } else if (strcmp(what, "umask") == 0) {
        printf("%03o\n", umask(0));
    } else if (strcmp(what, "nice") == 0) {
        printf("%d\n", getpriority(PRIO_PROCESS, 0));
    } else if (strcmp(what, "limit") == 0) {
        struct rlimit limit;
        getrlimit((__rlimit_resource_t)next_number(), &limit);
        printf("%llu %llu\n", (unsigned long long)limit.rlim_cur,
               (unsigned long long)limit.rlim_max);
    } else if (strcmp(what, "mask") == 0) {
        report_signals("blocked", is_blocked);
    } else if (strcmp(what, "ignored") == 0) {
        report_signals("ignored", is_ignored);
    } else if (strcmp(what, "env") == 0) {
        for (char **entry = environ; *entry != NULL; entry++)
            puts(*entry);
    } else if (strcmp(what, "name") == 0) {
        puts(own_name);
    } else if (strcmp(what, "cwd") == 0) {
        puts(getcwd(text, sizeof text) != NULL ? text : "?");
    } else {
        fprintf(stderr, "child: cannot report %s\n", what);
        exit(120);
    }
}

/* ---- what it does ------------------------------------------------------------ */

static void write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            exit(121);
        data += n;
        len -= (size_t)n;
    }
}

/* Writes count bytes "abc...zabc..." to fd. */
static void fill(int fd, size_t count)
{
    char block[26 * 2520];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)('a' + i % 26);
    while (count > 0) {
        size_t part = count < sizeof block ? count : sizeof block;
        write_all(fd, block, part);
        count -= part;
    }
}

/* stdin to stdout, to the end. */
static void cat(void)
{
    char block[65536];
    ssize_t n;
    while ((n = read(0, block, sizeof block)) > 0)
        write_all(1, block, (size_t)n);
}

/* The file behind fd, from its start, whatever the offset. */
static void show(int fd)
{
    char block[4096];
    off_t offset = 0;
    ssize_t n;
    while ((n = pread(fd, block, sizeof block, offset)) > 0) {
        write_all(1, block, (size_t)n);
        offset += n;
    }
    if (n < 0)
        exit(124);
}

/* A grandchild goes on with the remaining arguments; its pid is printed. */
static int fork_here(void)
{
    pid_t pid = fork();
    if (pid > 0) {
        char text[32];
        int length = snprintf(text, sizeof text, "%d\n", (int)pid);
        write_all(1, text, (size_t)length);
    }
    return pid == 0;
}

/* How many bytes there are on fd, to its end; told on `to`. */
static void count(int fd, int to)
{
    char block[65536];
    unsigned long long total = 0;
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0)
        total += (unsigned long long)n;
    dprintf(to, "%llu\n", total);
}

/* Until it has used so much time of the processor. */
static void be_busy(int milliseconds)
{
    struct rusage used;
    do
        getrusage(RUSAGE_SELF, &used);
    while (used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000 < milliseconds);
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
    while (read(fd, &byte, 1) > 0)
        ;
}

static const char help[] =
    "usage: child COMMAND [ARGUMENT] ...\n"
    "  report WHAT     fds session ids groups umask nice limit N mask ignored env cwd name\n"
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
    "  setsid          leave the session\n"
    "  join            join the parent's process group\n"
    "  ignore N        ignore signal N\n"
    "  pause           wait for ever\n"
    "  kill N          end by signal N\n"
    "  exit N          end with status N\n";

static void act(const char *command)
{
    if (strcmp(command, "report") == 0) {
        report(next_argument());
    } else if (strcmp(command, "args") == 0) {
        while (*arguments != NULL)
            puts(next_argument());
    } else if (strcmp(command, "out") == 0) {
        const char *text = next_argument();
        write_all(1, text, strlen(text));
    } else if (strcmp(command, "err") == 0) {
        const char *text = next_argument();
        write_all(2, text, strlen(text));
    } else if (strcmp(command, "fill") == 0) {
        int fd = next_number();
        fill(fd, strtoull(next_argument(), NULL, 10));
    } else if (strcmp(command, "show") == 0) {
        show(next_number());
    } else if (strcmp(command, "cat") == 0) {
        cat();
    } else if (strcmp(command, "line") == 0) {
        char byte;
        while (read(0, &byte, 1) == 1) {
            write_all(1, &byte, 1);
            if (byte == '\n')
                break;
        }
    } else if (strcmp(command, "eof") == 0) {
        wait_for_end_of(next_number());
    } else if (strcmp(command, "count") == 0) {
        int fd = next_number();
        count(fd, next_number());
    } else if (strcmp(command, "busy") == 0) {
        be_busy(next_number());
    } else if (strcmp(command, "touch") == 0) {
        touch(next_number());
    } else if (strcmp(command, "byte") == 0) {
        char byte;
        if (read(next_number(), &byte, 1) != 1)
            exit(123);
    } else if (strcmp(command, "close") == 0) {
        close(next_number());
    } else if (strcmp(command, "open") == 0) {
        int fd = open(next_argument(), O_RDONLY);
        if (fd < 0)
            exit(122);
        close(fd);
    } else if (strcmp(command, "fork") == 0) {
        if (!fork_here())
            while (strcmp(next_argument(), "--") != 0)
                ;
    } else if (strcmp(command, "--") == 0) {
        exit(0); /* the end of a grandchild's part */
    } else if (strcmp(command, "setsid") == 0) {
        setsid();
    } else if (strcmp(command, "join") == 0) {
        if (setpgid(0, getpgid(getppid())) < 0)
            exit(124);
    } else if (strcmp(command, "ignore") == 0) {
        signal(next_number(), SIG_IGN);
    } else if (strcmp(command, "pause") == 0) {
        for (;;)
            pause();
    } else if (strcmp(command, "kill") == 0) {
        int number = next_number();
        signal(number, SIG_DFL);
        raise(number);
    } else if (strcmp(command, "exit") == 0) {
        exit(next_number());
    } else {
        fprintf(stderr, "child: unknown command %s\n%s", command, help);
        exit(120);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    own_name = argc > 0 ? argv[0] : "";
    arguments = (const char *const *)argv + (argc > 0);
    while (*arguments != NULL)
        act(next_argument());
    return 0;
}
