/* What is run, in which environment and directory, seen from inside the child. */
#include "helpers.h"

SUITE(spawn);

static const brood_spawn_options plain = {0};

Test(spawn, with_an_executable_argv_0_is_only_a_label)
{
    brood_spawn_options options = {.executable = test_child(),
                                   .argv = (const char *const[]){"label", "report", "name", NULL}};
    cr_expect_str_eq(look(options, NULL), "label\n");
}

Test(spawn, the_environment_is_inherited_as_it_is_now)
{
    set_variable("BROOD_TEST_MARK", "early");
    cr_expect_not_null(strstr(look(plain, ARGV("report", "env")), "BROOD_TEST_MARK=early\n"));
    set_variable("BROOD_TEST_MARK", "late");
    cr_expect_not_null(strstr(look(plain, ARGV("report", "env")), "BROOD_TEST_MARK=late\n"));
    set_variable("BROOD_TEST_MARK", NULL);
    cr_expect_null(strstr(look(plain, ARGV("report", "env")), "BROOD_TEST_MARK"));
}

Test(spawn, the_child_starts_in_its_cwd)
{
    scratch_begin();
    brood_spawn_options options = {.cwd = make_folder("sub")};
    char expected[600];
    snprintf(expected, sizeof expected, "%s\n", options.cwd);
    cr_expect_str_eq(look(options, ARGV("report", "cwd")), expected);
    scratch_end();
}

Test(spawn, quoting_appends_all_or_nothing)
{
    brood_buffer line = {0};
    cr_assert_eq(brood_buffer_append(&line, "echo ", 5), 0);
    cr_expect_eq(brood_shell_quote(NULL, &line), BROOD_EINVAL);
    cr_expect_eq(brood_shell_quote("x", NULL), BROOD_EINVAL);
    char word[4096];
    memset(word, '\'', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    for (size_t nth = 1; nth < 4; nth++) {
        test_fail_allocation(nth, true);
        cr_expect_eq(brood_shell_quote(word, &line), BROOD_ENOMEM);
        test_fail_allocation(0, false);
        cr_expect_str_eq(line.data, "echo ");
        cr_expect_eq(line.len, 5);
    }
    cr_expect_eq(brood_shell_quote("a b", &line), 0);
    cr_expect_str_eq(line.data, "echo 'a b'");
    brood_buffer_free(&line);
}
