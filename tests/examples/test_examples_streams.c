/* The examples that read lines and communicate: the date, df, and tr, against their
 * originals. */
#include "examples.h"

SUITE(examples_streams);

Test(examples_streams, date_streams_prints_the_date_of_its_child)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "date_streams", ARGV(NULL)), 0);
    int year, month, day, hour, minute, second, end = 0;
    sscanf(recorder.out[1].data, "Current date: %d-%d-%d %d:%d:%d\n%n", &year, &month, &day, &hour,
           &minute, &second, &end);
    cr_assert_eq((size_t)end, recorder.out[1].len, "%s", recorder.out[1].data);
    cr_assert_geq(year, 2024);
    recorder_free(&recorder);
}

Test(examples_streams, df_streams_goes_through_the_steps_of_the_original)
{
    struct recorder recorder;
    brood_returncode code = run_example(&recorder, "df_streams", ARGV(NULL));
    if (code != 0)
        cr_skip_test("df fails on this machine: %s", recorder.out[1].data);
    find_in_order(recorder.out[1].data,
                  ARGV("in run_df\n", "launching process\n", "process started ",
                       "\nread b'Filesystem", " Avail", "Mounted on\\", "n'\n", "read b'", "n'\n",
                       "read b''\n", "no more output from command\n",
                       "waiting for process to complete\n", "return code 0\n", "parsing results\n",
                       "\nFree space:\n"));
    recorder_free(&recorder);
}

/* A df whose numbers are known. */
Test(examples_streams, df_streams_makes_a_table_of_the_lines)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    folder_play(&folder, "df",
                "say Filesystem Size Avail Mounted on\\n/dev/a\t9G 7G /\\nit's 1T 5M /b\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "df_streams", ARGV(NULL)), 0);
    const char *rest = find_in_order(
        recorder.out[1].data,
        ARGV("\nread b'Filesystem Size Avail Mounted on\\n'\nread b'/dev/a\\t9G 7G /\\n'\n"
             "read b\"it's 1T 5M /b\"\nread b''\nno more output from command\n"
             "waiting for process to complete\nreturn code 0\nparsing results\n\nFree space:\n"));
    cr_assert_str_eq(rest, "/                        : 7G\n/b                       : 5M\n");
    cr_assert_str_eq(recorder.out[2].data, "");
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_streams, df_streams_tells_how_df_failed)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    folder_play(&folder, "df", "say oops\\n\nend 3\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "df_streams", ARGV(NULL)), 1);
    find_in_order(recorder.out[1].data,
                  ARGV("read b'oops\\n'\nread b''\n", "return code 3\nerror exit 3\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}

/* The first one's line comes although the second is silent, and its end does not hold up the
 * first's. */
Test(examples_streams, lines_come_as_they_are_written_from_each_command)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "lines", ARGV("echo one", "echo two", "exit 3")), 1);
    find_in_order(recorder.out[1].data, ARGV("1: one"));
    find_in_order(recorder.out[1].data, ARGV("2: two"));
    cr_expect_str_eq(recorder.out[2].data, "3: ended with 3\n");
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "lines", ARGV("echo one")), 0);
    cr_expect_eq(recorder.out[2].len, 0);
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "lines", ARGV("-t", "never", "echo one")), 2);
    recorder_free(&recorder);
}

/* The child of the tests waits without a word. */
Test(examples_streams, lines_ends_at_its_deadline)
{
    struct recorder recorder;
    char silent[512];
    snprintf(silent, sizeof silent, "%s pause", test_child());
    cr_assert_eq(run_example(&recorder, "lines", ARGV("-t", "0.3", "echo one", silent)), 1);
    find_in_order(recorder.out[1].data, ARGV("1: one"));
    find_in_order(recorder.out[2].data, ARGV("2: operation cancelled", "lines: timed out\n"));
    recorder_free(&recorder);
}

Test(examples_streams, to_upper_goes_through_the_steps_of_the_original)
{
    struct recorder recorder;
    long long pid = 0;
    int end = 0;
    cr_assert_eq(run_example(&recorder, "to_upper", ARGV(NULL)), 0);
    sscanf(recorder.out[1].data, "in to_upper\nlaunching process\npid %lld\n%n", &pid, &end);
    cr_assert_gt(pid, 0);
    cr_assert_str_eq(recorder.out[1].data + end,
                     "communicating with process\nwaiting for process to complete\nreturn code 0\n"
                     "Original: '\\nThis message will be converted\\nto all caps.\\n'\n"
                     "Changed : '\\nTHIS MESSAGE WILL BE CONVERTED\\nTO ALL CAPS.\\n'\n");
    recorder_free(&recorder);
}

Test(examples_streams, to_upper_quotes_as_python_does)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "to_upper", ARGV("it's\t\\")), 0);
    find_in_order(recorder.out[1].data,
                  ARGV("\nOriginal: \"it's\\t\\\\\"\nChanged : \"IT'S\\t\\\\\"\n"));
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "to_upper", ARGV("'\"")), 0);
    find_in_order(recorder.out[1].data, ARGV("\nOriginal: '\\'\"'\nChanged : '\\'\"'\n"));
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "to_upper", ARGV("")), 0);
    find_in_order(recorder.out[1].data, ARGV("\nOriginal: ''\nChanged : ''\n"));
    recorder_free(&recorder);
}

Test(examples_streams, a_missing_program_is_named)
{
    struct folder folder;
    folder_open(&folder);
    fails_in_folder(&folder, "date_streams", ARGV(NULL),
                    "date_streams: exec date: no such file or directory\n");
    fails_in_folder(&folder, "df_streams", ARGV(NULL),
                    "df_streams: exec df: no such file or directory\n");
    fails_in_folder(&folder, "to_upper", ARGV(NULL),
                    "to_upper: exec tr: no such file or directory\n");
    folder_close(&folder);
}

Test(examples_streams, a_child_that_fails_is_a_failure)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    folder_play(&folder, "date", "end 4\n");
    folder_play(&folder, "tr", "end 5\n");
    fails_in_folder(&folder, "date_streams", ARGV(NULL), "date_streams: date ended with 4\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "to_upper", ARGV(NULL)), 1);
    find_in_order(recorder.out[1].data, ARGV("return code 5\nerror exit 5\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}
