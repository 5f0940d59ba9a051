/* Which file is executed, and in which folder. */
#include <stdio.h>

#include "helpers_act_windows.h"

SUITE(program_windows);

static const brood_spawn_options plain = {0};

/* The path of the program that ran, or why none did. */
static const char *ran(const char *file, const char *path, const char *cwd)
{
    static char seen[4096];
    char entry[2048];
    snprintf(entry, sizeof entry, "PATH=%s", path != NULL ? path : "");
    const char *const *env = ARGV("A=1", entry);
    brood_spawn_options options = {
        .executable = file, .cwd = cwd, .env = path != NULL ? env : NULL};
    const char *failure = act_failure(options, ARGV("act:path"));
    snprintf(seen, sizeof seen, "%s",
             strcmp(failure, "started") == 0 ? act_text(options, ARGV("act:path"), NULL) : failure);
    return seen;
}

static const char *missing(const char *file)
{
    static char expected[300];
    snprintf(expected, sizeof expected, "ENOENT exec %.255s", file);
    return expected;
}

/* The format, in which @ stands for the folder. */
static const char *list(const char *format)
{
    static char text[4096];
    text[0] = '\0';
    for (; *format != '\0'; format++)
        snprintf(text + strlen(text), sizeof text - strlen(text), *format == '@' ? "%s" : "%.1s",
                 *format == '@' ? folder() : format);
    return text;
}

/* ---- the search ------------------------------------------------------------------------ */

Test(program_windows, what_lies_beside_this_program_is_found_first)
{
    char name[512];
    const char *own = strrchr(act_program(), '\\') + 1;
    snprintf(name, sizeof name, "%s", own);
    folder_begin();
    folder_act(own);
    cr_expect_str_eq(ran(name, folder(), NULL), act_program());
    *strrchr(name, '.') = '\0';
    cr_expect_str_eq(ran(name, folder(), NULL), act_program());
    cr_expect_str_eq(ran(name, "", NULL), act_program());
    cr_expect_str_eq(act_text(plain, ARGV("child", "out", "x"), NULL), "x");
    folder_end();
}

Test(program_windows, the_systems_folder_is_searched_before_the_path)
{
    folder_begin();
    folder_act("cmd.exe");
    char path[2048];
    snprintf(path, sizeof path, "PATH=%s", folder());
    brood_spawn_options options = {.env = ARGV(path)};
    cr_expect_str_eq(act_text(options, ARGV("cmd", "/d", "/c", "echo x"), NULL), "x\r\n");
    cr_expect_str_eq(act_text(options, ARGV("CMD.EXE", "/d", "/c", "echo x"), NULL), "x\r\n");
    folder_end();
}

Test(program_windows, the_path_of_the_child_counts)
{
    folder_begin();
    folder_make("one");
    folder_make("two");
    folder_make("a b \xc3\xa4");
    folder_act("one\\tool.exe");
    folder_act("two\\tool.exe");
    folder_act("a b \xc3\xa4\\tool.exe");
    cr_expect_str_eq(ran("tool", list("@\\one;@\\two"), NULL), in_folder("one\\tool.exe"));
    cr_expect_str_eq(ran("tool", list("@\\two;@\\one"), NULL), in_folder("two\\tool.exe"));
    cr_expect_str_eq(ran("tool", list("@\\none;@;@\\two\\"), NULL), in_folder("two\\tool.exe"));
    cr_expect_str_eq(ran("tool", list("@/one"), NULL), in_folder("one\\tool.exe"));
    cr_expect_str_eq(ran("tool", list(";;@\\one;"), NULL), in_folder("one\\tool.exe"));
    cr_expect_str_eq(ran("tool", list("\"@\\one\""), NULL), in_folder("one\\tool.exe"));
    cr_expect_str_eq(ran("tool", list("\"\";\"@\\two\";@\\one"), NULL), in_folder("two\\tool.exe"));
    folder_make("a;b");
    folder_act("a;b\\other.exe");
    cr_expect_str_eq(ran("other", list("\"@\\a;b\";@\\one"), NULL), in_folder("a;b\\other.exe"));
    cr_expect_str_eq(ran("tool", list("@\\a b \xc3\xa4"), NULL),
                     in_folder("a b \xc3\xa4\\tool.exe"));
    cr_expect_str_eq(ran("tool", "", NULL), missing("tool"));
    cr_expect_str_eq(ran("tool", ";", NULL), missing("tool"));
    cr_expect_str_eq(ran("tool", "\"", NULL), missing("tool"));
    folder_end();
}

Test(program_windows, the_path_may_have_any_case_or_be_inherited)
{
    folder_begin();
    folder_act("tool.exe");
    char entry[2048];
    snprintf(entry, sizeof entry, "Path=%s", folder());
    brood_spawn_options options = {.executable = "tool", .env = ARGV("A=1", entry)};
    cr_expect_str_eq(act_text(options, ARGV("act:path"), NULL), in_folder("tool.exe"));
    SetEnvironmentVariableW(L"PATH", wide(folder()));
    cr_expect_str_eq(ran("tool", NULL, NULL), in_folder("tool.exe"));
    cr_expect_str_eq(ran("tool", "", NULL), missing("tool"));
    SetEnvironmentVariableW(L"PATH", NULL);
    cr_expect_str_eq(ran("tool", NULL, NULL), missing("tool"));
    options = (brood_spawn_options){.executable = "tool", .env = ARGV("A=1")};
    cr_expect_str_eq(act_failure(options, ARGV("act:path")), missing("tool"));
    folder_end();
}

Test(program_windows, the_current_folder_is_not_searched)
{
    wchar_t before[MAX_PATH];
    folder_begin();
    folder_act("tool.exe");
    cr_assert_gt(GetCurrentDirectoryW(MAX_PATH, before), 0);
    cr_assert(SetCurrentDirectoryW(wide(folder())));
    cr_expect_str_eq(ran("tool", "", NULL), missing("tool"));
    cr_expect_str_eq(ran("tool.exe", ";;", NULL), missing("tool.exe"));
    cr_expect_str_eq(ran("tool", NULL, NULL), missing("tool"));
    cr_expect_str_eq(ran("tool", "", folder()), missing("tool"));
    cr_expect_str_eq(ran(".\\tool", "", NULL), in_folder("tool.exe"));
    cr_assert(SetCurrentDirectoryW(before));
    folder_end();
}

/* ---- extensions -------------------------------------------------------------------------- */

Test(program_windows, a_name_without_extension_gets_one)
{
    folder_begin();
    folder_act("bare");
    cr_expect_str_eq(ran("bare", folder(), NULL), in_folder("bare"));
    cr_expect_str_eq(ran(in_folder("bare"), NULL, NULL), in_folder("bare"));
    folder_act("bare.com");
    cr_expect_str_eq(ran("bare", folder(), NULL), in_folder("bare.com"));
    folder_act("bare.exe");
    cr_expect_str_eq(ran("bare", folder(), NULL), in_folder("bare.exe"));
    cr_expect_str_eq(ran(in_folder("bare"), NULL, NULL), in_folder("bare.exe"));
    cr_expect_str_eq(ran("bare.com", folder(), NULL), in_folder("bare.com"));
    folder_end();
}

Test(program_windows, a_name_with_a_dot_is_taken_as_it_is_first)
{
    folder_begin();
    folder_act("tool.v2.exe");
    cr_expect_str_eq(ran("tool.v2", folder(), NULL), in_folder("tool.v2.exe"));
    cr_expect_str_eq(ran(in_folder("tool.v2"), NULL, NULL), in_folder("tool.v2.exe"));
    folder_act("tool.v2");
    cr_expect_str_eq(ran("tool.v2", folder(), NULL), in_folder("tool.v2"));
    folder_make("a.b");
    folder_act("a.b\\x.exe");
    cr_expect_str_eq(ran(in_folder("a.b\\x"), NULL, NULL), in_folder("a.b\\x.exe"));
    folder_end();
}

/* ---- paths --------------------------------------------------------------------------------- */

Test(program_windows, a_relative_path_counts_from_the_childs_folder)
{
    folder_begin();
    folder_make("sub");
    folder_act("sub\\tool.exe");
    cr_expect_str_eq(ran("sub\\tool.exe", NULL, folder()), in_folder("sub\\tool.exe"));
    cr_expect_str_eq(ran("sub/tool", NULL, folder()), in_folder("sub\\tool.exe"));
    cr_expect_str_eq(ran(".\\tool", NULL, in_folder("sub")), in_folder("sub\\tool.exe"));
    cr_expect_str_eq(ran("..\\sub\\tool", NULL, in_folder("sub")), in_folder("sub\\tool.exe"));
    cr_expect_str_eq(ran("sub\\tool", NULL, list("@\\")), in_folder("sub\\tool.exe"));
    cr_expect_str_eq(ran(".\\tool", NULL, folder()), missing(".\\tool"));
    cr_expect_str_eq(ran("sub\\tool", NULL, NULL), missing("sub\\tool"));
    folder_end();
}

Test(program_windows, paths_may_have_blanks_and_any_letters)
{
    static const char *const names[] = {"a b.exe", "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x98\x80.exe",
                                        "a&b^(c)%d%.exe", "it's.exe", " x.exe"};
    folder_begin();
    folder_make("Program Files");
    folder_act("Program.exe"); /* is not what is meant */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[128];
        snprintf(name, sizeof name, "Program Files\\%s", names[i]);
        folder_act(name);
        cr_expect_str_eq(ran(in_folder(name), NULL, NULL), in_folder(name));
        cr_expect_str_eq(ran(name, NULL, folder()), in_folder(name));
    }
    folder_end();
}

Test(program_windows, with_an_executable_the_name_is_only_a_label)
{
    brood_spawn_options options = {.executable = test_child()};
    cr_expect_str_eq(act_text(options, ARGV("a label \xc3\xa4", "report", "name"), NULL),
                     "a label \xc3\xa4\n");
    cr_expect_str_eq(act_text(options, ARGV("", "report", "name"), NULL), "\n");
}

/* ---- what cannot be run --------------------------------------------------------------------- */

static void expect_failure(const char *code, const char *file)
{
    char expected[300];
    snprintf(expected, sizeof expected, "%s exec %.255s", code, file);
    cr_expect_str_eq(act_failure(plain, ARGV(file, "x")), expected);
}

Test(program_windows, what_cannot_be_run_is_told)
{
    folder_begin();
    expect_failure("ENOENT", in_folder("nothing"));
    expect_failure("ENOENT", in_folder("nothing.exe"));
    expect_failure("ENOENT", in_folder("no\\folder\\x.exe"));
    expect_failure("ENOENT", "brood-has-no-such-program");
    expect_failure("ENOENT", "");
    expect_failure("ENOENT", ".\\brood-has-no-such-program");
    expect_failure("EACCES", folder());
    expect_failure("EACCES", list("@\\"));
    expect_failure("ENOEXEC", folder_file("text.exe", "This is a text, and no program.\r\n"));
    expect_failure("ENOEXEC", folder_file("notes.txt", "#!/bin/sh\nexit 0\n"));
    folder_end();
}

/* ---- the child's folder ----------------------------------------------------------------------- */

Test(program_windows, the_child_starts_in_its_folder)
{
    folder_begin();
    const char *place = folder_make("a b \xc3\xa4\xf0\x9f\x98\x80");
    brood_spawn_options options = {.cwd = place};
    cr_expect_str_eq(act_text(options, ARGV("act:cwd"), NULL), place);
    folder_end();
}

Test(program_windows, a_folder_that_is_none_is_told)
{
    char expected[600];
    folder_begin();
    brood_spawn_options options = {.cwd = in_folder("nowhere")};
    snprintf(expected, sizeof expected, "ENOENT chdir %s", in_folder("nowhere"));
    cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), expected);
    options.cwd = in_folder("no\\where");
    snprintf(expected, sizeof expected, "ENOENT chdir %s", in_folder("no\\where"));
    cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), expected);
    options.cwd = folder_file("file", "text");
    snprintf(expected, sizeof expected, "ENOTDIR chdir %s", in_folder("file"));
    cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), expected);
    options.cwd = "";
    cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), "ENOENT chdir ");
    options.cwd = "\xff";
    cr_expect_str_eq(act_failure(options, ARGV("act:cwd")), "EINVAL chdir \xff");
    folder_end();
}

/* ---- the shell -------------------------------------------------------------------------------- */

static brood_returncode shell(const char *command, const char *expected)
{
    brood_result result = act_run((brood_spawn_options){.shell = command}, NULL);
    brood_returncode code = result.returncode;
    cr_expect_str_eq(result.out.data != NULL ? result.out.data : "", expected, "%s", command);
    brood_result_free(&result);
    return code;
}

Test(program_windows, a_shell_line_is_run_by_the_shell)
{
    cr_expect_eq(shell("echo hello& exit 3", "hello\r\n"), 3);
    cr_expect_eq(shell("echo \"a b\"", "\"a b\"\r\n"), 0);
    cr_expect_eq(shell("if 1==1 (echo yes) else (echo no)", "yes\r\n"), 0);
    char command[1024];
    snprintf(command, sizeof command, "\"%s\" args \"a b\" c", test_child());
    cr_expect_eq(shell(command, "a b\nc\n"), 0);
}

Test(program_windows, what_the_shell_would_not_take_is_refused)
{
    static char line[9000];
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "echo ", 5);
    cr_expect_str_eq(act_failure((brood_spawn_options){.shell = line}, NULL),
                     "E2BIG exec %COMSPEC%");
    cr_expect_str_eq(act_failure((brood_spawn_options){.shell = "echo a\necho b"}, NULL),
                     "EINVAL options shell");
    cr_expect_str_eq(act_failure((brood_spawn_options){.shell = "echo \xff"}, NULL),
                     "EINVAL options echo \xff");
}

Test(program_windows, the_names_of_folders_are_no_programs)
{
    static const char *const names[] = {".", "..", "...", " .. "};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_str_eq(act_failure(plain, ARGV(names[i])), missing(names[i]));
}

/* The child knows no command "/d". */
Test(program_windows, COMSPEC_names_the_shell)
{
    brood_spawn_options options = {.shell = "echo x"};
    SetEnvironmentVariableW(L"COMSPEC", wide(test_child()));
    cr_expect_eq(shell("echo x", ""), 120);
    SetEnvironmentVariableW(L"COMSPEC", L"C:\\nowhere\\shell.exe");
    cr_expect_str_eq(act_failure(options, NULL), "ENOENT exec %COMSPEC%");
    SetEnvironmentVariableW(L"COMSPEC", L"child.exe");
    cr_expect_eq(shell("echo x", "x\r\n"), 0);
    SetEnvironmentVariableW(L"COMSPEC", NULL);
    cr_expect_eq(shell("echo x", "x\r\n"), 0);
}

Test(program_windows, another_shell_is_the_executable)
{
    folder_begin();
    brood_spawn_options options = {.shell = "a \"b\" %c%",
                                   .executable = folder_act("act_line.exe")};
    cr_expect_str_eq(act_text(options, NULL, NULL), "cmd.exe /d /s /c \"a \"b\" %c%\"");
    folder_end();
}
