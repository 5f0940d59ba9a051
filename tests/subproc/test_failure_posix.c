/* Spawning that fails on Unix: files that may not be run, descriptors by their numbers,
 * what needs privileges, and code of the host. */
#include <sys/resource.h>

#include "helpers.h"

SUITE(failure_posix);

static const brood_stdio piped = {.kind = BROOD_PIPE};

static const char *run_refused(const char *program)
{
    return refusal(
        (brood_spawn_options){.argv = ARGV(program), .in = piped, .out = piped, .err = piped});
}

/* "ERROR exec path" */
static const char *exec_error(const char *error, const char *path)
{
    static char text[600];
    snprintf(text, sizeof text, "%s exec %s", error, path);
    return text;
}

/* ---- the program ---------------------------------------------------------------------- */

Test(failure_posix, sem_03_a_file_that_may_not_be_run_is_named)
{
    scratch_begin();
    const char *path = make_file("file", "#!/bin/sh\n", 0644);
    cr_expect_str_eq(run_refused(path), exec_error("EACCES", path));
    scratch_end();
}

Test(failure_posix, what_cannot_be_executed_is_told_exactly)
{
    NOT_UNDER_VALGRIND("Valgrind executes programs in its own way");
    scratch_begin();
    cr_expect_str_eq(run_refused(scratch), exec_error("EACCES", scratch));
    const char *path = make_file("script", "echo no interpreter is named\n", 0755);
    cr_expect_str_eq(run_refused(path), exec_error("ENOEXEC", path));
    path = make_file("orphan", "#!/nonexistent/interpreter\n", 0755);
    cr_expect_str_eq(run_refused(path), exec_error("ENOENT", path));
    path = in_scratch("circle");
    cr_assert_eq(symlink("circle", path), 0);
    cr_expect_str_eq(run_refused(path), exec_error("ELOOP", path));
    cr_expect_str_eq(run_refused("/etc/passwd/x"), "ENOTDIR exec /etc/passwd/x");
    scratch_end();
}

Test(failure_posix, a_program_that_is_open_for_writing_cannot_run)
{
    NOT_UNDER_VALGRIND("Valgrind executes programs in its own way");
    scratch_begin();
    const char *path = make_file("busy", "#!/bin/sh\n", 0755);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    cr_expect_str_eq(run_refused(path), exec_error("ETXTBSY", path));
    close(fd);
    brood_spawn_options options = {.argv = ARGV(path)};
    cr_expect_str_eq(look(options, NULL), "");
    scratch_end();
}

Test(failure_posix, a_name_too_long_is_cut_short_in_the_report)
{
    char name[5001] = "/", expected[300];
    memset(name + 1, 'n', sizeof name - 2);
    name[sizeof name - 1] = '\0';
    snprintf(expected, sizeof expected, "ENAMETOOLONG exec %.255s", name);
    cr_expect_str_eq(run_refused(name), expected);
    name[300] = '\0';
    cr_expect_str_eq(run_refused(name), expected);
}

Test(failure_posix, an_environment_too_long_is_refused)
{
    NOT_UNDER_VALGRIND("Valgrind executes programs in its own way");
    enum { SIZE = 3 << 20 }; /* one string may have 128 KiB */
    char *text = malloc(SIZE);
    memset(text, 'x', SIZE - 1);
    text[SIZE - 1] = '\0';
    brood_spawn_options options = {.argv = ARGV("/bin/true"), .env = ARGV(text)};
    cr_expect_str_eq(refusal(options), "E2BIG exec /bin/true");
    free(text);
}

/* ---- descriptors ---------------------------------------------------------------------- */

Test(failure_posix, a_directory_cannot_be_written)
{
    brood_spawn_options options = {.argv = ARGV("/bin/true"),
                                   .in = piped,
                                   .out = piped,
                                   .err = {.kind = BROOD_FILE, .path = "/"}};
    cr_expect_str_eq(refusal(options), "EISDIR open /");
}

Test(failure_posix, a_descriptor_that_is_not_open_is_named)
{
    char expected[64];
    const brood_child_fd fd = {.child = 9, .parent = 777};
    brood_spawn_options options = {.argv = ARGV("/bin/true"), .fds = &fd, .fd_count = 1};
    snprintf(expected, sizeof expected, "EBADF dup2 %d as %d", fd.parent, fd.child);
    cr_expect_str_eq(refusal(options), expected);
}

/* The number of one that is closed must not become ours by being the next free. */
Test(failure_posix, a_closed_descriptor_is_not_mistaken_for_one_of_our_own)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_subprocess_exec(loop, &kid_protocol, &kid, &(brood_spawn_options){0}, &kid.transport);
    int next = text_file("", FD_CLOEXEC);
    close(next);
    for (int i = 0; i < 6; i++) { /* in's reader, in's writer, out's ... */
        const brood_child_fd fd = {.child = 40, .parent = next + i};
        if (fcntl(fd.parent, F_GETFD) >= 0)
            continue;
        brood_spawn_options options = {
            .in = piped, .out = piped, .err = piped, .fds = &fd, .fd_count = 1};
        int error = kid_start(loop, &kid, options, ARGV("exit", "0"));
        cr_expect_eq(error, BROOD_EBADF, "descriptor %d: %s", fd.parent, brood_errname(error));
        if (error == 0)
            cr_assert(run_until(loop, &kid.lost));
        kid = (struct kid){0};
    }
    test_loop_close(loop);
}

/* ---- identity ---------------------------------------------------------------------------- */

/* setsid fails for the leader of a group only, which a newborn child never is. */
Test(failure_posix, steps_that_the_kernel_refuses_are_told_with_their_numbers)
{
    const brood_rlimit limits[] = {{.resource = RLIMIT_CORE},
                                   {.resource = 99},
                                   {.resource = RLIMIT_CPU, .soft = 2, .hard = 1}};
    brood_spawn_options options = {.argv = ARGV("/bin/true"), .rlimits = limits, .rlimit_count = 2};
    cr_expect_str_eq(refusal(options), "EINVAL setrlimit 99");
    options.rlimits = limits + 2;
    options.rlimit_count = 1;
    cr_expect_str_eq(refusal(options), "EINVAL setrlimit 0");
    options = (brood_spawn_options){
        .argv = ARGV("/bin/true"), .set_process_group = true, .process_group = 99999999};
    const char *seen = refusal(options);
    cr_expect(strcmp(seen, "EPERM setpgid 99999999") == 0 ||
                  strcmp(seen, "ESRCH setpgid 99999999") == 0,
              "%s", seen);
}

/* The group of a process that is in another session. */
static int group_of_another_session(void)
{
    brood_loop *loop = open_loop(test_watcher());
    struct kid kid = {0};
    char expected[64];
    NEED(kid_start(loop, &kid, (brood_spawn_options){.new_session = true}, ARGV("pause")) == 0);
    int other_session = (int)brood_subprocess_pid(kid.transport), status = 0;
    pid_t pid = fork(); /* refusal() wants a process without other children */
    if (pid == 0) {
        brood_spawn_options options = {
            .argv = ARGV("/bin/true"), .set_process_group = true, .process_group = other_session};
        snprintf(expected, sizeof expected, "EPERM setpgid %d", other_session);
        _exit(strcmp(refusal(options), expected) != 0);
    }
    NEED(waitpid(pid, &status, 0) == pid && status == 0);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(failure_posix, a_foreign_group_cannot_be_joined)
{
    IN_FORK(group_of_another_session);
}

static int without_privileges(void)
{
    static const unsigned group = 4242;
    struct rlimit now;
    if (geteuid() == 0)
        NEED(setgid(65534) == 0 && setuid(65534) == 0);
    NEED(getrlimit(RLIMIT_NOFILE, &now) == 0);
    const brood_rlimit above = {
        .resource = RLIMIT_NOFILE, .soft = 16, .hard = (uint64_t)now.rlim_max + 1};
    const struct {
        const char *expected;
        brood_spawn_options options;
    } cases[] = {
        {"EPERM setgroups ",
         {.set_extra_groups = true, .extra_groups = &group, .extra_group_count = 1}},
        {"EPERM setgid 4242", {.set_group = true, .group = 4242}},
        {"EPERM setuid 4242", {.set_user = true, .user = 4242}},
        {"EPERM setuid 0", {.set_user = true, .user = 0}},
        {"EACCES nice -5", {.nice = -5}},
        {"EPERM setrlimit 7", {.rlimits = &above, .rlimit_count = 1}},
        {"EPERM pipe_size 1073741824", {.in.kind = BROOD_PIPE, .pipe_size = 1 << 30}},
    };
    size_t count = sizeof cases / sizeof *cases - !test_abilities().sized_pipes;
    for (size_t i = 0; i < count; i++) {
        brood_spawn_options options = cases[i].options;
        options.argv = ARGV("/bin/true");
        if (strcmp(refusal(options), cases[i].expected) != 0)
            return 1000 + (int)i;
    }
    return 0;
}

Test(failure_posix, what_needs_privileges_is_told_exactly)
{
    IN_FORK(without_privileges);
}

static int locked_directory(void)
{
    if (geteuid() == 0)
        NEED(setgid(65534) == 0 && setuid(65534) == 0);
    scratch_begin();
    NEED(mkdir(in_scratch("locked"), 0) == 0);
    brood_spawn_options options = {.argv = ARGV("/bin/true"), .cwd = in_scratch("locked")};
    bool refused = strncmp(refusal(options), "EACCES chdir ", 13) == 0;
    scratch_end();
    return refused ? 0 : __LINE__;
}

Test(failure_posix, a_locked_directory_is_told_as_such)
{
    IN_FORK(locked_directory);
}

/* ---- code of the host ---------------------------------------------------------------------- */

static int fails_with(void *arg)
{
    return *(int *)arg;
}

Test(failure_posix, the_value_of_a_failing_preexec_is_reported)
{
    int values[] = {BROOD_EPERM, -1, -77, BROOD_ECLOSED};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[64];
        brood_spawn_options options = {.argv = ARGV("/bin/true"),
                                       .in = piped,
                                       .out = piped,
                                       .preexec = fails_with,
                                       .preexec_arg = &values[i]};
        snprintf(expected, sizeof expected, "%s preexec ", brood_errname(values[i]));
        cr_expect_str_eq(refusal(options), expected);
    }
}

/* Whatever is told of it: it has failed, and nothing is left. */
Test(failure_posix, a_positive_value_of_preexec_is_a_failure_too)
{
    int value = 7;
    brood_spawn_options options = {
        .argv = ARGV("/bin/true"), .out = piped, .preexec = fails_with, .preexec_arg = &value};
    const char *seen = refusal(options);
    cr_expect_not_null(strstr(seen, " preexec "), "%s", seen);
    cr_expect_null(strchr(seen, ';'), "%s", seen);
}

Test(failure_posix, a_child_born_by_fork_reports_the_same)
{
    int value = 0;
    brood_spawn_options options = {
        .argv = ARGV("/nonexistent"), .out = piped, .preexec = fails_with, .preexec_arg = &value};
    cr_expect_str_eq(refusal(options), "ENOENT exec /nonexistent");
    options.argv = ARGV("/bin/true");
    options.cwd = "/nonexistent";
    cr_expect_str_eq(refusal(options), "ENOENT chdir /nonexistent");
    options.cwd = NULL;
    options.in = (brood_stdio){.kind = BROOD_FD, .fd = 777};
    cr_expect_str_eq(refusal(options), "EBADF dup2 777 as 0");
}
