/* The one string that a child gets, and what the child makes of it: every argument comes
 * back as it was given. */
#include <stdio.h>

#include "command_windows.h"
#include "helpers_act_windows.h"
#include "memory.h"

#include <shellapi.h>

SUITE(arguments_windows);

static const brood_spawn_options plain = {0};

enum { LINE_MAX_UNITS = 32766 };

static const char *const hostile[] = {
    /* nothing, and what separates */
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\v",
    "\f",
    "\r\n",
    "a b",
    " a",
    "a ",
    "a\tb",
    "a\nb",
    "a\vb",
    "\n\n",
    /* quotes */
    "\"",
    "\"\"",
    "\"\"\"",
    "\"\"\"\"",
    "\"a\"",
    "a\"b",
    "a\"",
    "\"a",
    "a\" \"b",
    "\" \"",
    "''",
    "'a b'",
    "`",
    /* backslashes */
    "\\",
    "\\\\",
    "\\\\\\",
    "a\\",
    "a\\\\",
    "\\a",
    "a\\b",
    "a\\\\b",
    "C:\\Program Files\\",
    "C:\\Program Files\\\\",
    "\\\\server\\share\\",
    " \\",
    "\\ ",
    "a \\\\",
    "\\\\ \\\\",
    /* both */
    "\\\"",
    "\\\\\"",
    "\\\\\\\"",
    "\"\\",
    "\"\\\"",
    "\"\\\\\"",
    "\"\\\\\\\"",
    "\\\"\\",
    "a\\\"b",
    "a\\\\\"b c",
    "a b\\\"",
    "a b\"\\\\",
    "\\\"\\\"\\\"",
    "\"\\\"\\\\\"\\\\\\\"",
    /* what shells know */
    "%",
    "%%",
    "%OS%",
    "\"%PATH%\"",
    "^",
    "^^",
    "^&",
    "&",
    "&&",
    "|",
    "||",
    "<",
    ">",
    "(",
    ")",
    "!",
    "!OS!",
    "a&b|c<d>e(f)g^h",
    "$HOME",
    "$(id)",
    "*",
    "*.*",
    "?",
    "[a-z]",
    "~",
    ";",
    ",",
    "=",
    "@",
    "@file",
    "#",
    /* options */
    "-",
    "--",
    "-x",
    "--name=a b",
    "/c",
    "/?",
    /* Unicode */
    "\xc3\xa4\xc3\xb6\xc3\xbc",
    "e\xcc\x81",
    "\xe2\x82\xac",
    "\xe6\xbc\xa2 \xe5\xad\x97",
    "\xf0\x9f\x98\x80",
    "a \xf0\x9f\x98\x80\" \xf0\x90\x8d\x88\\",
    "\xf4\x8f\xbf\xbf",
    "\xe2\x80\xa8",
    "\xe2\x80\x9c quoted \xe2\x80\x9d",
    "\xef\xbb\xbf",
    "\xc2\xa0",
    "\xe3\x80\x80",
    "\x01\x02\x1f\x7f",
};
enum { HOSTILE = sizeof hostile / sizeof *hostile };

/* ---- the C runtime -------------------------------------------------------------------- */

static char *with_newline(const char *text)
{
    static char lines[40000];
    snprintf(lines, sizeof lines, "%s\n", text);
    return lines;
}

Test(arguments_windows, each_alone_is_the_same_in_a_child)
{
    for (size_t i = 0; i < HOSTILE; i++)
        cr_expect_str_eq(act_text(plain, ARGV(test_child(), "args", hostile[i]), NULL),
                         with_newline(hostile[i]), "number %zu", i);
}

Test(arguments_windows, many_at_once_are_the_same_in_a_child)
{
    const char *argv[HOSTILE + 3] = {test_child(), "args"};
    char expected[4096] = "";
    for (size_t i = 0; i < HOSTILE; i++) {
        argv[i + 2] = hostile[i];
        strcat(expected, with_newline(hostile[i]));
    }
    cr_expect_str_eq(act_text(plain, argv, NULL), expected);
}

Test(arguments_windows, long_ones_are_the_same_in_a_child)
{
    static char text[30001];
    static const size_t lengths[] = {8191, 8192, 8193, 30000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (size_t at = 0; at < lengths[i]; at++)
            text[at] = "abc\\defg"[at % 8];
        text[lengths[i]] = '\0';
        cr_expect_str_eq(act_text(plain, ARGV(test_child(), "args", text), NULL),
                         with_newline(text), "%zu characters", lengths[i]);
    }
    /* 14,000 backslashes before a quote become 28,001. */
    memset(text, '\\', 14000);
    strcpy(text + 14000, "\"");
    cr_expect_str_eq(act_text(plain, ARGV(test_child(), "args", text), NULL), with_newline(text));
}

/* ---- CommandLineToArgvW ------------------------------------------------------------------ */

static void expect_parsed(const char *const *argv)
{
    static wchar_t line[LINE_MAX_UNITS + 1];
    brood_buffer joined = {0};
    cr_assert_eq(brood__command_join(argv, &joined), 0);
    cr_assert_gt(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, joined.data, -1, line,
                                     LINE_MAX_UNITS + 1),
                 0);
    int argc = 0, i = 0;
    wchar_t **parsed = CommandLineToArgvW(line, &argc);
    for (; argv[i] != NULL && i < argc; i++)
        cr_expect(wcscmp(parsed[i], wide(argv[i])) == 0, "%s of %s", argv[i], joined.data);
    cr_expect(argv[i] == NULL && i == argc, "%d arguments of %s", argc, joined.data);
    LocalFree(parsed);
    brood_buffer_free(&joined);
}

Test(arguments_windows, the_shells_function_reads_them_the_same)
{
    for (size_t i = 0; i < HOSTILE; i++) {
        expect_parsed(ARGV("a program", hostile[i]));
        expect_parsed(ARGV("", hostile[i], "x", hostile[i]));
        for (size_t next = 0; next < HOSTILE; next++)
            expect_parsed(ARGV("C:\\x\\", hostile[i], hostile[next]));
    }
}

Test(arguments_windows, the_shells_function_reads_them_the_same_in_a_child)
{
    const char *argv[HOSTILE + 2] = {"act:arguments"};
    for (size_t i = 0; i < HOSTILE; i++)
        argv[i + 1] = hostile[i];
    size_t len, i = 0;
    const char *text = act_text(plain, argv, &len), *end = text + len;
    for (; text < end && argv[i] != NULL; i++, text += strlen(text) + 1)
        cr_expect_str_eq(text, argv[i], "number %zu", i);
    cr_expect(text == end && argv[i] == NULL);
}

/* ---- what is refused ----------------------------------------------------------------------- */

Test(arguments_windows, a_name_with_a_quote_is_refused)
{
    static const char *const names[] = {"a\"b", "\"", "\"act\"", "act:line\""};
    brood_spawn_options options = {.executable = act_program()};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_str_eq(act_failure(options, ARGV(names[i], "x")), "EINVAL options argv");
}

Test(arguments_windows, text_that_is_no_utf8_is_refused)
{
    static const char *const bad[] = {"\xff",         "a\x80",        "\xc3",
                                      "\xc3(",        "\xe2\x82",     "\xc0\xaf",
                                      "\xed\xa0\x80", "\xed\xb0\x80", "\xf4\x90\x80\x80",
                                      "\xfe",         "\xf8\x88"};
    brood_spawn_options options = {.executable = act_program()};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "EINVAL options %s", bad[i]);
        const char *failure = act_failure(options, ARGV("act:line", "x", bad[i]));
        cr_expect_str_eq(failure, expected, "number %zu", i);
        failure = act_failure(plain, ARGV(bad[i]));
        cr_expect(strncmp(failure, "EINVAL exec ", 12) == 0, "name %zu: %s", i, failure);
        options.verbatim_args = !options.verbatim_args;
    }
}

/* "act:line" in quotes, a blank, and an argument that makes up the rest. */
static const char *line_of(size_t units, const char *end, size_t units_of_end)
{
    static char argument[LINE_MAX_UNITS + 64];
    size_t count = units - strlen("\"act:line\" ") - units_of_end;
    memset(argument, 'x', count);
    strcpy(argument + count, end);
    return argument;
}

Test(arguments_windows, a_line_of_the_greatest_length_arrives_whole)
{
    static const char smile[] = "\xf0\x9f\x98\x80"; /* two units */
    size_t len;
    const char *argument = line_of(LINE_MAX_UNITS, "", 0);
    const char *text = act_text(plain, ARGV("act:line", argument), &len);
    cr_expect_eq(len, LINE_MAX_UNITS);
    cr_expect_str_eq(text + strlen("\"act:line\" "), argument);
    argument = line_of(LINE_MAX_UNITS, smile, 2);
    text = act_text(plain, ARGV("act:line", argument), &len);
    cr_expect_eq(len, LINE_MAX_UNITS + 2);
    cr_expect_str_eq(text + strlen("\"act:line\" "), argument);
}

Test(arguments_windows, a_longer_line_is_refused)
{
    char expected[1024];
    snprintf(expected, sizeof expected, "E2BIG exec %.255s", act_program());
    for (size_t more = 1; more < 40; more += 19) {
        const char *argument = line_of(LINE_MAX_UNITS + more, "", 0);
        cr_expect_str_eq(act_failure(plain, ARGV("act:line", argument)), expected);
        cr_expect_str_eq(act_failure((brood_spawn_options){.verbatim_args = true},
                                     ARGV("act:line", "1", argument)),
                         expected);
    }
    static char quotes[LINE_MAX_UNITS / 2 + 1];
    memset(quotes, '"', sizeof quotes - 1);
    cr_expect_str_eq(act_failure(plain, ARGV("act:line", quotes)), expected);
    cr_expect_str_eq(
        act_failure(plain, ARGV("act:line", line_of(LINE_MAX_UNITS, "\xf0\x9f\x98\x80", 1))),
        expected);
}

/* ---- verbatim --------------------------------------------------------------------------------- */

Test(arguments_windows, verbatim_arguments_are_the_line_as_it_stands)
{
    brood_spawn_options options = {.verbatim_args = true};
    cr_expect_str_eq(act_text(options, ARGV("act:line", "a\"b", "", "c  d", "\\\"", " e\t"), NULL),
                     "act:line a\"b  c  d \\\"  e\t");
    cr_expect_str_eq(act_text(options, ARGV("act:line"), NULL), "act:line");
    cr_expect_str_eq(act_text(options, ARGV("act:line", "/x:\"a b\" \xf0\x9f\x98\x80"), NULL),
                     "act:line /x:\"a b\" \xf0\x9f\x98\x80");
    options.executable = act_program();
    cr_expect_str_eq(act_text(options, ARGV("\"act:line\"", "x"), NULL), "\"act:line\" x");
}

/* ---- the functions by themselves ----------------------------------------------------------------- */

Test(arguments_windows, lines_are_as_the_rules_of_the_c_runtime_say)
{
    static const struct {
        const char *argv[5], *line;
    } cases[] = {
        {{"p"}, "\"p\""},
        {{""}, "\"\""},
        {{"C:\\a b\\p.exe"}, "\"C:\\a b\\p.exe\""},
        {{"C:\\"}, "\"C:\\\""},
        {{"p", "a", "b"}, "\"p\" a b"},
        {{"p", ""}, "\"p\" \"\""},
        {{"p", "", ""}, "\"p\" \"\" \"\""},
        {{"p", "a b"}, "\"p\" \"a b\""},
        {{"p", "\t"}, "\"p\" \"\t\""},
        {{"p", "\n"}, "\"p\" \"\n\""},
        {{"p", "\v"}, "\"p\" \"\v\""},
        {{"p", "\r"}, "\"p\" \r"},
        {{"p", "\""}, "\"p\" \"\\\"\""},
        {{"p", "\"\""}, "\"p\" \"\\\"\\\"\""},
        {{"p", "\\"}, "\"p\" \\"},
        {{"p", "a\\b"}, "\"p\" a\\b"},
        {{"p", "a\\"}, "\"p\" a\\"},
        {{"p", "a b\\"}, "\"p\" \"a b\\\\\""},
        {{"p", "a b\\\\"}, "\"p\" \"a b\\\\\\\\\""},
        {{"p", "a \\b"}, "\"p\" \"a \\b\""},
        {{"p", "\\\""}, "\"p\" \"\\\\\\\"\""},
        {{"p", "\\\\\""}, "\"p\" \"\\\\\\\\\\\"\""},
        {{"p", "\"\\"}, "\"p\" \"\\\"\\\\\""},
        {{"p", "%OS%&^|"}, "\"p\" %OS%&^|"},
        {{"p", "-x", "a b", "\"", "\\"}, "\"p\" -x \"a b\" \"\\\"\" \\"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *argv[6] = {0};
        brood_buffer line = {0};
        memcpy(argv, cases[i].argv, sizeof cases[i].argv);
        cr_expect_eq(brood__command_join(argv, &line), 0);
        cr_expect_str_eq(line.data, cases[i].line, "number %zu", i);
        brood_buffer_free(&line);
    }
}

Test(arguments_windows, a_shells_line_is_the_command_in_quotes)
{
    static const struct {
        const char *command, *line;
    } cases[] = {
        {"", "cmd.exe /d /s /c \"\""},
        {"dir", "cmd.exe /d /s /c \"dir\""},
        {"\"a b\" & echo \"c\"", "cmd.exe /d /s /c \"\"a b\" & echo \"c\"\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        brood_buffer line = {0};
        cr_expect_eq(brood__command_shell(cases[i].command, &line), 0);
        cr_expect_str_eq(line.data, cases[i].line);
        brood_buffer_free(&line);
    }
}

/* Each of the ways to make a line, with the nth allocation failing; whether it has. */
static bool fails_at(size_t nth, int way)
{
    const char *const *argv = ARGV("program", "a b", "\\\\\"%&", "\\", "plain", "\"");
    const char *bad = NULL;
    brood_buffer line = {0};
    test_fail_allocation(nth, false);
    int error = way == 0   ? brood__command_join(argv, &line)
                : way == 1 ? brood__command_join_verbatim(argv, &line)
                : way == 2 ? brood__command_join_batch("C:\\x.bat", argv, &line, &bad)
                           : brood__command_shell("a command", &line);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    cr_expect_eq(error, failed ? BROOD_ENOMEM : 0);
    brood_buffer_free(&line);
    return failed;
}

Test(arguments_windows, without_memory_there_is_no_line)
{
    for (int way = 0; way < 4; way++) {
        size_t nth = 1;
        while (fails_at(nth, way))
            cr_assert_lt(nth++, 1000);
        cr_expect_gt(nth, 1);
    }
}
