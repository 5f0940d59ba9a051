/* A child that is born into its parent's descriptor table: it takes along what it was
 * given and nothing else, and the parent's table is as it was, whatever fails.  The first
 * child of a process is born in another way: each test has one before. */
#include <stdatomic.h>
#include <sys/resource.h>

#include "helpers.h"
#include "hide_calls_linux.h"

SUITE(spawn_share);

enum { HIGH = 300, MOST = 1024 };

/* ---- the parent's table ------------------------------------------------------------------ */

struct table {
    struct {
        int flags;
        dev_t device;
        ino_t inode;
    } entries[MOST];
};

static void note(struct table *table)
{
    memset(table, 0, sizeof *table);
    for (int fd = 0; fd < MOST; fd++) {
        struct stat status;
        table->entries[fd].flags = fcntl(fd, F_GETFD);
        if (fstat(fd, &status) < 0)
            continue;
        table->entries[fd].device = status.st_dev;
        table->entries[fd].inode = status.st_ino;
    }
}

static bool is_as_noted(const struct table *table)
{
    static struct table now;
    note(&now);
    return memcmp(table, &now, sizeof now) == 0;
}

/* Every number below HIGH is in use, by what a child must not inherit. */
static bool fill_numbers(void)
{
    int fd = 0;
    while (fd >= 0 && fd < HIGH)
        fd = fcntl(0, F_DUPFD, 3);
    return fd >= HIGH;
}

/* A loop whose first child is behind it, in a process with so many descriptors that new
 * ones have high numbers. */
static brood_loop *crowded_loop(void)
{
    struct kid kid = {0};
    brood_loop *loop = open_loop(test_watcher());
    if (loop == NULL || test_raise_descriptor_limit(MOST) < MOST ||
        kid_start(loop, &kid, (brood_spawn_options){0}, ARGV("exit", "0")) != 0 ||
        !run_until(loop, &kid.lost) || !fill_numbers())
        return NULL;
    brood_subprocess_close(kid.transport);
    return brood_loop_step(loop, BROOD_NOWAIT) == 0 ? loop : NULL;
}

/* What a child of this loop prints. */
static const char *printed(brood_loop *loop, brood_spawn_options options,
                           const char *const *arguments)
{
    static char seen[8192];
    struct kid kid = {0};
    options.out.kind = options.err.kind = BROOD_PIPE;
    int error = kid_start(loop, &kid, options, arguments);
    if (error != 0)
        return brood_errname(error);
    bool over = run_until(loop, &kid.lost);
    snprintf(seen, sizeof seen, "%s%s", kid.text.len > 0 ? kid.text.data : "",
             over && kid.code == 0 ? "" : "[not well]");
    brood_subprocess_close(kid.transport);
    brood_loop_step(loop, BROOD_NOWAIT);
    brood_buffer_free(&kid.text);
    return seen;
}

/* ---- what the child has ---------------------------------------------------------------- */

static int inherits_nothing(void)
{
    static struct table before;
    brood_loop *loop = crowded_loop();
    int file = text_file("lent", 0);
    NEED(loop != NULL && file > HIGH);
    note(&before);
    for (int i = 0; i < 3; i++) {
        brood_spawn_options options = {.in = {.kind = BROOD_FD, .fd = file}};
        NEED(strcmp(printed(loop, options, ARGV("report", "fds")), "0 1 2\n") == 0);
        NEED(strcmp(printed(loop, options, ARGV("show", "0")), "lent") == 0);
        options = (brood_spawn_options){.in.kind = BROOD_DEVNULL};
        NEED(strcmp(printed(loop, options, ARGV("report", "fds")), "0 1 2\n") == 0);
        NEED(is_as_noted(&before));
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, among_hundreds_of_descriptors_nothing_is_inherited_and_nothing_changed)
{
    IN_FORK(inherits_nothing);
}

/* The numbers that the loop holds are the child's to use. */
static int targets_everywhere(void)
{
    static struct table before;
    brood_loop *loop = crowded_loop();
    int a = text_file("a", FD_CLOEXEC), b = text_file("b", FD_CLOEXEC);
    NEED(loop != NULL);
    note(&before);
    for (int target = 3; target < 16; target++) {
        char number[12], expected[64];
        snprintf(number, sizeof number, "%d", target);
        brood_spawn_options options = {
            .fds = &(brood_child_fd){.child = target, .parent = target % 2 ? a : b},
            .fd_count = 1,
        };
        NEED(strcmp(printed(loop, options, ARGV("show", number)), target % 2 ? "a" : "b") == 0);
        snprintf(expected, sizeof expected, "0 1 2 %d\n", target);
        NEED(strcmp(printed(loop, options, ARGV("report", "fds")), expected) == 0);
        NEED(is_as_noted(&before));
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, a_number_that_the_loop_holds_in_reserve_can_be_a_target)
{
    IN_FORK(targets_everywhere);
}

/* More than are in reserve; and swapped with each other. */
static int many_sources(void)
{
    static struct table before;
    brood_loop *loop = crowded_loop();
    int a = text_file("a", FD_CLOEXEC), b = text_file("b", FD_CLOEXEC);
    brood_child_fd fds[] = {{.child = a, .parent = b},
                            {.child = b, .parent = a},
                            {.child = 7, .parent = a},
                            {.child = 900, .parent = b}};
    char first[12], second[12];
    NEED(loop != NULL);
    note(&before);
    snprintf(first, sizeof first, "%d", a);
    snprintf(second, sizeof second, "%d", b);
    for (size_t count = 2; count <= 4; count += 2) {
        brood_spawn_options options = {.fds = fds, .fd_count = count};
        NEED(strcmp(printed(loop, options, ARGV("show", first, "show", second)), "ba") == 0);
        NEED(is_as_noted(&before));
    }
    brood_spawn_options options = {.fds = fds, .fd_count = 4};
    NEED(strcmp(printed(loop, options, ARGV("show", "7", "show", "900")), "ab") == 0);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, more_sources_than_numbers_in_reserve_go_along_too)
{
    IN_FORK(many_sources);
}

static int keeping_all(void)
{
    brood_loop *loop = crowded_loop();
    int file = text_file("kept", 0);
    char number[12];
    NEED(loop != NULL);
    snprintf(number, sizeof number, "%d", file);
    NEED(strcmp(printed(loop, (brood_spawn_options){.keep_fds = true}, ARGV("show", number)),
                "kept") == 0);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, with_keep_fds_the_whole_table_is_inherited)
{
    IN_FORK(keeping_all);
}

/* A copy that stayed behind would keep this end open. */
static int ends_are_told(void)
{
    brood_loop *loop = crowded_loop();
    NEED(loop != NULL);
    for (int i = 0; i < 5; i++) {
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
        NEED(kid_start(loop, &kid, options, ARGV("close", "1", "eof", "0")) == 0);
        NEED(run_until(loop, &kid.lost_pipe[1]) && !kid.exited);
        brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
        NEED(run_until(loop, &kid.lost) && kid.code == 0);
        brood_subprocess_close(kid.transport);
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

/* Any descriptor of a file that is closed takes all record locks of it away. */
static int locks_stay(void)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    brood_loop *loop = crowded_loop();
    FILE *file = tmpfile();
    NEED(loop != NULL && file != NULL);
    int fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, HIGH), status = -1;
    NEED(fd >= HIGH && fcntl(fd, F_SETLK, &lock) == 0);
    for (int i = 0; i < 2; i++) {
        struct kid kid = {0};
        brood_child_fd lent = {.parent = fd, .child = 5};
        brood_spawn_options options = {
            .out = {.kind = BROOD_FD, .fd = fd}, .fds = &lent, .fd_count = 1};
        NEED(kid_start(loop, &kid, options, ARGV("exit", "0")) == 0);
        NEED(run_until(loop, &kid.lost) && kid.code == 0);
        brood_subprocess_close(kid.transport);
    }
    pid_t other = fork(); /* which asks whether the lock is in its way */
    if (other == 0)
        _exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 0 : 1);
    NEED(waitpid(other, &status, 0) == other && status == 0);
    fclose(file);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, the_locks_of_the_host_on_what_is_lent_stay)
{
    IN_FORK(locks_stay);
}

Test(spawn_share, pipes_end_when_the_child_closes_them)
{
    IN_FORK(ends_are_told);
}

/* ---- what fails ------------------------------------------------------------------------ */

static int fails(brood_loop *loop, brood_spawn_options options, const char *step)
{
    static struct table before;
    struct kid kid = {0};
    brood_spawn_failure failure = {0};
    options.in.kind = options.out.kind = options.err.kind = BROOD_PIPE;
    options.failure = &failure;
    note(&before);
    int error = brood_subprocess_exec(loop, &kid_protocol, &kid, &options, &kid.transport);
    NEED(error < 0 && strcmp(failure.step, step) == 0);
    NEED(is_as_noted(&before) && !test_has_children());
    return 0;
}

static int each_step_fails(void)
{
    const char *const missing[] = {"/nonexistent", NULL}, *const present[] = {"/bin/true", NULL};
    const brood_child_fd beyond = {.child = 1 << 24, .parent = 0};
    brood_loop *loop = crowded_loop();
    NEED(loop != NULL);
    for (int i = 0; i < 2; i++) {
        NEED(fails(loop, (brood_spawn_options){.argv = missing}, "exec") == 0);
        NEED(fails(loop, (brood_spawn_options){.argv = present, .cwd = "/nonexistent"}, "chdir") ==
             0);
        NEED(fails(loop, (brood_spawn_options){.argv = present, .fds = &beyond, .fd_count = 1},
                   "dup2") == 0);
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, a_child_that_fails_leaves_the_parents_table_as_it_was)
{
    IN_FORK(each_step_fails);
}

/* A kernel or sandbox that refuses to part them: another child is born with a copy. */
static int refused_by(unsigned what)
{
    static struct table before;
    brood_loop *loop = crowded_loop();
    int file = text_file("lent", 0);
    NEED(loop != NULL && hide_calls(what));
    note(&before);
    for (int i = 0; i < 3; i++) {
        brood_spawn_options options = {.in = {.kind = BROOD_FD, .fd = file}};
        NEED(strcmp(printed(loop, options, ARGV("show", "0", "report", "fds")), "lent0 1 2\n") ==
             0);
        NEED(lseek(file, 0, SEEK_SET) == 0 && is_as_noted(&before));
        NEED(fails(loop, (brood_spawn_options){.argv = ARGV("/nonexistent")}, "exec") == 0);
        NEED(!test_has_children());
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

static int refused_alone(void)
{
    return refused_by(HIDE_UNSHARE);
}

static int refused_with_the_call(void)
{
    return refused_by(HIDE_CLOSE_RANGE);
}

static int refused_by_a_sandbox(void)
{
    return refused_by(HIDE_CLOSE_RANGE | HIDE_CLONE3 | HIDE_BY_EPERM);
}

static void with_filter(int (*body)(void))
{
    NOT_UNDER_VALGRIND("Valgrind makes system calls that the filter forbids");
    if (!hide_is_possible())
        cr_skip_test("system calls cannot be filtered here");
    IN_FORK(body);
}

Test(spawn_share, where_a_table_cannot_be_left_it_is_copied)
{
    with_filter(refused_alone);
    with_filter(refused_with_the_call);
    with_filter(refused_by_a_sandbox);
}

/* By the older clone it is shared as well. */
static int by_plain_clone(void)
{
    NEED(hide_calls(HIDE_CLONE3));
    return inherits_nothing();
}

Test(spawn_share, without_clone3_the_table_is_shared_by_clone)
{
    with_filter(by_plain_clone);
}

/* A limit below the numbers in reserve lets nothing be put there. */
static int below_the_limit(void)
{
    static struct table before;
    brood_loop *loop = crowded_loop();
    int file = text_file("lent", FD_CLOEXEC);
    struct kid kid = {0};
    brood_spawn_options options = {.in = {.kind = BROOD_FD, .fd = file}};
    struct rlimit limit;
    NEED(loop != NULL && getrlimit(RLIMIT_NOFILE, &limit) == 0);
    note(&before);
    NEED(setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, limit.rlim_max}) == 0);
    int error = kid_start(loop, &kid, options, ARGV("count", "0", "4"));
    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (error == 0)
        NEED(run_until(loop, &kid.lost));
    NEED(is_as_noted(&before));
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, a_limit_below_the_reserve_is_no_harm)
{
    IN_FORK(below_the_limit);
}

/* ---- other threads ------------------------------------------------------------------------ */

static atomic_bool enough;

/* Opens and closes; nobody else may get at its numbers meanwhile. */
static void *churn(void *arg)
{
    atomic_int *wrong = arg;
    while (!atomic_load(&enough)) {
        int fds[8];
        struct stat status, expected;
        if (fstat(0, &expected) < 0)
            atomic_fetch_add(wrong, 1);
        for (int i = 0; i < 8; i++)
            fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 3);
        for (int i = 0; i < 8; i++) {
            if (fds[i] < 0 || fstat(fds[i], &status) < 0 || status.st_ino != expected.st_ino ||
                close(fds[i]) < 0)
                atomic_fetch_add(wrong, 1);
        }
    }
    return NULL;
}

static void *spawn_many(void *arg)
{
    atomic_int *wrong = arg;
    int file = text_file("lent", FD_CLOEXEC);
    brood_loop *loop = open_loop(test_watcher());
    for (int i = 0; i < 60; i++) {
        struct kid kid = {0};
        brood_spawn_options options = {
            .in = {.kind = BROOD_FD, .fd = file}, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE};
        if (kid_start(loop, &kid, options, ARGV("report", "fds")) != 0 ||
            !run_until(loop, &kid.lost) || kid.text.len == 0 ||
            strcmp(kid.text.data, "0 1 2\n") != 0)
            atomic_fetch_add(wrong, 1);
        brood_subprocess_close(kid.transport);
        brood_loop_step(loop, BROOD_NOWAIT);
        brood_buffer_free(&kid.text);
    }
    if (brood_loop_close(loop) < 0 || close(file) < 0)
        atomic_fetch_add(wrong, 1);
    return NULL;
}

static int beside_threads(void)
{
    static atomic_int wrong;
    pthread_t threads[3];
    brood_loop *loop = crowded_loop();
    for (int fd = HIGH / 2; fd < HIGH; fd += 3) /* low and high numbers are free */
        close(fd);
    int descriptors = test_count_descriptors();
    NEED(loop != NULL && pthread_create(&threads[0], NULL, churn, &wrong) == 0);
    for (int i = 1; i < 3; i++)
        NEED(pthread_create(&threads[i], NULL, spawn_many, &wrong) == 0);
    for (int i = 2; i >= 0; i--) {
        if (i == 0)
            atomic_store(&enough, true);
        NEED(pthread_join(threads[i], NULL) == 0);
    }
    NEED(atomic_load(&wrong) == 0 && test_count_descriptors() == descriptors);
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(spawn_share, two_loops_start_children_while_a_third_thread_opens_and_closes)
{
    IN_FORK(beside_threads);
}
