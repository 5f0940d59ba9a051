/* The child's standard input, output and error on Unix: descriptors by their numbers,
 * their modes, and a parent that lacks some. */
#include "helpers.h"

SUITE(spawn_stdio_posix);

static const brood_spawn_options plain = {0};
static const brood_stdio piped = {.kind = BROOD_PIPE}, null = {.kind = BROOD_DEVNULL},
                         as_out = {.kind = BROOD_STDOUT};

static brood_stdio lent(int fd)
{
    return (brood_stdio){.kind = BROOD_FD, .fd = fd};
}

static brood_stdio file(const char *path, bool append)
{
    return (brood_stdio){.kind = BROOD_FILE, .path = path, .append = append};
}

/* ---- the parent's own ------------------------------------------------------------------ */

static int err_as_inherited_out(void)
{
    int fd = text_file("", FD_CLOEXEC);
    NEED(dup2(fd, 1) == 1);
    struct kid kid = {0};
    brood_loop *loop = open_loop(test_watcher());
    brood_spawn_options options = {.err = as_out};
    NEED(kid_start(loop, &kid, options, ARGV("err", "e", "out", "o")) == 0);
    NEED(kid_finish(loop, &kid));
    NEED(strcmp(look((brood_spawn_options){.in = lent(fd)}, ARGV("show", "0")), "eo") == 0);
    return 0;
}

Test(spawn_stdio_posix, err_goes_where_the_parents_own_output_goes)
{
    IN_FORK(err_as_inherited_out);
}

static int crossed_standard_descriptors(void)
{
    int a = text_file("", 0), b = text_file("", 0);
    NEED(dup2(a, 1) == 1 && dup2(b, 2) == 2);
    brood_spawn_options options = {.out = lent(2), .err = lent(1)};
    NEED(strcmp(look(options, ARGV("out", "o", "err", "e")), "") == 0);
    NEED(strcmp(look((brood_spawn_options){.in = lent(a)}, ARGV("show", "0")), "e") == 0);
    NEED(strcmp(look((brood_spawn_options){.in = lent(b)}, ARGV("show", "0")), "o") == 0);
    return 0;
}

Test(spawn_stdio_posix, the_parents_own_output_and_errors_can_be_crossed)
{
    IN_FORK(crossed_standard_descriptors);
}

/* ---- modes --------------------------------------------------------------------------- */

Test(spawn_stdio_posix, a_lent_descriptor_keeps_close_on_exec)
{
    int fd = text_file("lent", FD_CLOEXEC);
    lseek(fd, 0, SEEK_SET);
    cr_expect_str_eq(look((brood_spawn_options){.in = lent(fd)}, ARGV("cat")), "lent");
    cr_expect_neq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0, "close-on-exec was taken off in the parent");
    cr_assert_eq(close(fd), 0);
}

Test(spawn_stdio_posix, a_missing_file_is_created_under_the_parents_umask)
{
    static const struct {
        mode_t mask, mode;
    } cases[] = {{0, 0666}, {027, 0640}, {077, 0600}};
    mode_t before = umask(0);
    scratch_begin();
    for (size_t i = 0; i < 3; i++) {
        struct stat status;
        umask(cases[i].mask);
        look((brood_spawn_options){.out = file(in_scratch("new"), i == 1)}, ARGV("out", "x"));
        cr_assert_eq(stat(in_scratch("new"), &status), 0);
        cr_expect_eq(status.st_mode & 07777, cases[i].mode, "%o", status.st_mode);
        unlink(in_scratch("new"));
    }
    umask(before);
    scratch_end();
}

Test(spawn_stdio_posix, the_childs_ends_block_and_ours_do_not)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {.in = piped, .out = piped, .err = piped};
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("report", "fds")), 0);
    for (int fd = 0; fd < 3; fd++) {
        int ours = (int)brood_pipe_fd(brood_subprocess_pipe(kid.transport, fd));
        cr_expect_neq(fcntl(ours, F_GETFL) & O_NONBLOCK, 0);
        cr_expect_neq(fcntl(ours, F_GETFD) & FD_CLOEXEC, 0);
    }
    cr_assert(run_until(loop, &kid.exited));
    cr_expect_str_eq(kid.text.data, "0 1 2\n");
    cr_assert(kid_finish(loop, &kid));
}

Test(spawn_stdio_posix, a_lent_descriptor_is_never_switched_to_non_blocking)
{
    int ends[2], pair[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
    brood_spawn_options options = {.in = lent(ends[0]), .err = lent(pair[1])};
    cr_expect_str_eq(look(options, ARGV("report", "fds")), "0 1 2n\n");
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(fcntl(ends[i], F_GETFL) & O_NONBLOCK, 0);
        cr_expect_neq(fcntl(pair[i], F_GETFL) & O_NONBLOCK, 0);
        close(ends[i]);
        close(pair[i]);
    }
}

Test(spawn_stdio_posix, sem_10_the_child_can_open_its_standard_streams_by_name)
{
    brood_spawn_options options = {.in = piped, .err = piped};
    cr_expect_str_eq(look(options, ARGV("open", "/dev/stdin")), "");
    cr_expect_str_eq(look((brood_spawn_options){.shell = "echo x > /dev/stdout"}, NULL), "x\n");
}

/* ---- a parent without standard descriptors --------------------------------------------- */

static int closed; /* bit N: the parent has closed N */

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int without_standard_descriptors(void)
{
    char expected[16] = "";
    for (int fd = 0; fd < 3; fd++)
        if (closed >> fd & 1)
            close(fd);
    /* Inherited: closed there too; out is a pipe, for us to see. */
    for (int fd = 0; fd < 3; fd++)
        if (fd == 1 || (closed >> fd & 1) == 0)
            sprintf(expected + strlen(expected), "%s%d", *expected != '\0' ? " " : "", fd);
    strcat(expected, "\n");
    NEED(strcmp(look(plain, ARGV("report", "fds")), expected) == 0);
    brood_spawn_options failing = {.argv = ARGV("/nonexistent"), .in = piped, .out = null};
    NEED(strcmp(refusal(failing), "ENOENT exec /nonexistent") == 0);

    brood_loop *loop = open_loop(test_watcher());
    struct kid kid = {0};
    brood_spawn_options options = {.in = piped, .out = piped, .err = piped};
    NEED(kid_start(loop, &kid, options, ARGV("report", "fds", "cat", "err", "e")) == 0);
    for (int fd = 0; fd < 3; fd++)
        NEED(is_open(fd) == ((closed >> fd & 1) == 0));
    NEED(brood_loop_step(loop, BROOD_NOWAIT) == 0);
    NEED(brood_pipe_write(brood_subprocess_pipe(kid.transport, 0), "in", 2) == 0);
    NEED(brood_pipe_write_eof(brood_subprocess_pipe(kid.transport, 0)) == 0);
    NEED(run_until(loop, &kid.lost) && kid.code == 0);
    NEED(strcmp(kid.text.data, "0 1 2\nine") == 0);
    for (int fd = 0; fd < 3; fd++)
        NEED(is_open(fd) == ((closed >> fd & 1) == 0));
    return kid_finish(loop, &kid) ? 0 : __LINE__;
}

Test(spawn_stdio_posix, a_parent_without_standard_descriptors_can_spawn)
{
    for (closed = 1; closed < 8; closed++)
        IN_FORK(without_standard_descriptors);
}

static int preexec_succeeds(void *arg)
{
    (void)arg;
    return 0;
}

static int forked_without_standard_descriptors(void)
{
    close(0);
    close(1);
    close(2);
    brood_spawn_options options = {.preexec = preexec_succeeds};
    NEED(strcmp(look(options, ARGV("report", "fds")), "1\n") == 0);
    options.in = options.err = null;
    NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2\n") == 0);
    NEED(!is_open(0) && !is_open(1) && !is_open(2));
    return 0;
}

Test(spawn_stdio_posix, nor_does_a_true_fork_need_them)
{
    IN_FORK(forked_without_standard_descriptors);
}
