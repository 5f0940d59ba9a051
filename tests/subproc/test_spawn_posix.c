/* What is run on Unix, with which arguments, environment and directory, seen from
 * inside the child: sh, scripts, and the search in PATH. */
#include "helpers.h"

SUITE(spawn_posix);

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

static const brood_spawn_options plain = {0};

/* ---- arguments ------------------------------------------------------------------- */

Test(spawn_posix, arguments_arrive_as_they_are)
{
    cr_expect_str_eq(look(plain, ARGV("args", "a b", "", "$x", "\"", "*", "\xc3\xa4\xff")),
                     "a b\n\n$x\n\"\n*\n\xc3\xa4\xff\n");
}

Test(spawn_posix, a_shell_line_is_run_by_sh)
{
    cr_expect_str_eq(look((brood_spawn_options){.shell = "echo $0; exit 3"}, NULL), "/bin/sh\n[3]");
}

Test(spawn_posix, another_shell_is_the_executable)
{
    scratch_begin();
    brood_spawn_options options = {.shell = "some words"};
    options.executable = make_file("shell", "#!/bin/sh\necho \"$0,$1,$2,$#\"\n", 0755);
    char expected[128];
    snprintf(expected, sizeof expected, "%s,-c,some words,2\n", options.executable);
    cr_expect_str_eq(look(options, NULL), expected);
    scratch_end();
}

Test(spawn_posix, an_executable_without_a_slash_is_searched_for)
{
    brood_spawn_options options = {.executable = "sh",
                                   .argv = (const char *const[]){"label", "-c", "echo $0", NULL}};
    cr_expect_str_eq(look(options, NULL), "label\n");
}

/* ---- the search -------------------------------------------------------------------- */

/* Scripts called "tool" that print where they lie. */
static void make_tools(void)
{
    scratch_begin();
    cr_assert_eq(mkdir(in_scratch("a"), 0755) | mkdir(in_scratch("b"), 0755) |
                     mkdir(in_scratch("empty"), 0755) | mkdir(in_scratch("locked"), 0755),
                 0);
    make_file("a/tool", "#!/bin/sh\necho a\n", 0755);
    make_file("b/tool", "#!/bin/sh\necho b\n", 0755);
    make_file("tool", "#!/bin/sh\necho here\n", 0755);
    make_file("locked/tool", "#!/bin/sh\necho locked\n", 0644);
}

/* `tool` with this PATH, in which @ stands for the directory of the tools. */
static const char *tool(const char *path, const char *cwd)
{
    char entry[512] = "PATH=";
    for (; *path != '\0'; path++) {
        size_t used = strlen(entry);
        snprintf(entry + used, sizeof entry - used, *path == '@' ? "%s" : "%.1s",
                 *path == '@' ? scratch : path);
    }
    brood_spawn_options options = {.argv = ARGV("tool"), .env = ENV("X=1", entry), .cwd = cwd};
    return look(options, NULL);
}

Test(spawn_posix, the_search_takes_the_first_of_the_childs_path)
{
    make_tools();
    cr_expect_str_eq(tool("@/a:@/b", NULL), "a\n");
    cr_expect_str_eq(tool("@/b:@/a", NULL), "b\n");
    cr_expect_str_eq(tool("@/nowhere:@/empty:@/tool:@/b", NULL), "b\n");
    cr_expect_str_eq(tool("@/b/", NULL), "b\n");
    scratch_end();
}

Test(spawn_posix, relative_directories_count_from_the_childs_cwd)
{
    make_tools();
    cr_expect_str_eq(tool("a", scratch), "a\n");
    cr_expect_str_eq(tool("empty:./b", scratch), "b\n");
    cr_expect_str_eq(tool("../b", in_scratch("a")), "b\n");
    scratch_end();
}

Test(spawn_posix, an_empty_directory_in_the_path_is_the_cwd)
{
    make_tools();
    cr_expect_str_eq(tool("", scratch), "here\n");
    cr_expect_str_eq(tool(":@/a", scratch), "here\n");
    cr_expect_str_eq(tool("@/empty:", scratch), "here\n");
    cr_expect_str_eq(tool("@/empty::@/a", scratch), "here\n");
    scratch_end();
}

Test(spawn_posix, the_search_goes_on_after_a_file_that_may_not_be_run)
{
    make_tools();
    cr_expect_str_eq(tool("@/locked:@/b", NULL), "b\n");
    cr_expect_str_eq(tool("@/locked", NULL), "EACCES exec tool");
    cr_expect_str_eq(tool("@/locked:@/empty", NULL), "EACCES exec tool");
    cr_expect_str_eq(tool("@/empty:@/locked", NULL), "EACCES exec tool");
    cr_expect_str_eq(tool("@/empty:@/nowhere", NULL), "ENOENT exec tool");
    scratch_end();
}

Test(spawn_posix, without_a_path_the_systems_directories_are_searched)
{
    brood_spawn_options options = {.argv = ARGV("sh", "-c", "echo found"), .env = ENV("X=1")};
    cr_expect_str_eq(look(options, NULL), "found\n");
    options.env = ENV(NULL);
    cr_expect_str_eq(look(options, NULL), "found\n");
}

/* ---- environment and directory ----------------------------------------------------- */

Test(spawn_posix, the_environment_is_replaced_as_a_whole)
{
    cr_expect_str_eq(
        look((brood_spawn_options){.env = ENV("B=2", "A=", "B=3")}, ARGV("report", "env")),
        "B=2\nA=\nB=3\n");
    cr_expect_str_eq(look((brood_spawn_options){.env = ENV(NULL)}, ARGV("report", "env")), "");
}

static int spawn_without_environment(void)
{
    clearenv(); /* leaves environ NULL */
    NEED(strcmp(look(plain, ARGV("report", "env")), "") == 0);
    NEED(strcmp(look((brood_spawn_options){.argv = ARGV("sh", "-c", "echo found")}, NULL),
                "found\n") == 0);
    return 0;
}

Test(spawn_posix, a_parent_that_has_cleared_its_environment_gives_an_empty_one)
{
    IN_FORK(spawn_without_environment);
}

Test(spawn_posix, a_relative_program_counts_from_the_childs_cwd)
{
    make_tools();
    brood_spawn_options options = {.argv = ARGV("./tool"), .cwd = in_scratch("b")};
    cr_expect_str_eq(look(options, NULL), "b\n");
    options = (brood_spawn_options){.argv = ARGV("x"), .executable = "a/tool", .cwd = scratch};
    cr_expect_str_eq(look(options, NULL), "a\n");
    scratch_end();
}

/* ---- quoting ------------------------------------------------------------------------ */

Test(spawn_posix, quoted_words_come_through_sh_unchanged)
{
    static const char *const words[] = {
        "",         "plain",
        "a b",      " ",
        "'",        "''",
        "'\"'",     "\"",
        "\\",       "\\'",
        "a'b'c",    "$HOME",
        "`id`",     "$(id)",
        "*",        "?",
        "[a-z]",    "~",
        "#",        "!",
        "!!",       "&",
        "|",        ";",
        "<",        ">",
        "(",        ")",
        "{a,b}",    "a=b",
        "-n",       "--",
        "\t",       "\n",
        "a\nb\n",   "\r",
        "\x01\x7f", "\xc3\xa4\xff",
        "%s%n",     "//",
        "^",        "=",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        brood_buffer line = {0};
        char expected[64];
        cr_assert_eq(brood_shell_quote(test_child(), &line), 0);
        cr_assert_eq(brood_buffer_append(&line, " args ", 6), 0);
        cr_assert_eq(brood_shell_quote(words[i], &line), 0);
        cr_assert_eq(brood_buffer_append(&line, " ", 1), 0);
        cr_assert_eq(brood_shell_quote(words[i], &line), 0);
        snprintf(expected, sizeof expected, "%s\n%s\n", words[i], words[i]);
        cr_expect_str_eq(look((brood_spawn_options){.shell = line.data}, NULL), expected,
                         "word %zu: %s", i, line.data);
        brood_buffer_free(&line);
    }
}
