/* Options that contradict each other or are out of range: refused before anything
 * is spawned. */
#include <limits.h>

#include "processes.h"

SUITE(options);

/* sem_02: text, encoding, errors, universal_newlines and bufsize have no counterpart
 * here, and neither has a shell given to exec: one function starts both kinds.  What
 * is left of it is that argv and shell exclude each other. */

static const char *const program[] = {"/bin/true", NULL};
static const char *const nothing[] = {NULL};
static const unsigned group = 1;
static const brood_child_fd standard[] = {{.child = 2, .parent = 0}},
                            negative[] = {{.child = 7, .parent = -1}};

#define OPTIONS(...)                 \
    {                                \
        .argv = program, __VA_ARGS__ \
    }

static const struct {
    const char *field; /* what the text begins with */
    brood_spawn_options options;
} refused[] = {
    {"argv", {.argv = NULL}},
    {"argv", {.argv = NULL, .executable = "/bin/true"}},
    {"argv", {.argv = nothing}},
    {"argv", {.argv = nothing, .executable = "/bin/true"}},
    {"argv and shell", OPTIONS(.shell = "true")},
    {"in ", OPTIONS(.in.kind = -1)},
    {"in ", OPTIONS(.in.kind = BROOD_SOCKET + 1)},
    {"in ", OPTIONS(.in.kind = BROOD_STDOUT)},
    {"in ", OPTIONS(.in = {.kind = BROOD_FD, .fd = -1})},
    {"in ", OPTIONS(.in = {.kind = BROOD_FILE})},
    {"out ", OPTIONS(.out.kind = -1)},
    {"out ", OPTIONS(.out.kind = BROOD_SOCKET + 1)},
    {"out ", OPTIONS(.out.kind = BROOD_STDOUT)},
    {"out ", OPTIONS(.out = {.kind = BROOD_FD, .fd = INT_MIN})},
    {"out ", OPTIONS(.out = {.kind = BROOD_FILE})},
    {"err ", OPTIONS(.err.kind = -1)},
    {"err ", OPTIONS(.err.kind = BROOD_SOCKET + 1)},
    {"err ", OPTIONS(.err = {.kind = BROOD_FD, .fd = -1})},
    {"err ", OPTIONS(.err = {.kind = BROOD_FILE})},
    {"pipe_size", OPTIONS(.pipe_size = -1)},
    {"fds", OPTIONS(.fd_count = 1)},
    {"fds", OPTIONS(.fds = standard, .fd_count = 1)},
    {"fds", OPTIONS(.fds = negative, .fd_count = 1)},
    {"process_group", OPTIONS(.set_process_group = true, .process_group = -1)},
    {"new_session", OPTIONS(.new_session = true, .set_process_group = true)},
    {"kill_tree", OPTIONS(.kill_tree = true, .set_process_group = true, .process_group = 5)},
    {"umask", OPTIONS(.set_umask = true, .umask = 01000)},
    {"extra_groups", OPTIONS(.set_extra_groups = true, .extra_group_count = 1)},
    {"death_signal", OPTIONS(.death_signal = -1)},
    {"death_signal", OPTIONS(.death_signal = 65)},
    {"rlimits", OPTIONS(.rlimit_count = 1)},
};

Test(options, each_contradiction_is_refused_naming_the_field)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        unsigned born = count_births();
        char expected[64];
        snprintf(expected, sizeof expected, "EINVAL options %s", refused[i].field);
        const char *seen = refusal(refused[i].options);
        cr_expect(strncmp(seen, expected, strlen(expected)) == 0, "%zu: %s, not %s", i, seen,
                  expected);
        cr_expect_null(strchr(seen, ';'), "%zu: %s", i, seen);
        cr_expect_eq(count_births(), born, "%zu: spawned", i);
    }
}

Test(options, a_descriptor_beyond_int_is_not_mistaken_for_another)
{
    if (sizeof(intptr_t) <= sizeof(int))
        cr_skip_test("descriptors are not wider than int here");
    brood_spawn_options options = {.argv = program};
    options.in = (brood_stdio){.kind = BROOD_FD, .fd = (intptr_t)((uintptr_t)1 << 31 << 1)};
    cr_assert_eq(strncmp(refusal(options), "EINVAL options in ", 18), 0, "%s", refusal(options));
}

Test(options, sem_02_argv_and_shell_exclude_each_other)
{
    brood_spawn_options options = {.argv = program, .shell = "true"};
    cr_assert_str_eq(refusal(options), "EINVAL options argv and shell exclude each other");
}

Test(options, missing_arguments_are_refused)
{
    brood_loop *loop = test_loop();
    brood_subprocess *transport = NULL;
    brood_spawn_options options = {.argv = program};
    struct kid kid = {0};
    unsigned born = count_births();
    cr_expect_eq(brood_subprocess_exec(loop, NULL, &kid, &options, &transport), BROOD_EINVAL);
    cr_expect_eq(brood_subprocess_exec(loop, &kid_protocol, &kid, NULL, &transport), BROOD_EINVAL);
    cr_expect_eq(brood_subprocess_exec(loop, &kid_protocol, &kid, &options, NULL), BROOD_EINVAL);
    cr_expect_null(transport);
    cr_expect_eq(count_births(), born);
    test_settle(loop);
    cr_expect_eq(kid.calls, 0);
    test_loop_close(loop);
}

Test(options, a_failure_needs_no_place_to_be_told)
{
    brood_loop *loop = test_loop();
    brood_subprocess *transport = NULL;
    struct kid kid = {0};
    cr_expect_eq(
        brood_subprocess_exec(loop, &kid_protocol, &kid, &(brood_spawn_options){0}, &transport),
        BROOD_EINVAL);
    cr_expect_null(transport);
    test_loop_close(loop);
}

Test(options, a_success_leaves_the_failure_as_it_was)
{
    brood_loop *loop = test_loop();
    brood_spawn_failure failure = {.error = 77, .step = "none", .what = "nothing"};
    struct kid kid = {0};
    cr_assert_eq(
        kid_start(loop, &kid, (brood_spawn_options){.failure = &failure}, ARGV("exit", "0")), 0);
    cr_expect_eq(failure.error, 77);
    cr_expect_str_eq(failure.step, "none");
    cr_expect_str_eq(failure.what, "nothing");
    cr_assert(kid_finish(loop, &kid));
}

/* Zeroes mean "nothing special", also next to fields that are then not looked at. */
Test(options, fields_that_are_not_switched_on_do_not_matter)
{
    brood_spawn_options options = {.umask = 077,
                                   .user = 12345,
                                   .group = 12345,
                                   .process_group = 12345,
                                   .extra_groups = &group,
                                   .extra_group_count = 1};
    cr_expect_str_eq(look(options, ARGV("out", "x")), "x");
}
