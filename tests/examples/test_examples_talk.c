/* The examples that hold conversations: an interactive interpreter, a login, and all of
 * PEP 3145. */
#include <errno.h>

#include "examples.h"

SUITE(examples_talk);

/* ---- python_repl ------------------------------------------------------------------ */

static void evaluates(const char *interpreter, const char *program)
{
    struct recorder recorder;
    double sequence = -1, parallel = -1, speed = -1;
    int end = 0;
    char missing[128];
    brood_returncode code =
        run_example(&recorder, "python_repl",
                    ARGV("--interpreter", interpreter, "--tasks", "3", "--timeout", "60"));
    snprintf(missing, sizeof missing, "python_repl: exec %s: no such file or directory\n", program);
    if (strcmp(recorder.out[2].data, missing) == 0) {
        recorder_free(&recorder);
        cr_skip_test("%s is not installed", program);
    }
    cr_assert_eq(code, 0, "%s", recorder.out[2].data);
    sscanf(recorder.out[1].data,
           "1+1 = '2'\nRun 3 tasks in sequence: %lf sec\nRun 3 tasks in parallel: %lf sec "
           "(speed=%lf)\n%n",
           &sequence, &parallel, &speed, &end);
    cr_assert_eq((size_t)end, recorder.out[1].len, "%s", recorder.out[1].data);
    cr_assert(sequence >= 0 && parallel >= 0 && speed >= 0);
    cr_assert_eq(recorder.out[2].len, 0, "%s", recorder.out[2].data);
    recorder_free(&recorder);
}

/* Windows has a python3 that only tells where to get one. */
static bool python_works(void)
{
    brood_spawn_options options = {.argv = ARGV("python3", "-c", "pass"),
                                   .in = {.kind = BROOD_DEVNULL},
                                   .out = {.kind = BROOD_DEVNULL},
                                   .err = {.kind = BROOD_DEVNULL}};
    brood_result result = {.returncode = -1};
    brood_loop *loop = test_loop();
    int error = brood_run(loop, &options, NULL, 0, &result, test_deadline());
    bool works = error == 0 && result.returncode == 0;
    brood_result_free(&result);
    test_loop_close(loop);
    return works;
}

Test(examples_talk, python_repl_with_python)
{
    if (!python_works())
        cr_skip_test("python3 is not installed");
    evaluates("python3", "python3");
}

Test(examples_talk, python_repl_with_bc)
{
    evaluates("bc", "bc");
}

Test(examples_talk, python_repl_with_sh)
{
    evaluates("sh", "env");
}

/* Which shell sh is differs: one that repeats its input, and says goodbye. */
Test(examples_talk, python_repl_knows_the_answer_from_what_is_around_it)
{
    struct folder folder;
    struct recorder recorder;
    folder_open(&folder);
    folder_play(&folder, "python3", "say hello\\n>>> \nhear\nrepeat\nsay  2 \\n>>> exit\\n\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "python_repl", ARGV("--tasks", "2")), 0);
    find_in_order(recorder.out[1].data,
                  ARGV("1+1 = ' 2'\n", "Run 2 tasks in sequence: ", "Run 2 tasks in parallel: "));
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_talk, python_repl_takes_the_first_interpreter_that_there_is)
{
    struct folder folder;
    struct recorder recorder;
    folder_open(&folder);
    folder_play(&folder, "bc", "hear\nsay >>> \nhear\nsay bc: \nrepeat\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "python_repl", ARGV("--tasks", "1")), 0);
    find_in_order(recorder.out[1].data, ARGV("1+1 = 'bc: 1+1'\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_talk, python_repl_gives_up_on_an_interpreter)
{
    struct folder folder;
    folder_open(&folder);
    folder_play(&folder, "python3", "hear\n");
    fails_in_folder(&folder, "python_repl", ARGV("--timeout", "0.05"),
                    "python_repl: python3: timed out\n");
    folder_play(&folder, "python3", "say no license\n");
    fails_in_folder(&folder, "python_repl", ARGV(NULL),
                    "python_repl: no prompt, but: no license\n"
                    "python_repl: python3: the stream ended inside the answer\n");
    fails_in_folder(&folder, "python_repl", ARGV("--interpreter", "bc"),
                    "python_repl: exec bc: no such file or directory\n");
    folder_close(&folder);
}

/* From its fourth start on the interpreter fails: in the tasks. */
Test(examples_talk, python_repl_fails_when_a_task_fails)
{
    struct folder folder;
    struct recorder recorder;
    folder_open(&folder);
    folder_play(&folder, "python3", "times 4\nend 1\ntimes 1\nsay >>> \nhear\nsay 2\\n\n");
    cr_assert_eq(run_in_folder(&recorder, &folder, "python_repl",
                               ARGV("--interpreter", "python3", "--tasks", "2")),
                 1);
    find_in_order(recorder.out[1].data, ARGV("1+1 = '2'\n", "Run 2 tasks in sequence: "));
    cr_assert_null(strstr(recorder.out[1].data, "in parallel"));
    find_in_order(recorder.out[2].data,
                  ARGV("python_repl: python3: the stream ended inside the answer\n"));
    recorder_free(&recorder);
    folder_close(&folder);
}

Test(examples_talk, python_repl_checks_its_options)
{
    static const char *const wrong[][3] = {{"--interpreter", "perl"}, {"--tasks", "0"},
                                           {"--tasks", "3x"},         {"--timeout", "soon"},
                                           {"--timeout", "-1"},       {"more", NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct recorder recorder;
        cr_expect_eq(run_example(&recorder, "python_repl", wrong[i]), 2, "%s", wrong[i][1]);
        find_in_order(recorder.out[2].data, ARGV("Try 'python_repl --help'.\n"));
        recorder_free(&recorder);
    }
}

/* ---- login and prompt --------------------------------------------------------------- */

Test(examples_talk, login_is_welcome)
{
    NOT_UNDER_EMULATOR("the example starts another one, of a foreign processor");
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "login", ARGV("--timeout", "60")), 0);
    cr_assert_str_eq(recorder.out[1].data, "Welcome, guest\nhello -> hello\n");
    cr_assert_str_eq(recorder.out[2].data, "");
    recorder_free(&recorder);
    cr_assert_eq(run_example(&recorder, "login", ARGV("--timeout", "60", "--user", "someone")), 0);
    cr_assert_str_eq(recorder.out[1].data, "Welcome, someone\nhello -> hello\n");
    recorder_free(&recorder);
}

Test(examples_talk, login_tells_what_came_instead)
{
    NOT_UNDER_EMULATOR("the example starts another one, of a foreign processor");
    fails_with("login", ARGV("--timeout", "60", "--password", "wrong"),
               "login: no welcome, but: Login incorrect\n");
    fails_with(
        "login",
        ARGV("--timeout", "60", test_child(), "out", "login:", "byte", "0", "out", "locked\n"),
        "login: no password prompt (the stream ended inside the answer), but: locked\n");
    fails_with(
        "login",
        ARGV("--timeout", "60", test_child(), "out", "A\nLogin: ", "byte", "0", "out", "login:"),
        "login: no password prompt, but: login:\n");
}

Test(examples_talk, login_waits_no_longer_than_it_should)
{
    fails_with("login", ARGV("--timeout", "0.05", test_child(), "cat"),
               "login: no login prompt (timed out)\n");
}

Test(examples_talk, login_names_a_program_that_is_missing)
{
    fails_with("login", ARGV("no-such-program"),
               "login: exec no-such-program: no such file or directory\n");
    struct recorder recorder;
    cr_expect_eq(run_example(&recorder, "login", ARGV("--timeout", "x")), 2);
    recorder_free(&recorder);
}

/* Its input is /dev/null: it asks once, and goes. */
Test(examples_talk, prompt_gives_up_without_input)
{
    struct recorder recorder;
    cr_assert_eq(run_example(&recorder, "prompt", ARGV(NULL)), 1);
    cr_assert_str_eq(recorder.out[1].data, "login: ");
    recorder_free(&recorder);
}

/* ---- PEP 3145 ------------------------------------------------------------------------- */

/* Whether the C library has streams of one's own making: brood_file_stdio. */
static bool has_streams_of_its_own(void)
{
    errno = 0;
    return brood_file_stdio(NULL, "r") != NULL || errno != ENOSYS;
}

Test(examples_talk, pep3145_shows_each_step)
{
    struct recorder recorder;
    brood_returncode code = run_example(&recorder, "pep3145", ARGV(NULL));
    cr_assert_eq(code, 0, "%s", recorder.out[2].data);
    char at_once[64];
    snprintf(at_once, sizeof at_once, "recv at once             %d timed out\n", BROOD_ETIMEDOUT);
    find_in_order(recorder.out[1].data,
                  ARGV(at_once, "send                     11  ",
                       "recv                     6  hello\\n\n",
                       "recv_err                 5  oops\\n\n", "asyncwrite               44  ",
                       "asyncread                21  line 1\\nline 2\\nline 3\\n\n",
                       "asyncread at the end     0\n", "wait                     0\n"));
    const char *rest = find_in_order(
        recorder.out[1].data,
        ARGV("\ncat\n", "file_readline            20000 lines, 300000 bytes\n",
             "file_close               0\n", "wait                     0\n", "\nsort\n"));
    if (has_streams_of_its_own())
        find_in_order(rest, ARGV("fgets                    \"apple", "\"pear", "\"quince",
                                 "wait                     0\n"));
    else
        find_in_order(rest, ARGV("file_stdio               not available on this system\n",
                                 "wait                     0\n"));
    cr_assert_eq(recorder.out[2].len, 0);
    recorder_free(&recorder);
}

Test(examples_talk, pep3145_says_what_failed)
{
    struct folder folder;
    folder_open(&folder);
    fails_in_folder(&folder, "pep3145", ARGV(NULL),
                    "pep3145: exec sh: no such file or directory\n");
    folder_play(&folder, "sh", "hear\nsay hello\\n\nhear\nwhisper oops\\n\nhear\nend 9\n");
    fails_in_folder(&folder, "pep3145", ARGV(NULL), "pep3145: sh ended with 9\n");
    folder_close(&folder);
}
