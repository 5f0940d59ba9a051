/* What a child inherits: its three standard handles and nothing else, so that the end of
 * each pipe is seen at once, whatever is started meanwhile. */
#include <stdio.h>

#include "helpers_act_windows.h"

SUITE(handles_windows);

static const brood_spawn_options plain = {0};

/* ---- what is inherited ------------------------------------------------------------------ */

/* How many of sixteen events that can be inherited a child reaches. */
static int events_reached(brood_spawn_options options)
{
    enum { EVENTS = 16 };
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable, .bInheritHandle = TRUE};
    HANDLE events[EVENTS];
    char numbers[EVENTS][24];
    const char *argv[EVENTS + 2] = {"act:set"};
    int reached = 0;
    for (int i = 0; i < EVENTS; i++) {
        events[i] = CreateEventW(&inheritable, TRUE, FALSE, NULL);
        cr_assert_not_null(events[i]);
        snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)(intptr_t)events[i]);
        argv[i + 1] = numbers[i];
    }
    cr_expect_str_eq(act_text(options, argv, NULL), "");
    for (int i = 0; i < EVENTS; i++) {
        reached += WaitForSingleObject(events[i], 0) == WAIT_OBJECT_0;
        CloseHandle(events[i]);
    }
    return reached;
}

Test(handles_windows, nothing_else_is_inherited)
{
    cr_expect_eq(events_reached(plain), 0);
    cr_expect_eq(events_reached((brood_spawn_options){.in.kind = BROOD_PIPE}), 0);
    cr_expect_eq(events_reached((brood_spawn_options){.kill_tree = true}), 0);
}

Test(handles_windows, with_keep_fds_all_is_inherited_that_can_be)
{
    cr_expect_eq(events_reached((brood_spawn_options){.keep_fds = true}), 16);
    cr_expect_eq(events_reached((brood_spawn_options){.keep_fds = true, .kill_tree = true}), 16);
}

Test(handles_windows, the_child_sees_its_standard_handles_alone)
{
    brood_spawn_options pipes = {.in.kind = BROOD_PIPE};
    cr_expect_str_eq(act_text(pipes, ARGV(test_child(), "report", "fds"), NULL), "0 1 2\n");
    pipes.err.kind = BROOD_STDOUT;
    cr_expect_str_eq(act_text(pipes, ARGV(test_child(), "report", "fds"), NULL), "0 1 2\n");
}

/* ---- standard handles ---------------------------------------------------------------------- */

Test(handles_windows, stdout_and_stderr_may_be_one_pipe)
{
    brood_spawn_options options = {.err.kind = BROOD_STDOUT};
    cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "onetwothree");
}

static HANDLE open_file(const char *path)
{
    HANDLE file = CreateFileW(wide(path), GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              CREATE_ALWAYS, 0, NULL);
    cr_assert_neq(file, INVALID_HANDLE_VALUE);
    return file;
}

static void expect_content(HANDLE file, const char *expected)
{
    char text[64];
    DWORD n = 0;
    cr_assert_eq(SetFilePointer(file, 0, NULL, FILE_BEGIN), 0);
    cr_assert(ReadFile(file, text, sizeof text - 1, &n, NULL));
    text[n] = '\0';
    cr_expect_str_eq(text, expected);
}

Test(handles_windows, a_handle_that_is_lent_stays_the_callers)
{
    DWORD flags = 77;
    folder_begin();
    HANDLE file = open_file(in_folder("out"));
    brood_stdio lent = {.kind = BROOD_FD, .fd = (intptr_t)file};
    brood_spawn_options options = {.out = lent, .err = lent};
    cr_expect_str_eq(act_text(options, ARGV("act:both"), NULL), "");
    expect_content(file, "onetwothree");
    cr_expect(GetHandleInformation(file, &flags));
    cr_expect_eq(flags, 0, "it cannot be inherited now either");
    CloseHandle(file);
    folder_end();
}

Test(handles_windows, one_handle_may_be_all_three)
{
    folder_begin();
    HANDLE file = open_file(in_folder("all"));
    DWORD n;
    cr_assert(WriteFile(file, "text", 4, &n, NULL));
    cr_assert_eq(SetFilePointer(file, 0, NULL, FILE_BEGIN), 0);
    brood_stdio lent = {.kind = BROOD_FD, .fd = (intptr_t)file};
    brood_spawn_options options = {.in = lent, .out = lent, .err = lent};
    /* Four bytes are read, and what is written comes behind them. */
    cr_expect_str_eq(act_text(options,
                              ARGV(test_child(), "byte", "0", "byte", "0", "byte", "0", "byte", "0",
                                   "out", "more", "err", "!"),
                              NULL),
                     "");
    expect_content(file, "textmore!");
    CloseHandle(file);
    folder_end();
}

/* So many are never open; a value that has been closed may come again. */
enum { NO_HANDLE = 0x7ffffff0 };

Test(handles_windows, what_is_no_handle_is_refused)
{
    brood_spawn_options options = {.out = {.kind = BROOD_FD, .fd = 0}};
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EBADF dup2 0 as 1");
    options.out.fd = NO_HANDLE;
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EBADF dup2 2147483632 as 1");
    options = (brood_spawn_options){.in = {.kind = BROOD_FD, .fd = NO_HANDLE}};
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EBADF dup2 2147483632 as 0");
    options.in.fd = -1;
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EINVAL options in is not valid");
}

/* A program without a console has none of its own. */
static brood_returncode standard_devices(HANDLE in, HANDLE out, HANDLE err)
{
    static const DWORD which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    HANDLE before[3];
    brood_process *process;
    brood_returncode code = -1000;
    brood_spawn_options options = {.executable = act_program(), .argv = ARGV("act:standard")};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++) {
        before[i] = GetStdHandle(which[i]);
        SetStdHandle(which[i], i == 0 ? in : i == 1 ? out : err);
    }
    int error = brood_spawn(loop, &options, &process);
    for (int i = 0; i < 3; i++)
        SetStdHandle(which[i], before[i]);
    cr_assert_eq(error, 0);
    cr_expect_eq(brood_process_wait_finished(process, &code, test_deadline()), 0);
    brood_process_close(process);
    test_loop_close(loop);
    return code;
}

Test(handles_windows, a_handle_that_the_parent_lacks_becomes_the_null_device)
{
    folder_begin();
    HANDLE file = open_file(in_folder("file"));
    cr_expect_eq(standard_devices(file, file, file), 0);
    cr_expect_eq(standard_devices(NULL, NULL, NULL), 7);
    cr_expect_eq(standard_devices(NULL, file, INVALID_HANDLE_VALUE), 5);
    cr_expect_eq(standard_devices((HANDLE)(intptr_t)NO_HANDLE, file, file), 1);
    CloseHandle(file);
    folder_end();
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* Children that say a word, of which every second ends then and the others wait for the end
 * of their input. */
enum { CHILDREN = 100 };

static int start_children(brood_loop *loop, brood_process *children[], int count)
{
    for (int i = 0; i < count; i++) {
        brood_spawn_options options = {
            .argv = i % 2 == 0 ? (const char *const[]){test_child(), "out", "x", NULL}
                               : (const char *const[]){test_child(), "out", "x", "eof", "0", NULL},
            .in.kind = BROOD_PIPE,
            .out.kind = BROOD_PIPE};
        if (brood_spawn(loop, &options, &children[i]) < 0)
            return __LINE__;
    }
    return 0;
}

/* A pipe whose end had come into a sibling would not end before the sibling does. */
static int expect_ends(brood_process *children[], int count)
{
    brood_time deadline = test_deadline();
    for (int i = 0; i < count; i += 2) {
        char word[8];
        brood_reader *out = brood_process_stdout(children[i]);
        if (brood_reader_read(out, word, sizeof word, deadline) != 1 || word[0] != 'x' ||
            brood_reader_read(out, word, sizeof word, deadline) != 0)
            return __LINE__;
        if (brood_process_wait_finished(children[i], NULL, deadline) < 0)
            return __LINE__;
    }
    for (int i = 1; i < count; i += 2)
        if (brood_process_returncode(children[i], NULL))
            return __LINE__;
    /* One after the other: each has the only end of its input. */
    for (int i = 1; i < count; i += 2) {
        brood_returncode code;
        brood_writer_close(brood_process_stdin(children[i]));
        if (brood_process_wait_finished(children[i], &code, deadline) < 0 || code != 0)
            return __LINE__;
    }
    return 0;
}

/* 0, or the line that went wrong. */
static int run_children(void)
{
    brood_process *children[CHILDREN] = {NULL};
    brood_loop *loop;
    if (brood_loop_open(&loop, NULL) < 0)
        return __LINE__;
    int line = start_children(loop, children, CHILDREN);
    if (line == 0)
        line = expect_ends(children, CHILDREN);
    for (int i = 0; i < CHILDREN; i++)
        brood_process_close(children[i]);
    return brood_loop_close(loop) < 0 && line == 0 ? __LINE__ : line;
}

static void *run_in_thread(void *line)
{
    *(int *)line = run_children();
    return NULL;
}

Test(handles_windows, two_threads_start_children_and_every_end_is_seen, .timeout = 240)
{
    int lines[2] = {-1, -1};
    test_thread *threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = test_thread_start(run_in_thread, &lines[i]);
    for (int i = 0; i < 2; i++)
        test_thread_join(threads[i]);
    cr_expect_eq(lines[0], 0, "line %d", lines[0]);
    cr_expect_eq(lines[1], 0, "line %d", lines[1]);
}

Test(handles_windows, two_hundred_children_live_at_once, .timeout = 240)
{
    enum { MANY = 200 };
    static brood_process *children[MANY];
    brood_loop *loop = test_loop();
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(brood_spawn(loop, &options, &children[i]), 0, "child %d", i);
    for (int i = 0; i < MANY; i++) {
        char word[16];
        snprintf(word, sizeof word, "child %d", i);
        brood_buffer out = {0};
        cr_expect_eq(
            brood_process_communicate(children[i], word, strlen(word), &out, NULL, test_deadline()),
            0);
        cr_expect_str_eq(out.data, word);
        brood_buffer_free(&out);
        brood_process_close(children[i]);
    }
    test_loop_close(loop);
}

/* ---- many in a row --------------------------------------------------------------------------- */

static void spawn_one(brood_loop *loop, int i)
{
    brood_process *process = NULL;
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "x"),
                                   .in.kind = i % 2 ? BROOD_PIPE : BROOD_DEVNULL,
                                   .out.kind = BROOD_PIPE,
                                   .err.kind = i % 3 ? BROOD_STDOUT : BROOD_PIPE,
                                   .kill_tree = i % 4 == 0};
    cr_assert_eq(brood_spawn(loop, &options, &process), 0, "child %d", i);
    brood_returncode code = -1000;
    if (i % 5 != 0)
        cr_assert_eq(brood_process_wait_finished(process, &code, test_deadline()), 0);
    brood_process_close(process);
}

/* No such program, no such handle, or no environment: at a different step each. */
static void fail_to_spawn(brood_loop *loop, int i)
{
    brood_process *process = NULL;
    brood_spawn_options options = {.argv = ARGV(act_program(), "x"),
                                   .in.kind = BROOD_PIPE,
                                   .out.kind = BROOD_PIPE,
                                   .err.kind = BROOD_PIPE,
                                   .kill_tree = i % 2 == 0};
    if (i % 3 == 0)
        options.executable = "C:\\nowhere\\x.exe";
    else if (i % 3 == 1)
        options.err = (brood_stdio){.kind = BROOD_FD, .fd = 0};
    else
        options.env = ARGV("A=1", "nothing");
    cr_assert_lt(brood_spawn(loop, &options, &process), 0);
    cr_assert_null(process);
}

Test(handles_windows, after_two_thousand_spawns_there_are_no_more_handles, .timeout = 600)
{
    enum { ROUNDS = 2000 }; /* of one child and one that cannot be started */
    brood_loop *loop = test_loop();
    spawn_one(loop, 1);
    test_settle(loop);
    int before = test_count_descriptors();
    for (int i = 0; i < ROUNDS; i++) {
        spawn_one(loop, i);
        fail_to_spawn(loop, i);
    }
    test_settle(loop);
    cr_expect_eq(test_count_descriptors(), before, "%d, before %d", test_count_descriptors(),
                 before);
    test_loop_close(loop);
}
