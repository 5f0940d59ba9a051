/* Spawning that fails: which step, which error, on what, and that nothing is left.
 * refusal() looks for the leftovers: descriptors, zombies, memory, the signal mask,
 * callbacks, and the caller's pointer. */
#include "helpers.h"

SUITE(failure);

static const brood_stdio piped = {.kind = BROOD_PIPE};

static const char *run_refused(const char *program)
{
    return refusal(
        (brood_spawn_options){.argv = ARGV(program), .in = piped, .out = piped, .err = piped});
}

/* ---- the program and its directory -------------------------------------------------- */

Test(failure, sem_03_a_missing_program_is_named)
{
    cr_expect_str_eq(run_refused("/nonexistent/program"), "ENOENT exec /nonexistent/program");
    cr_expect_str_eq(run_refused("no-such-program"), "ENOENT exec no-such-program");
    cr_expect_str_eq(run_refused(""), "ENOENT exec ");
    cr_expect_str_eq(
        refusal((brood_spawn_options){.argv = ARGV("label"), .executable = "./missing"}),
        "ENOENT exec ./missing");
    cr_expect_str_eq(refusal((brood_spawn_options){.shell = "true", .executable = "/no/sh"}),
                     "ENOENT exec /no/sh");
}

Test(failure, sem_03_a_bad_cwd_is_named_and_not_the_program)
{
    char expected[600];
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"),
                                   .cwd = "/nonexistent/dir"};
    cr_expect_str_eq(refusal(options), "ENOENT chdir /nonexistent/dir");
    scratch_begin();
    options.cwd = make_file("file", "", 0644);
    snprintf(expected, sizeof expected, "ENOTDIR chdir %s", options.cwd);
    cr_expect_str_eq(refusal(options), expected);
    scratch_end();
    options.cwd = "";
    cr_expect_str_eq(refusal(options), "ENOENT chdir ");
    options.argv = ARGV("/nonexistent/program");
    options.cwd = "/nonexistent/dir";
    cr_expect_str_eq(refusal(options), "ENOENT chdir /nonexistent/dir");
}

Test(failure, a_long_name_is_cut_short_in_the_report)
{
    char name[301] = "/", expected[300];
    memset(name + 1, 'n', sizeof name - 2);
    name[sizeof name - 1] = '\0';
    snprintf(expected, sizeof expected, " exec %.255s", name);
    const char *seen = run_refused(name);
    cr_expect_str_eq(seen + strcspn(seen, " "), expected);
    cr_expect_neq(seen[0], 'O', "%s", seen);
}

Test(failure, arguments_too_long_are_refused)
{
    NOT_UNDER_VALGRIND("Valgrind executes programs in its own way");
    enum { SIZE = 3 << 20 }; /* one argument may have 128 KiB, on Windows all 32 KiB */
    char *argument = malloc(SIZE), expected[300];
    memset(argument, 'x', SIZE - 1);
    argument[SIZE - 1] = '\0';
    brood_spawn_options options = {.argv = ARGV(test_child(), argument)};
    snprintf(expected, sizeof expected, "E2BIG exec %.255s", test_child());
    cr_expect_str_eq(refusal(options), expected);
    free(argument);
}

/* ---- descriptors ---------------------------------------------------------------------- */

Test(failure, a_file_that_cannot_be_opened_is_named)
{
    static const char missing[] = "/nonexistent/file";
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"),
                                   .in = {.kind = BROOD_FILE, .path = missing}};
    cr_expect_str_eq(refusal(options), "ENOENT open /nonexistent/file");
    options.in = piped;
    options.out = (brood_stdio){.kind = BROOD_FILE, .path = missing};
    cr_expect_str_eq(refusal(options), "ENOENT open /nonexistent/file");
}

static brood_stdio lent(intptr_t fd)
{
    return (brood_stdio){.kind = BROOD_FD, .fd = fd};
}

Test(failure, a_descriptor_that_is_not_open_is_named)
{
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"), .in = lent(777776)};
    cr_expect_str_eq(refusal(options), "EBADF dup2 777776 as 0");
    options.in = options.out = piped;
    options.err = lent(777776);
    cr_expect_str_eq(refusal(options), "EBADF dup2 777776 as 2");
}

/* What is closed must not become one of ours by being the next that is free. */
Test(failure, a_standard_descriptor_that_is_closed_is_not_mistaken_either)
{
    brood_loop *loop = test_loop();
    brood_subprocess *transport = NULL;
    struct kid kid = {0};
    intptr_t closed[4];
    brood_subprocess_exec(loop, &kid_protocol, &kid, &(brood_spawn_options){0}, &kid.transport);
    for (int i = 0; i < 4; i++)
        closed[i] = lent_text("");
    for (int i = 0; i < 4; i++)
        close_lent(closed[i]);
    for (int i = 0; i < 4; i++) {
        brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"),
                                       .in = piped,
                                       .out = piped,
                                       .err = lent(closed[i])};
        int error = brood_subprocess_exec(loop, &kid_protocol, &kid, &options, &transport);
        cr_expect_eq(error, BROOD_EBADF, "%d: %s", i, brood_errname(error));
        if (error == 0)
            cr_assert(run_until(loop, &kid.lost));
        kid = (struct kid){0};
    }
    test_loop_close(loop);
}

Test(failure, sem_04_failed_spawns_leave_no_descriptor)
{
    brood_loop *loop = test_loop();
    brood_subprocess *transport = NULL;
    struct kid kid = {0};
    brood_spawn_options options = {
        .argv = ARGV("/nonexistent"), .in = piped, .out = piped, .err = piped};
    int before = -1;
    for (int i = 0; i < 21; i++) {
        cr_expect_eq(brood_subprocess_exec(loop, &kid_protocol, &kid, &options, &transport),
                     BROOD_ENOENT);
        if (i == 0) /* the first has made the loop's watcher */
            before = test_count_descriptors();
    }
    cr_expect_eq(test_count_descriptors(), before);
    cr_expect_not(test_has_children());
    cr_expect_null(transport);
    test_loop_close(loop);
}
