/* The examples that read lines and communicate: the date, df, and tr, against their
 * originals. */
#include "examples.h"

SUITE(examples_streams);

static const char *const nowhere[] = {"PATH=/nonexistent", NULL};

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
                       "\nread b'Filesystem", " Avail", "Mounted on\\n'\n", "read b'/dev", "\\n'\n",
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
    folder_write(
        &folder, 0, "df",
        "#!/bin/sh\n"
        "printf 'Filesystem Size Avail Mounted on\\n/dev/a\\t9G 7G /\\nit\\047s 1T 5M /b'\n");
    cr_assert_eq(run_example_with(&recorder, "df_streams", ARGV(NULL), ARGV(folder.variable)), 0);
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
    folder_write(&folder, 0, "df", "#!/bin/sh\necho oops\nexit 3\n");
    cr_assert_eq(run_example_with(&recorder, "df_streams", ARGV(NULL), ARGV(folder.variable)), 1);
    find_in_order(recorder.out[1].data,
                  ARGV("read b'oops\\n'\nread b''\n", "return code 3\nerror exit 3\n"));
    recorder_free(&recorder);
    folder_close(&folder);
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
    fails_with("date_streams", ARGV(NULL), nowhere,
               "date_streams: exec date: no such file or directory\n");
    fails_with("df_streams", ARGV(NULL), nowhere,
               "df_streams: exec df: no such file or directory\n");
    fails_with("to_upper", ARGV(NULL), nowhere, "to_upper: exec tr: no such file or directory\n");
}

Test(examples_streams, a_child_that_fails_is_a_failure)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    folder_write(&folder, 0, "date", "#!/bin/sh\nexit 4\n");
    folder_write(&folder, 1, "tr", "#!/bin/sh\nexit 5\n");
    fails_with("date_streams", ARGV(NULL), ARGV(folder.variable),
               "date_streams: date ended with 4\n");
    cr_assert_eq(run_example_with(&recorder, "to_upper", ARGV(NULL), ARGV(folder.variable)), 1);
    find_in_order(recorder.out[1].data, ARGV("return code 5\nerror exit 5\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}
