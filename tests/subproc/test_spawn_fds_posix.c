/* Descriptors beyond 0, 1 and 2: the numbers that the child sees, and that it sees
 * no others. */
#include <sys/resource.h>

#include "helpers.h"

SUITE(spawn_fds);

static const brood_spawn_options plain = {0};

#define FDS(...)                                  \
    .fds = (const brood_child_fd[]){__VA_ARGS__}, \
    .fd_count = sizeof((const brood_child_fd[]){__VA_ARGS__}) / sizeof(brood_child_fd)

/* Three files that hold their names, close-on-exec. */
static int a, b, c;

static void open_files(void)
{
    a = text_file("a", FD_CLOEXEC);
    b = text_file("b", FD_CLOEXEC);
    c = text_file("c", FD_CLOEXEC);
}

static void close_files(void)
{
    cr_expect_eq(close(a) | close(b) | close(c), 0);
}

/* "show" of each number. */
static const char *show(brood_spawn_options options, int first, int second, int third)
{
    char text[3][12];
    snprintf(text[0], sizeof text[0], "%d", first);
    snprintf(text[1], sizeof text[1], "%d", second);
    snprintf(text[2], sizeof text[2], "%d", third);
    return look(options, ARGV("show", text[0], "show", text[1], "show", text[2]));
}

Test(spawn_fds, the_child_sees_the_numbers_it_was_given_and_no_others)
{
    open_files();
    brood_spawn_options options = {
        FDS({.child = 7, .parent = a}, {.child = 3, .parent = b}, {.child = 20, .parent = c})};
    cr_expect_str_eq(show(options, 3, 7, 20), "bac");
    cr_expect_str_eq(look(options, ARGV("report", "fds")), "0 1 2 3 7 20\n");
    close_files();
}

Test(spawn_fds, numbers_can_be_swapped)
{
    open_files();
    brood_spawn_options options = {FDS({.child = a, .parent = b}, {.child = b, .parent = a})};
    cr_expect_str_eq(show(options, a, b, b), "baa");
    close_files();
}

Test(spawn_fds, numbers_can_go_round)
{
    open_files();
    brood_spawn_options left = {
        FDS({.child = a, .parent = b}, {.child = b, .parent = c}, {.child = c, .parent = a})};
    brood_spawn_options right = {
        FDS({.child = a, .parent = c}, {.child = c, .parent = b}, {.child = b, .parent = a})};
    cr_expect_str_eq(show(left, a, b, c), "bca");
    cr_expect_str_eq(show(right, a, b, c), "cab");
    close_files();
}

Test(spawn_fds, a_source_may_be_the_target_of_another)
{
    open_files();
    brood_spawn_options chain = {FDS({.child = a, .parent = b}, {.child = b, .parent = c})};
    brood_spawn_options back = {FDS({.child = c, .parent = b}, {.child = b, .parent = a})};
    cr_expect_str_eq(show(chain, a, b, b), "bcc");
    cr_expect_str_eq(show(back, b, c, c), "abb");
    close_files();
}

Test(spawn_fds, the_same_number_loses_close_on_exec_in_the_child_alone)
{
    open_files();
    brood_spawn_options options = {FDS({.child = a, .parent = a})};
    cr_expect_str_eq(show(options, a, a, a), "aaa");
    cr_expect_neq(fcntl(a, F_GETFD) & FD_CLOEXEC, 0);
    close_files();
}

Test(spawn_fds, one_source_may_serve_several_numbers)
{
    open_files();
    brood_spawn_options options = {
        FDS({.child = 50, .parent = a}, {.child = a, .parent = a}, {.child = b, .parent = a})};
    cr_expect_str_eq(show(options, 50, a, b), "aaa");
    close_files();
}

Test(spawn_fds, standard_descriptors_can_be_sources_and_lent_at_once)
{
    open_files();
    brood_spawn_options options = {.in = {.kind = BROOD_FD, .fd = a},
                                   FDS({.child = 5, .parent = a}, {.child = 6, .parent = a})};
    cr_expect_str_eq(show(options, 0, 5, 6), "aaa");
    close_files();
}

static int standard_sources(void)
{
    open_files();
    NEED(dup2(a, 0) == 0 && dup2(b, 1) == 1 && dup2(c, 2) == 2);
    /* The child's own 0 and 2 are others: the parent's are meant. */
    brood_spawn_options options = {
        .in.kind = BROOD_PIPE,
        .err.kind = BROOD_DEVNULL,
        FDS({.child = 4, .parent = 2}, {.child = 5, .parent = 1}, {.child = 6, .parent = 0})};
    NEED(strcmp(show(options, 6, 5, 4), "abc") == 0);
    return 0;
}

Test(spawn_fds, the_parents_0_1_and_2_can_be_sources)
{
    IN_FORK(standard_sources);
}

Test(spawn_fds, numbers_may_be_high_and_many)
{
    enum { COUNT = 200 };
    static brood_child_fd fds[COUNT];
    open_files();
    cr_assert(test_raise_descriptor_limit(1024));
    for (int i = 0; i < COUNT; i++)
        fds[i] = (brood_child_fd){.child = 1000 - i * 3, .parent = i % 2 == 0 ? a : b};
    brood_spawn_options options = {.fds = fds, .fd_count = COUNT};
    cr_expect_str_eq(show(options, 1000, 997, 1000 - 199 * 3), "abb");
    close_files();
}

Test(spawn_fds, the_source_may_be_higher_than_every_target)
{
    open_files();
    cr_assert(test_raise_descriptor_limit(1024));
    int high = fcntl(a, F_DUPFD_CLOEXEC, 900);
    brood_spawn_options options = {FDS({.child = 3, .parent = high}, {.child = 900, .parent = b})};
    cr_expect_str_eq(show(options, 3, high == 900 ? 900 : 3, 3), high == 900 ? "aba" : "aaa");
    close(high);
    close_files();
}

static int preexec_succeeds(void *arg)
{
    (void)arg;
    return 0;
}

/* The highest number that the limit allows is a number like any other. */
static int last_number_of_the_limit(void)
{
    struct rlimit limit = {.rlim_cur = 128, .rlim_max = 128};
    open_files();
    NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    brood_spawn_options options = {FDS({.child = 127, .parent = a}, {.child = 126, .parent = b})};
    NEED(strcmp(show(options, 127, 126, 126), "abb") == 0);
    options.preexec = preexec_succeeds;
    NEED(strcmp(show(options, 127, 126, 126), "abb") == 0);
    return 0;
}

Test(spawn_fds, the_last_number_of_the_limit_can_be_a_target)
{
    NOT_UNDER_VALGRIND("Valgrind keeps the highest descriptors for itself");
    IN_FORK(last_number_of_the_limit);
}

Test(spawn_fds, nothing_else_is_inherited)
{
    int open_fd = text_file("secret", 0), high = fcntl(open_fd, F_DUPFD, 500);
    cr_expect_str_eq(look(plain, ARGV("report", "fds")), "0 1 2\n");
    brood_spawn_options options = {FDS({.child = 100, .parent = open_fd})};
    cr_expect_str_eq(look(options, ARGV("report", "fds")), "0 1 2 100\n");
    options.preexec = preexec_succeeds;
    cr_expect_str_eq(look(options, ARGV("report", "fds")), "0 1 2 100\n");
    close(open_fd);
    close(high);
}

/* In a process of its own: which other descriptors are open is the runner's affair. */
static int keeping(void)
{
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    int open_fd = text_file("kept", 0), hidden = text_file("hidden", FD_CLOEXEC);
    NEED(open_fd == 3 && hidden == 4 && fcntl(open_fd, F_DUPFD, 40) == 40);
    brood_spawn_options options = {.keep_fds = true, .in.kind = BROOD_PIPE};
    NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2 3 40\n") == 0);
    NEED(strcmp(look(options, ARGV("show", "40")), "kept") == 0);
    options.fds = &(brood_child_fd){.child = 9, .parent = hidden};
    options.fd_count = 1;
    NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2 3 9 40\n") == 0);
    options.preexec = preexec_succeeds;
    NEED(strcmp(look(options, ARGV("report", "fds")), "0 1 2 3 9 40\n") == 0);
    return 0;
}

Test(spawn_fds, with_keep_fds_what_is_not_close_on_exec_is_inherited)
{
    IN_FORK(keeping);
}
