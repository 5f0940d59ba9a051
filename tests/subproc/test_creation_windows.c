/* Options that Windows has, and those of Unix that it has no counterpart for. */
#include <limits.h>
#include <stdio.h>

#include "helpers_act_windows.h"

SUITE(creation_windows);

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

Test(creation_windows, what_unix_alone_has_is_refused_by_its_name)
{
    static const brood_child_fd fd = {.child = 3, .parent = 4};
    static const brood_rlimit limit = {.resource = 1};
    static const unsigned group = 1;
    static const struct {
        const char *name;
        brood_spawn_options options;
    } cases[] = {
        {"in", {.in.kind = BROOD_SOCKET}},
        {"out", {.out.kind = BROOD_SOCKET}},
        {"err", {.err.kind = BROOD_SOCKET}},
        {"fds", {.fds = &fd, .fd_count = 1}},
        {"new_session", {.new_session = true}},
        {"process_group", {.set_process_group = true, .process_group = 7}},
        {"umask", {.set_umask = true, .umask = 022}},
        {"user", {.set_user = true, .user = 1}},
        {"group", {.set_group = true, .group = 1}},
        {"extra_groups",
         {.set_extra_groups = true, .extra_groups = &group, .extra_group_count = 1}},
        {"extra_groups", {.set_extra_groups = true}},
        {"keep_signals", {.keep_signals = true}},
        {"nice", {.nice = 1}},
        {"nice", {.nice = -1}},
        {"death_signal", {.death_signal = 9}},
        {"rlimits", {.rlimits = &limit, .rlimit_count = 1}},
        {"preexec", {.preexec = nothing}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "ENOSYS options %s", cases[i].name);
        cr_expect_str_eq(act_failure(cases[i].options, ARGV("act:both")), expected);
    }
}

/* Wrong is wrong everywhere. */
Test(creation_windows, an_option_that_is_wrong_is_so_before_it_is_unavailable)
{
    brood_spawn_options options = {.fd_count = 1};
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EINVAL options fds is missing");
}

Test(creation_windows, a_group_of_its_own_is_accepted)
{
    brood_spawn_options options = {.set_process_group = true, .err.kind = BROOD_STDOUT};
    cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "onetwothree");
    options =
        (brood_spawn_options){.creation_flags = CREATE_NEW_PROCESS_GROUP, .err.kind = BROOD_STDOUT};
    cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "onetwothree");
    options.set_process_group = true;
    cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "onetwothree");
}

/* Wine 8 starts everything with the normal priority. */
Test(creation_windows, creation_flags_are_passed_on)
{
    static const unsigned classes[] = {BELOW_NORMAL_PRIORITY_CLASS, IDLE_PRIORITY_CLASS,
                                       ABOVE_NORMAL_PRIORITY_CLASS};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        brood_spawn_options options = {.creation_flags = classes[i]};
        brood_result result = act_run(options, ARGV("act:priority"));
        cr_expect_eq(result.returncode, under_wine() ? NORMAL_PRIORITY_CLASS : classes[i]);
        brood_result_free(&result);
    }
}

Test(creation_windows, a_child_without_a_window_of_the_console_runs)
{
    static const unsigned flags[] = {CREATE_NO_WINDOW, DETACHED_PROCESS, CREATE_NEW_CONSOLE};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        brood_spawn_options options = {.creation_flags = flags[i], .err.kind = BROOD_STDOUT};
        cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "onetwothree");
    }
}

Test(creation_windows, a_suspended_child_can_be_killed)
{
    brood_loop *loop = test_loop();
    brood_returncode code = -1000;
    brood_process *process = NULL;
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x"),
                                   .out.kind = BROOD_PIPE,
                                   .creation_flags = CREATE_SUSPENDED};
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    test_settle(loop);
    cr_expect_eq(brood_reader_buffered(brood_process_stdout(process)), 0);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, &code, test_deadline()), 0);
    cr_expect_eq(code, 1);
    cr_expect(brood_reader_at_eof(brood_process_stdout(process)));
    brood_process_close(process);
    test_loop_close(loop);
}

Test(creation_windows, the_first_window_may_be_hidden)
{
    brood_result result = act_run((brood_spawn_options){.hide_window = true}, ARGV("act:window"));
    cr_expect_eq(result.returncode, 256 + SW_HIDE);
    brood_result_free(&result);
    result = act_run((brood_spawn_options){0}, ARGV("act:window"));
    cr_expect_eq(result.returncode, 0);
    brood_result_free(&result);
}
