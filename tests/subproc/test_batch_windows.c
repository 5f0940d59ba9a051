/* Batch files, which cmd.exe runs and whose arguments it reads in its own way: refused, or
 * on request given so that no argument becomes a command. */
#include <stdio.h>

#include "command_windows.h"
#include "helpers_act_windows.h"

SUITE(batch_windows);

static const brood_spawn_options allowed = {.allow_batch = true};

/* Batch files that hand their arguments to the child, which tells them one a line. */
static void make_batch_files(void)
{
    char script[4096];
    snprintf(script, sizeof script, "@\"%s\" args %%*\r\n", test_child());
    folder_begin();
    folder_file("tell.bat", script);
    folder_file("tell.cmd", script);
}

/* ---- refused ------------------------------------------------------------------------- */

static void expect_refused(brood_spawn_options options, const char *const *argv, const char *name)
{
    char expected[300];
    snprintf(expected, sizeof expected, "EINVAL batch %.255s", name);
    cr_expect_str_eq(act_failure(options, argv), expected);
}

static const char *const spellings[] = {"tell.bat",  "TELL.BAT",  "Tell.Bat",      "tell.cmd",
                                        "tell.CMD",  "tell.bat ", "tell.bat.",     "tell.bat. .",
                                        "tell.cmd ", "tell.cmd.", "tell.cmd .. . "};
enum { SPELLINGS = sizeof spellings / sizeof *spellings };

Test(batch_windows, a_batch_file_by_its_path_is_refused)
{
    make_batch_files();
    for (size_t i = 0; i < SPELLINGS; i++) {
        const char *path = in_folder(spellings[i]);
        expect_refused((brood_spawn_options){0}, ARGV(path), path);
        expect_refused((brood_spawn_options){.verbatim_args = true}, ARGV(path), path);
        expect_refused((brood_spawn_options){.executable = path}, ARGV("label"), path);
    }
    folder_end();
}

/* Such a path is taken as it stands: nothing is stripped from its end. */
Test(batch_windows, a_batch_file_by_a_literal_path_is_refused)
{
    make_batch_files();
    for (size_t i = 0; i < SPELLINGS; i++) {
        char path[1024];
        snprintf(path, sizeof path, "\\\\?\\%s", in_folder(spellings[i]));
        expect_refused((brood_spawn_options){0}, ARGV(path), path);
    }
    folder_end();
}

Test(batch_windows, a_batch_file_in_the_path_is_refused)
{
    char path[1024];
    make_batch_files();
    snprintf(path, sizeof path, "PATH=%s", folder());
    brood_spawn_options options = {.env = ARGV(path)};
    for (size_t i = 0; i < SPELLINGS; i++)
        expect_refused(options, ARGV(spellings[i], "x"), spellings[i]);
    folder_end();
}

Test(batch_windows, a_batch_file_in_place_of_the_shell_is_refused_whatever_is_allowed)
{
    make_batch_files();
    const char *path = in_folder("tell.bat");
    brood_spawn_options options = {.shell = "a & echo INJECTED", .executable = path};
    for (int i = 0; i < 2; i++) {
        char expected[512];
        snprintf(expected, sizeof expected, "EINVAL batch %s", path);
        cr_expect_str_eq(act_failure(options, NULL), expected);
        options.allow_batch = true;
    }
    folder_end();
}

Test(batch_windows, more_than_cmd_takes_is_refused)
{
    static char argument[9000];
    memset(argument, 'x', sizeof argument - 1);
    make_batch_files();
    const char *path = in_folder("tell.bat");
    char expected[512];
    snprintf(expected, sizeof expected, "E2BIG exec %s", path);
    cr_expect_str_eq(act_failure((brood_spawn_options){.allow_batch = true}, ARGV(path, argument)),
                     expected);
    folder_end();
}

Test(batch_windows, a_relative_batch_file_is_refused)
{
    make_batch_files();
    brood_spawn_options options = {.cwd = folder()};
    for (size_t i = 0; i < SPELLINGS; i++) {
        char path[64];
        snprintf(path, sizeof path, ".\\%s", spellings[i]);
        expect_refused(options, ARGV(path), path);
        *strchr(path, '\\') = '/';
        expect_refused(options, ARGV(path), path);
    }
    folder_end();
}

Test(batch_windows, a_batch_file_that_is_not_there_is_refused_as_well)
{
    folder_begin();
    const char *path = in_folder("none.bat");
    expect_refused((brood_spawn_options){0}, ARGV(path), path);
    folder_end();
}

/* So that somebody who asks for `npm` hears that it is a batch file. */
Test(batch_windows, a_name_without_extension_may_be_a_batch_files)
{
    char path[1024];
    make_batch_files();
    snprintf(path, sizeof path, "PATH=%s", folder());
    brood_spawn_options options = {.env = ARGV(path)};
    cr_expect_str_eq(act_failure(options, ARGV("tell")), "EINVAL batch tell");
    options.env = NULL;
    snprintf(path, sizeof path, "EINVAL batch %s", in_folder("tell"));
    cr_expect_str_eq(act_failure(options, ARGV(in_folder("tell"))), path);
    folder_end();
}

/* ---- arguments that arrive ----------------------------------------------------------------- */

static const char *const arguments[] = {
    "a",
    "a b",
    "a&echo INJECTED",
    "\"&echo INJECTED&\"",
    "\"&echo INJECTED",
    "&echo INJECTED",
    "&calc.exe",
    "%OS%",
    "\"%OS%\"",
    "%",
    "%%",
    "100%",
    "%~d0",
    "%1",
    "%*",
    "^&",
    "^",
    "^^",
    "|more",
    ">file",
    "<file",
    ">>file 2>&1",
    "(a)",
    ")",
    "!OS!",
    "!",
    "\"",
    "\"\"",
    "\"a\" \"b\"",
    "",
    " ",
    "a,b;c=d",
    "/c",
    "-x",
    "C:\\Program Files\\",
    "a\\",
    "\\",
    "\\\\\"",
    "'",
    "`",
    "~",
    "@",
    "*",
    "\xc3\xa4 \xf0\x9f\x98\x80",
};
enum { ARGUMENTS = sizeof arguments / sizeof *arguments };

/* The cmd.exe of Wine 8 expands variables once more: what it makes of a percent sign shows
 * nothing.  The line that it is given is looked at elsewhere. */
static bool is_readable(const char *argument)
{
    return !under_wine() || strchr(argument, '%') == NULL;
}

Test(batch_windows, every_argument_arrives_as_plain_text)
{
    make_batch_files();
    for (size_t i = 0; i < ARGUMENTS; i++) {
        char expected[256];
        snprintf(expected, sizeof expected, "%s\n", arguments[i]);
        if (is_readable(arguments[i]))
            cr_expect_str_eq(act_text(allowed, ARGV(in_folder("tell.bat"), arguments[i]), NULL),
                             expected, "number %zu", i);
    }
    folder_end();
}

Test(batch_windows, many_arguments_arrive_as_plain_text)
{
    const char *argv[ARGUMENTS + 2] = {NULL};
    char expected[4096] = "";
    size_t count = 1;
    make_batch_files();
    argv[0] = in_folder("tell.cmd");
    for (size_t i = 0; i < ARGUMENTS; i++)
        if (is_readable(arguments[i])) {
            argv[count++] = arguments[i];
            strcat(strcat(expected, arguments[i]), "\n");
        }
    cr_expect_str_eq(act_text(allowed, argv, NULL), expected);
    folder_end();
}

/* ---- the line ------------------------------------------------------------------------------ */

#define CMD "cmd.exe /e:ON /v:OFF /d /c \""

Test(batch_windows, the_line_leaves_cmd_nothing_to_read)
{
    static const struct {
        const char *file, *argv[4], *line;
    } cases[] = {
        {"C:\\x.bat", {"x"}, CMD "\"C:\\x.bat\"\""},
        {"C:\\x.bat", {"x", "a", "-b", "C:/c"}, CMD "\"C:\\x.bat\" a -b C:/c\""},
        {"C:\\a b\\x.bat", {"x"}, CMD "\"C:\\a b\\x.bat\"\""},
        {"C:\\a&b\\x.bat", {"x", "y"}, CMD "\"C:\\a&b\\x.bat\" y\""},
        {"C:\\x.bat", {"x", ""}, CMD "\"C:\\x.bat\" \"\"\""},
        {"C:\\x.bat", {"x", "a b"}, CMD "\"C:\\x.bat\" \"a b\"\""},
        {"C:\\x.bat", {"x", "a&b"}, CMD "\"C:\\x.bat\" \"a&b\"\""},
        {"C:\\x.bat", {"x", "a\"b"}, CMD "\"C:\\x.bat\" \"a\"\"b\"\""},
        {"C:\\x.bat", {"x", "\"&echo x&\""}, CMD "\"C:\\x.bat\" \"\"\"&echo x&\"\"\"\""},
        {"C:\\x.bat", {"x", "\""}, CMD "\"C:\\x.bat\" \"\"\"\"\""},
        {"C:\\x.bat", {"x", "%"}, CMD "\"C:\\x.bat\" \"%%cd:~,%\"\""},
        {"C:\\x.bat", {"x", "%OS%"}, CMD "\"C:\\x.bat\" \"%%cd:~,%OS%%cd:~,%\"\""},
        {"C:\\x.bat", {"x", "\"%OS%\""}, CMD "\"C:\\x.bat\" \"\"\"%%cd:~,%OS%%cd:~,%\"\"\"\""},
        {"C:\\%a%.bat", {"x"}, CMD "\"C:\\%%cd:~,%a%%cd:~,%.bat\"\""},
        {"C:\\x.bat", {"x", "^"}, CMD "\"C:\\x.bat\" \"^\"\""},
        {"C:\\x.bat", {"x", "!a!"}, CMD "\"C:\\x.bat\" \"!a!\"\""},
        {"C:\\x.bat", {"x", "|", "<", ">"}, CMD "\"C:\\x.bat\" \"|\" \"<\" \">\"\""},
        {"C:\\x.bat", {"x", "a,b", ";", "="}, CMD "\"C:\\x.bat\" \"a,b\" \";\" \"=\"\""},
        {"C:\\x.bat", {"x", "a\\"}, CMD "\"C:\\x.bat\" \"a\\\\\"\""},
        {"C:\\x.bat", {"x", "a b\\\\"}, CMD "\"C:\\x.bat\" \"a b\\\\\\\\\"\""},
        {"C:\\x.bat", {"x", "\\\""}, CMD "\"C:\\x.bat\" \"\\\\\"\"\"\""},
        {"C:\\x.bat", {"x", "\xc3\xa4"}, CMD "\"C:\\x.bat\" \"\xc3\xa4\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *argv[5] = {NULL}, *bad = "";
        brood_buffer line = {0};
        memcpy(argv, cases[i].argv, sizeof cases[i].argv);
        cr_expect_eq(brood__command_join_batch(cases[i].file, argv, &line, &bad), 0);
        cr_expect_str_eq(line.data, cases[i].line, "number %zu", i);
        brood_buffer_free(&line);
    }
}

/* Every character of ASCII that is not known to be harmless stands between quotes. */
Test(batch_windows, what_cmd_might_read_is_always_in_quotes)
{
    for (char character = 1; character < 127; character++) {
        char text[] = {'a', character, 'b', '\0'};
        const char *bad = "";
        brood_buffer line = {0};
        bool harmless =
            (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
            (character >= 'a' && character <= 'z') || strchr("#$*+-./:?@\\_", character) != NULL;
        int error = brood__command_join_batch("x.bat", ARGV("x", text), &line, &bad);
        if (character == '\r' || character == '\n')
            cr_expect(error == BROOD_EINVAL && bad == text);
        else
            cr_expect(error == 0 && (strstr(line.data, " \"a") == NULL) == harmless, "%s",
                      line.data);
        brood_buffer_free(&line);
    }
}

Test(batch_windows, a_line_end_in_an_argument_is_refused)
{
    static const char *const bad[] = {"\n", "\r", "\r\n", "a\nb", "a b\r", "\"\n\"&echo INJECTED"};
    make_batch_files();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(allowed, ARGV(in_folder("tell.bat"), "x", bad[i], "y"), bad[i]);
    folder_end();
}

Test(batch_windows, a_name_that_cannot_be_one_is_refused)
{
    static const char *const names[] = {"a\".bat", "\"", "a\\", "a\n.bat"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *bad = NULL;
        brood_buffer line = {0};
        cr_expect_eq(brood__command_join_batch(names[i], ARGV("x"), &line, &bad), BROOD_EINVAL);
        cr_expect_eq(bad, names[i]);
        brood_buffer_free(&line);
    }
}

/* ---- which file is run --------------------------------------------------------------------- */

Test(batch_windows, however_it_is_spelled_it_runs)
{
    char path[1024];
    make_batch_files();
    snprintf(path, sizeof path, "PATH=%s", folder());
    brood_spawn_options in_path = {.allow_batch = true, .env = ARGV(path)};
    for (size_t i = 0; i < SPELLINGS; i++) {
        cr_expect_str_eq(act_text(allowed, ARGV(in_folder(spellings[i]), "a&b"), NULL), "a&b\n");
        cr_expect_str_eq(act_text(in_path, ARGV(spellings[i], "a&b"), NULL), "a&b\n");
    }
    cr_expect_str_eq(act_text(in_path, ARGV("tell", "a&b"), NULL), "a&b\n");
    cr_expect_str_eq(act_text(allowed, ARGV(in_folder("tell"), "a&b"), NULL), "a&b\n");
    in_path.executable = "tell";
    cr_expect_str_eq(act_text(in_path, ARGV("a \"label\"", "a&b"), NULL), "a&b\n");
    brood_spawn_options relative = {.allow_batch = true, .cwd = folder()};
    cr_expect_str_eq(act_text(relative, ARGV(".\\tell.bat", "a&b"), NULL), "a&b\n");
    folder_end();
}

Test(batch_windows, a_program_is_preferred_to_a_batch_file)
{
    make_batch_files();
    folder_act("tell.exe");
    cr_expect_str_eq(act_text(allowed, ARGV("act:path"), NULL), act_program());
    brood_spawn_options options = {.allow_batch = true, .executable = in_folder("tell")};
    cr_expect_str_eq(act_text(options, ARGV("act:path"), NULL), in_folder("tell.exe"));
    folder_end();
}

Test(batch_windows, a_folder_may_have_any_name)
{
    static const char *const names[] = {"a b",     "a&b", "a^b", "(a)",
                                        "a;b,c=d", "!a!", "a'b", "\xc3\xa4"};
    char script[4096], file[64];
    make_batch_files();
    snprintf(script, sizeof script, "@\"%s\" args %%*\r\n", test_child());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        folder_make(names[i]);
        snprintf(file, sizeof file, "%s\\x y.bat", names[i]);
        const char *path = folder_file(file, script);
        cr_expect_str_eq(act_text(allowed, ARGV(path), NULL), "", "%s", path);
        cr_expect_str_eq(act_text(allowed, ARGV(path, "a", "b c"), NULL), "a\nb c\n", "%s", path);
    }
    folder_end();
}

Test(batch_windows, its_code_is_that_of_the_file)
{
    folder_begin();
    const char *path = folder_file("seven.bat", "@exit 7\r\n");
    brood_result result = act_run(allowed, ARGV(path));
    cr_expect_eq(result.returncode, 7);
    brood_result_free(&result);
    folder_end();
}

/* Whatever %COMSPEC% says: only the system's own is known to read the line so. */
Test(batch_windows, the_systems_own_shell_runs_it)
{
    make_batch_files();
    SetEnvironmentVariableW(L"COMSPEC", wide(test_child()));
    cr_expect_str_eq(act_text(allowed, ARGV(in_folder("tell.bat"), "a b"), NULL), "a b\n");
    SetEnvironmentVariableW(L"COMSPEC", NULL);
    cr_expect_str_eq(act_text(allowed, ARGV(in_folder("tell.bat"), "a b"), NULL), "a b\n");
    folder_end();
}

Test(batch_windows, a_line_that_is_too_long_is_refused)
{
    static char quotes[20001];
    make_batch_files();
    memset(quotes, '"', sizeof quotes - 1);
    const char *failure = act_failure(allowed, ARGV(in_folder("tell.bat"), quotes));
    cr_expect(strncmp(failure, "E2BIG exec ", 11) == 0, "%s", failure);
    folder_end();
}
