/* The child of the tests on Unix. */
#include "child_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    return child_run(argc, argv);
}

/* ---- what it sees ------------------------------------------------------------ */

/* The open descriptors, as "0 1 2 7", with c behind one that is close-on-exec and
 * n behind one that is non-blocking. */
void child_report_fds(void)
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

/* What 0, 1 and 2 are: p a pipe, s a socket, f another file; =N: the same as N. */
static void report_kinds(void)
{
    struct stat files[3];
    for (int fd = 0; fd < 3; fd++) {
        const char *kind = "-";
        int same = 0;
        if (fstat(fd, &files[fd]) == 0)
            kind = S_ISFIFO(files[fd].st_mode) ? "p" : S_ISSOCK(files[fd].st_mode) ? "s" : "f";
        while (same < fd &&
               (files[same].st_dev != files[fd].st_dev || files[same].st_ino != files[fd].st_ino))
            same++;
        printf("%s%s", fd > 0 ? " " : "", kind);
        if (same < fd)
            printf("=%d", same);
    }
    putchar('\n');
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

/* Real, effective, saved; these are not told everywhere. */
static void get_ids(uid_t user[3], gid_t group[3])
{
#if defined(__APPLE__) || defined(__NetBSD__)
    user[0] = getuid();
    user[1] = user[2] = geteuid();
    group[0] = getgid();
    group[1] = group[2] = getegid();
#else
    getresuid(&user[0], &user[1], &user[2]);
    getresgid(&group[0], &group[1], &group[2]);
#endif
}

static void report_ids(void)
{
    uid_t user[3];
    gid_t group[3];
    get_ids(user, group);
    printf("uid %u %u %u gid %u %u %u\n", user[0], user[1], user[2], group[0], group[1], group[2]);
}

static void report_limit(int resource)
{
    struct rlimit limit;
#ifdef __GLIBC__ /* whose resources are an enum */
    getrlimit((__rlimit_resource_t)resource, &limit);
#else
    getrlimit(resource, &limit);
#endif
    printf("%llu %llu\n", (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
}

void child_report_session(void)
{
    printf("pid %d sid %d pgid %d ppid %d\n", getpid(), getsid(0), getpgrp(), getppid());
}

void child_report_env(void)
{
    for (char **entry = environ; *entry != NULL; entry++)
        puts(*entry);
}

void child_report_cwd(void)
{
    char text[4096];
    puts(getcwd(text, sizeof text) != NULL ? text : "?");
}

bool child_report_more(const char *what)
{
    if (strcmp(what, "ids") == 0)
        report_ids();
    else if (strcmp(what, "kinds") == 0)
        report_kinds();
    else if (strcmp(what, "groups") == 0)
        report_groups();
    else if (strcmp(what, "umask") == 0)
        printf("%03o\n", umask(0));
    else if (strcmp(what, "nice") == 0)
        printf("%d\n", getpriority(PRIO_PROCESS, 0));
    else if (strcmp(what, "limit") == 0)
        report_limit(child_next_number());
    else if (strcmp(what, "mask") == 0)
        report_signals("blocked", is_blocked);
    else if (strcmp(what, "ignored") == 0)
        report_signals("ignored", is_ignored);
    else
        return false;
    return true;
}

/* ---- what it does ------------------------------------------------------------ */

long child_read_some(int fd, void *data, size_t len)
{
    return read(fd, data, len);
}

long child_write_some(int fd, const void *data, size_t len)
{
    ssize_t n;
    do
        n = write(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n;
}

void child_close(int fd)
{
    close(fd);
}

bool child_show(int fd)
{
    char block[4096];
    off_t offset = 0;
    ssize_t n;
    while ((n = pread(fd, block, sizeof block, offset)) > 0) {
        child_write(1, block, (size_t)n);
        offset += n;
    }
    return n == 0;
}

bool child_open(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool child_fork(void)
{
    pid_t pid = fork();
    if (pid > 0) {
        char text[32];
        int length = snprintf(text, sizeof text, "%d\n", (int)pid);
        child_write(1, text, (size_t)length);
    }
    return pid == 0;
}

void child_ignore(int number)
{
    signal(number, SIG_IGN);
}

void child_pause(void)
{
    for (;;)
        pause();
}

long long child_time_used(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (long long)used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000;
}

const char child_more_help[] =
    "  report WHAT     also kinds ids groups umask nice limit N mask ignored\n"
    "  setsid          leave the session\n"
    "  join            join the parent's process group\n"
    "  shut FD         nothing more is written to that socket\n"
    "  choke FD        write to it until that fails; the error is the status\n"
    "  end FD          read FD until its end; 125 if that fails\n"
    "  kill N          end by signal N\n";

static void choke(int fd)
{
    static char block[65536];
    while (child_write_some(fd, block, sizeof block) >= 0)
        ;
    exit(errno);
}

static void read_to_end(int fd)
{
    char block[4096];
    ssize_t n;
    do
        n = read(fd, block, sizeof block);
    while (n > 0);
    if (n < 0)
        exit(125);
}

bool child_act_more(const char *command)
{
    if (strcmp(command, "setsid") == 0) {
        setsid();
    } else if (strcmp(command, "join") == 0) {
        if (setpgid(0, getpgid(getppid())) < 0)
            exit(124);
    } else if (strcmp(command, "shut") == 0) {
        shutdown(child_next_number(), SHUT_WR);
    } else if (strcmp(command, "choke") == 0) {
        choke(child_next_number());
    } else if (strcmp(command, "end") == 0) {
        read_to_end(child_next_number());
    } else if (strcmp(command, "kill") == 0) {
        int number = child_next_number();
        signal(number, SIG_DFL);
        raise(number);
    } else {
        return false;
    }
    return true;
}
