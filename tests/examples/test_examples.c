/* The examples of the callback layer, as a user would run them, and the manners of all. */
#include "examples.h"

SUITE(examples);

Test(examples, date_protocol_prints_the_date_of_its_child)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "date_protocol", ARGV(NULL)), 0);
    int year, month, day, hour, minute, second, end = 0;
    sscanf(recorder.out[1].data, "Current date: %d-%d-%d %d:%d:%d\n%n", &year, &month, &day, &hour,
           &minute, &second, &end);
    cr_assert_eq((size_t)end, recorder.out[1].len, "%s", recorder.out[1].data);
    cr_assert_geq(year, 2024);
    recorder_free(&recorder);
}

Test(examples, df_protocol_goes_through_the_steps_of_the_original)
{
    struct recorder recorder;
    brood_returncode code = run_example(&recorder, "df_protocol", ARGV(NULL));
    if (code != 0)
        cr_skip_test("df fails on this machine: %s", recorder.out[1].data);
    const char *rows = find_in_order(
        recorder.out[1].data, ARGV("in run_df\n", "launching process\n", "process started ",
                                   "read ", " bytes from stdout\n", "process exited\n",
                                   "return code 0\n", "parsing results\n", "\nFree space:\n"));
    /* Said beside those: a quick child has done everything in the round that started it. */
    find_in_order(
        recorder.out[1].data,
        ARGV("process started ", "\nwaiting for process to complete\n", "\nFree space:\n"));
    cr_assert_not_null(strstr(rows, ": "), "%s", recorder.out[1].data);
    recorder_free(&recorder);
}

/* A df whose numbers are known: what is mounted may change between two real ones. */
Test(examples, df_protocol_makes_a_row_of_each_file_system)
{
    struct recorder recorder;
    struct folder folder;
    folder_open(&folder);
    folder_play(&folder, "df",
                "say Filesystem Size Avail Mounted on\\n/dev/a 9G 7G /\\n/dev/b 1T 5M /b\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "df_protocol", ARGV(NULL)), 0);
    const char *rest = find_in_order(recorder.out[1].data,
                                     ARGV("return code 0\nparsing results\n\nFree space:\n"));
    cr_assert_str_eq(rest, "/                        : 7G\n/b                       : 5M\n");
    cr_assert_str_eq(recorder.out[2].data, "");
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples, fanout_runs_commands_and_sums_them_up)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "fanout", ARGV("-n", "40", "-j", "5", "-C", "src")), 0);
    find_in_order(recorder.out[1].data,
                  ARGV("40 commands, at most 5 at a time: 40 succeeded, 0 failed\n",
                       " bytes of output in ", " ms; ", "a command took "));
    cr_assert_eq(recorder.out[2].len, 0, "no progress line without a terminal: %s",
                 recorder.out[2].data);
    recorder_free(&recorder);
}

Test(examples, fanout_names_the_failures)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "fanout",
                             ARGV("-n", "3", "-C", "src/loop", test_child(), "err", "no\nmore\n",
                                  "exit", "2")),
                 1);
    find_in_order(recorder.out[1].data,
                  ARGV("failed: src/loop/", ": exit status 2: no\nfailed: src/loop/",
                       ": exit status 2: no\nfailed: src/loop/", ": exit status 2: no\n",
                       "0 succeeded, 3 failed\n"));
    recorder_free(&recorder);

    cr_assert_eq(run_example(&recorder, "fanout", ARGV("-n", "2", "-C", "src", "no-such-program")),
                 1);
    find_in_order(recorder.out[1].data,
                  ARGV("not started: exec no-such-program: no such file or directory",
                       "0 succeeded, 2 failed\n"));
    recorder_free(&recorder);
}

Test(examples, help_and_wrong_usage)
{
    static const char *const names[] = {"date_protocol", "df_protocol", "fanout",   "date_streams",
                                        "df_streams",    "lines",       "to_upper", "python_repl",
                                        "login",         "prompt",      "pep3145",  "lsp_client"};
    struct recorder recorder;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert_eq(run_example(&recorder, names[i], ARGV("--help")), 0);
        cr_assert_eq(strncmp(recorder.out[1].data, "usage: ", 7), 0);
        recorder_free(&recorder);
        cr_assert_eq(run_example(&recorder, names[i], ARGV("-x")), 2, "%s", names[i]);
        cr_assert_eq(recorder.out[1].len, 0);
        cr_assert_gt(recorder.out[2].len, 0);
        recorder_free(&recorder);
    }
    cr_assert_eq(run_example(&recorder, "fanout", ARGV("-j", "0")), 2);
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "fanout", ARGV("-C", "/nonexistent")), 1);
    cr_assert_not_null(strstr(recorder.out[2].data, "/nonexistent"));
    recorder_free(&recorder);
}
