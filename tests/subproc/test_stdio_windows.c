/* The pipes to a child: named ones, whose names nobody can guess. */
#include <stdio.h>
#include <wchar.h>

#include "helpers_act_windows.h"

SUITE(stdio_windows);

enum { NAME_ROOM = 128 };

/* ---- names ---------------------------------------------------------------------------------- */

/* The name of the pipe behind a handle, as one opens it. */
static const wchar_t *name_of(intptr_t handle)
{
    static wchar_t name[NAME_ROOM + 16];
    union {
        FILE_NAME_INFO info;
        char room[sizeof(FILE_NAME_INFO) + NAME_ROOM * sizeof(wchar_t)];
    } told = {.info.FileNameLength = 0};
    cr_assert(GetFileInformationByHandleEx((HANDLE)handle, FileNameInfo, &told, sizeof told),
              "error %lu", GetLastError());
    swprintf(name, NAME_ROOM + 16, L"\\\\.\\pipe%.*ls",
             (int)(told.info.FileNameLength / sizeof(wchar_t)), told.info.FileName);
    return name;
}

/* Makes the recorder's child with three pipes, which waits for the end of its input. */
static void start(brood_loop *loop, struct recorder *recorder)
{
    brood_spawn_options options = {.argv = ARGV(test_child(), "eof", "0"),
                                   .in.kind = BROOD_PIPE,
                                   .out.kind = BROOD_PIPE,
                                   .err.kind = BROOD_PIPE};
    *recorder = (struct recorder){.close_when_lost = true};
    test_exec(loop, recorder, &options);
}

/* Ends the child's input, and with it the child. */
static void finish(brood_loop *loop, struct recorder *recorder)
{
    brood_pipe_close(brood_subprocess_pipe(recorder->transport, 0));
    test_run_until(loop, &recorder->lost);
    cr_expect_eq(recorder->returncode, 0);
    test_settle(loop);
    recorder_free(recorder);
}

static intptr_t handle_of(const struct recorder *recorder, int fd)
{
    return brood_pipe_fd(brood_subprocess_pipe(recorder->transport, fd));
}

/* Random: at least 128 bits in hexadecimal at the end of the name. */
static size_t count_of_digits(const wchar_t *name)
{
    size_t length = wcslen(name), count = 0;
    while (count < length && wcschr(L"0123456789abcdef", name[length - count - 1]) != NULL)
        count++;
    return count;
}

Test(stdio_windows, sem_78_names_cannot_be_guessed)
{
    enum { CHILDREN = 8 };
    static wchar_t names[3 * CHILDREN][NAME_ROOM];
    struct recorder recorders[CHILDREN];
    brood_loop *loop = test_loop();
    for (int i = 0; i < CHILDREN; i++) {
        start(loop, &recorders[i]);
        for (int fd = 0; fd < 3; fd++)
            wcscpy(names[3 * i + fd], name_of(handle_of(&recorders[i], fd)));
    }
    for (int i = 0; i < 3 * CHILDREN; i++) {
        const wchar_t *random = names[i] + wcslen(names[i]) - 32;
        cr_assert_geq(count_of_digits(names[i]), 32, "%ls", names[i]);
        /* Neither the whole nor any quarter of it comes again. */
        for (int other = 0; other < 3 * CHILDREN; other++)
            for (int part = 0; part < 32 && other != i; part += 8)
                cr_expect(
                    wcsncmp(random + part, names[other] + wcslen(names[other]) - 32 + part, 8) != 0,
                    "%ls and %ls", names[i], names[other]);
    }
    for (int i = 0; i < CHILDREN; i++)
        finish(loop, &recorders[i]);
    test_loop_close(loop);
}

Test(stdio_windows, sem_78_nobody_else_comes_by_the_name)
{
    struct recorder recorder;
    brood_loop *loop = test_loop();
    start(loop, &recorder);
    for (int fd = 0; fd < 3; fd++) {
        const wchar_t *name = name_of(handle_of(&recorder, fd));
        HANDLE other = CreateFileW(name, fd == 0 ? GENERIC_READ : GENERIC_WRITE, 0, NULL,
                                   OPEN_EXISTING, 0, NULL);
        cr_expect_eq(other, INVALID_HANDLE_VALUE, "its only instance has been opened");
        cr_expect_eq(GetLastError(), ERROR_PIPE_BUSY);
        other = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 2, 512, 512, 0, NULL);
        cr_expect_eq(other, INVALID_HANDLE_VALUE, "no more instances");
    }
    finish(loop, &recorder);
    test_loop_close(loop);
}

Test(stdio_windows, sem_78_the_ends_are_handles_that_cannot_be_inherited)
{
    struct recorder recorder;
    DWORD flags = 77;
    brood_loop *loop = test_loop();
    start(loop, &recorder);
    for (int fd = 0; fd < 3; fd++) {
        HANDLE handle = (HANDLE)handle_of(&recorder, fd);
        cr_expect(GetHandleInformation(handle, &flags) && flags == 0);
        cr_expect_eq(GetFileType(handle), FILE_TYPE_PIPE);
    }
    finish(loop, &recorder);
    test_loop_close(loop);
}

Test(stdio_windows, sem_78_each_end_goes_one_way_for_the_child)
{
    brood_spawn_options options = {.in.kind = BROOD_PIPE};
    brood_result result = act_run(options, ARGV(test_child(), "fill", "0", "1"));
    cr_expect_eq(result.returncode, 121, "it cannot write to its stdin");
    brood_result_free(&result);
    result = act_run(options, ARGV(test_child(), "byte", "1"));
    cr_expect_eq(result.returncode, 123, "it cannot read its stdout");
    brood_result_free(&result);
}

/* ---- the loss of the reader ------------------------------------------------------------------- */

/* A child that closes its stdin, says so, and waits for the gate's end. */
struct deaf {
    brood_loop *loop;
    struct recorder recorder;
    HANDLE gate;
};

static void begin_deaf(struct deaf *deaf)
{
    HANDLE ends[2];
    char number[24];
    deaf->recorder = (struct recorder){.close_when_lost = true};
    deaf->loop = test_loop();
    cr_assert(CreatePipe(&ends[0], &ends[1], NULL, 0));
    cr_assert(SetHandleInformation(ends[0], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT));
    snprintf(number, sizeof number, "%lld", (long long)(intptr_t)ends[0]);
    brood_spawn_options options = {.argv = ARGV("act:deaf", number),
                                   .executable = act_program(),
                                   .in.kind = BROOD_PIPE,
                                   .out.kind = BROOD_PIPE,
                                   .keep_fds = true};
    test_exec(deaf->loop, &deaf->recorder, &options);
    CloseHandle(ends[0]);
    deaf->gate = ends[1];
}

static void end_deaf(struct deaf *deaf)
{
    CloseHandle(deaf->gate);
    test_run_until(deaf->loop, &deaf->recorder.lost);
    cr_expect_eq(deaf->recorder.returncode, 0);
    recorder_free(&deaf->recorder);
    test_settle(deaf->loop);
    test_loop_close(deaf->loop);
}

Test(stdio_windows, sem_78_the_loss_of_stdins_reader_is_told_while_nothing_is_written)
{
    struct deaf deaf;
    begin_deaf(&deaf);
    test_run_until(deaf.loop, &deaf.recorder.lost_pipe[0]);
    cr_expect_not(deaf.recorder.exited, "the child lives");
    cr_expect_eq(deaf.recorder.lost_error[0], 0, "%s", brood_errname(deaf.recorder.lost_error[0]));
    brood_pipe *in = brood_subprocess_pipe(deaf.recorder.transport, 0);
    cr_expect_eq(brood_pipe_write(in, "x", 1), BROOD_ECLOSED);
    end_deaf(&deaf);
}

Test(stdio_windows, sem_78_the_loss_is_told_while_a_write_waits)
{
    static char much[300000];
    struct deaf deaf;
    begin_deaf(&deaf);
    brood_pipe *in = brood_subprocess_pipe(deaf.recorder.transport, 0);
    cr_expect_geq(brood_pipe_write(in, much, sizeof much), 0);
    test_run_until(deaf.loop, &deaf.recorder.lost_pipe[0]);
    cr_expect_not(deaf.recorder.exited, "the child lives");
    cr_expect_eq(deaf.recorder.lost_error[0], BROOD_EPIPE, "%s",
                 brood_errname(deaf.recorder.lost_error[0]));
    end_deaf(&deaf);
}

/* ---- files ---------------------------------------------------------------------------------------- */

Test(stdio_windows, files_are_named_in_utf8)
{
    folder_begin();
    const char *path = in_folder("a b \xc3\xa4\xf0\x9f\x98\x80");
    brood_spawn_options options = {.out = {.kind = BROOD_FILE, .path = path}};
    act_text(options, ARGV(test_child(), "out", "one"), NULL);
    options.out.append = true;
    act_text(options, ARGV(test_child(), "out", "two"), NULL);
    brood_spawn_options back = {.in = {.kind = BROOD_FILE, .path = path}};
    cr_expect_str_eq(act_text(back, ARGV(test_child(), "cat"), NULL), "onetwo");
    folder_end();
}

Test(stdio_windows, a_file_that_cannot_be_opened_is_named)
{
    char expected[600];
    folder_begin();
    brood_spawn_options options = {.in = {.kind = BROOD_FILE, .path = in_folder("none")}};
    snprintf(expected, sizeof expected, "ENOENT open %s", in_folder("none"));
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), expected);
    options = (brood_spawn_options){.out = {.kind = BROOD_FILE, .path = folder()}};
    snprintf(expected, sizeof expected, "EACCES open %s", folder());
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), expected);
    options.out.path = "\xff";
    cr_expect_str_eq(act_failure(options, ARGV("act:both")), "EINVAL open \xff");
    folder_end();
}
