/* A process as a stream of the C library's: fgets, fprintf, getline and their kin. */
#include <errno.h>

#include "processes.h"

SUITE(file_stdio);

enum { MUCH = 1 << 20 };

static const brood_spawn_options both_pipes = {PIPE_IN, PIPE_OUT};

static brood_file *open_file(brood_process *process, double seconds)
{
    brood_file *file = NULL;
    cr_assert_eq(brood_file_open(process, seconds, &file), 0);
    return file;
}

static FILE *open_stream(brood_file *file, const char *mode)
{
    FILE *stream = brood_file_stdio(file, mode);
    cr_assert_not_null(stream);
    return stream;
}

/* ---- opening ------------------------------------------------------------------------- */

Test(file_stdio, what_makes_no_sense_is_refused)
{
    static const char *const modes[] = {"", "a", "rw", "w+", "x", "r+b"};
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_ERR}, CHILD("pause"));
    brood_file *file = open_file(process, 0);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        errno = 0;
        cr_expect_null(brood_file_stdio(file, modes[i]));
        cr_expect_eq(errno, EINVAL, "%s", modes[i]);
    }
    errno = 0;
    cr_expect_null(brood_file_stdio(file, NULL));
    cr_expect_eq(errno, EINVAL);
    errno = 0;
    cr_expect_null(brood_file_stdio(NULL, "r"));
    cr_expect_eq(errno, EINVAL);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        cr_expect_null(brood_file_stdio(file, i == 0 ? "r" : i == 1 ? "w" : "r+"));
        cr_expect_eq(errno, EBADF, "there is no such pipe");
    }
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

/* ---- reading and writing --------------------------------------------------------------- */

Test(file_stdio, fgets_reads_lines_to_the_end)
{
    brood_loop *loop = test_loop();
    char line[16];
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT}, CHILD("out", "one\ntwo\nthree"));
    brood_file *file = open_file(process, 60);
    FILE *stream = open_stream(file, "r");
    cr_expect_str_eq(fgets(line, sizeof line, stream), "one\n");
    cr_expect_str_eq(fgets(line, sizeof line, stream), "two\n");
    cr_expect_str_eq(fgets(line, sizeof line, stream), "three");
    cr_expect_null(fgets(line, sizeof line, stream));
    cr_expect_neq(feof(stream), 0);
    cr_expect_eq(ferror(stream), 0);
    cr_expect_eq(fclose(stream), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, getline_reads_lines_of_any_length)
{
    brood_loop *loop = test_loop();
    char *line = NULL;
    size_t size = 0;
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, .limit = 100},
                                   CHILD("fill", "1", "300000", "out", "\nshort\n"));
    brood_file *file = open_file(process, 60);
    FILE *stream = open_stream(file, "r");
    cr_expect_eq(getline(&line, &size, stream), 300001);
    cr_expect(is_alphabet(line, 300000));
    cr_expect_eq(getline(&line, &size, stream), 6);
    cr_expect_str_eq(line, "short\n");
    cr_expect_eq(getline(&line, &size, stream), -1);
    free(line);
    cr_expect_eq(fclose(stream), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, fprintf_writes_and_fclose_ends_the_input)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat", "out", "."));
    brood_file *file = open_file(process, 60);
    FILE *out = open_stream(file, "w"), *in = open_stream(file, "r");
    char line[32];
    cr_expect_eq(fprintf(out, "%d and %s\n", 7, "eight"), 12);
    cr_expect_eq(fflush(out), 0);
    cr_expect_str_eq(fgets(line, sizeof line, in), "7 and eight\n");
    cr_expect_eq(fprintf(out, "rest"), 4);
    cr_expect_eq(fclose(out), 0);
    cr_expect_str_eq(fgets(line, sizeof line, in), "rest.");
    cr_expect_eq(fclose(in), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, one_stream_for_both_directions)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    FILE *stream = open_stream(file, "r+");
    for (int i = 0; i < 20; i++) {
        char line[32] = "", expected[32];
        snprintf(expected, sizeof expected, "line %d\n", i);
        cr_expect_gt(fprintf(stream, "%s", expected), 0);
        cr_assert_eq(fflush(stream), 0);
        cr_assert_not_null(fgets(line, sizeof line, stream), "%d", i);
        cr_assert_str_eq(line, expected);
    }
    cr_expect_eq(fclose(stream), 0);
    cr_expect_eq(code_of(process), 0, "its input has ended");
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, fwrite_and_fread_of_much)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH), *back = malloc(MUCH + 1);
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    FILE *out = open_stream(file, "w"), *in = open_stream(file, "r");
    cr_expect_eq(fwrite(text, 1, MUCH, out), MUCH);
    cr_expect_eq(fclose(out), 0);
    cr_expect_eq(fread(back, 1, MUCH + 1, in), MUCH);
    cr_expect_neq(feof(in), 0);
    cr_expect(is_alphabet(back, MUCH));
    cr_expect_eq(fclose(in), 0);
    cr_expect_eq(brood_file_close(file), 0);
    free(text);
    free(back);
    close_all(process, loop);
}

/* ---- order of ends --------------------------------------------------------------------- */

Test(file_stdio, the_input_ends_with_the_last_stream_that_writes)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_writer *writer = brood_process_stdin(process);
    brood_file *file = open_file(process, 60);
    FILE *streams[] = {open_stream(file, "w"), open_stream(file, "r+"), open_stream(file, "r"),
                       open_stream(file, "w")};
    cr_expect_eq(fclose(streams[0]), 0);
    cr_expect_eq(fclose(streams[1]), 0);
    cr_expect_eq(fclose(streams[2]), 0);
    cr_expect_not(brood_writer_is_closing(writer));
    cr_expect_eq(fclose(streams[3]), 0);
    cr_expect(brood_writer_is_closing(writer));
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, a_stream_that_only_reads_ends_nothing)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    cr_expect_eq(fclose(open_stream(file, "r")), 0);
    cr_expect_not(brood_writer_is_closing(brood_process_stdin(process)));
    cr_expect_eq(brood_file_write(file, "x", 1), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, a_file_that_is_closed_before_its_streams_leaves_them_to_be_closed)
{
    brood_loop *loop = test_loop();
    char line[16];
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    FILE *in = open_stream(file, "r"), *out = open_stream(file, "w");
    cr_expect_eq(brood_file_close(file), 0);
    errno = 0;
    cr_expect_null(fgets(line, sizeof line, in));
    cr_expect_neq(ferror(in), 0);
    cr_expect_eq(errno, EBADF);
    errno = 0;
    cr_expect_geq(fprintf(out, "x"), 0);
    cr_expect_eq(fflush(out), EOF);
    cr_expect_eq(errno, EBADF);
    cr_expect_eq(fclose(in), 0);
    fclose(out);
    close_all(process, loop);
}

Test(file_stdio, streams_may_be_closed_after_file_process_and_loop)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("pause"));
    brood_file *file = open_file(process, 60);
    FILE *in = open_stream(file, "r"), *out = open_stream(file, "w");
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
    cr_expect_eq(fclose(in), 0);
    cr_expect_eq(fclose(out), 0);
}

Test(file_stdio, streams_outlive_their_loop_and_can_do_nothing)
{
    brood_loop *loop = test_loop();
    char line[16];
    brood_file *file = open_file(spawn(loop, both_pipes, CHILD("cat")), 60);
    FILE *in = open_stream(file, "r"), *out = open_stream(file, "w");
    test_loop_close(loop);
    errno = 0;
    cr_expect_null(fgets(line, sizeof line, in));
    cr_expect_eq(errno, EBADF);
    errno = 0;
    cr_expect_geq(fputs("x", out), 0);
    cr_expect_eq(fflush(out), EOF);
    cr_expect_eq(errno, EBADF);
    cr_expect_eq(fclose(in), 0);
    fclose(out);
    cr_expect_eq(test_live_allocations(), 0, "the file went with its last stream");
}

/* ---- errors ------------------------------------------------------------------------------- */

Test(file_stdio, a_timeout_is_in_errno)
{
    brood_loop *loop = test_loop();
    char line[16];
    brood_process *process = spawn(loop, both_pipes, CHILD("pause"));
    brood_file *file = open_file(process, 0.01);
    FILE *in = open_stream(file, "r"), *out = open_stream(file, "w");
    errno = 0;
    cr_expect_null(fgets(line, sizeof line, in));
    cr_expect_eq(errno, ETIMEDOUT);
    cr_expect_neq(ferror(in), 0);
    cr_expect_eq(feof(in), 0);
    char *text = alphabet(MUCH);
    errno = 0;
    size_t written = fwrite(text, 1, MUCH, out); /* goes out in one piece or in several */
    if (written == MUCH) {
        fwrite(text, 1, MUCH, out);
        fflush(out);
    }
    cr_expect_eq(errno, ETIMEDOUT);
    cr_expect_neq(ferror(out), 0);
    free(text);
    fclose(in);
    fclose(out);
    cr_expect_eq(brood_file_close(file), BROOD_ETIMEDOUT);
    close_all(process, loop);
}

Test(file_stdio, a_broken_pipe_is_in_errno)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("close", "0", "pause"));
    brood_file *file = open_file(process, 60);
    FILE *out = open_stream(file, "w");
    cr_assert_eq(brood_writer_wait_closed(brood_process_stdin(process), test_deadline()), 0);
    errno = 0;
    cr_expect_geq(fprintf(out, "x"), 0);
    cr_expect_eq(fflush(out), EOF);
    cr_expect(errno == ECONNRESET || errno == EPIPE, "%d", errno);
    fclose(out);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

struct called {
    FILE *stream;
    char *line;
    int error;
    bool over;
};

static void read_in_callback(void *arg)
{
    struct called *called = arg;
    char line[16];
    errno = 0;
    called->line = fgets(line, sizeof line, called->stream);
    called->error = errno;
    called->over = true;
}

Test(file_stdio, what_has_no_number_of_the_systems_is_eio)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("pause"));
    brood_file *file = open_file(process, 60);
    struct called called = {.stream = open_stream(file, "r")};
    cr_assert_eq(brood_call_soon(loop, read_in_callback, &called, NULL), 0);
    test_run_until(loop, &called.over);
    cr_expect_null(called.line);
    cr_expect_eq(called.error, EIO, "waiting is not possible in a callback");
    cr_expect_eq(fclose(called.stream), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

Test(file_stdio, without_memory_there_is_none)
{
    static const char *const modes[] = {"r", "w", "r+"};
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    size_t allocations = test_live_allocations();
    for (int i = 0; i < 3; i++) {
        errno = 0;
        test_fail_allocation(1, false);
        cr_expect_null(brood_file_stdio(file, modes[i]));
        test_fail_allocation(0, false);
        cr_expect_eq(errno, ENOMEM, "%s: %d", modes[i], errno);
        cr_expect_eq(test_live_allocations(), allocations);
    }
    cr_expect_not(brood_writer_is_closing(brood_process_stdin(process)));
    cr_expect_eq(brood_file_write(file, "x", 1), 0);
    cr_expect_eq(brood_file_close(file), 0, "no view of it is left");
    cr_expect_lt(test_live_allocations(), allocations);
    close_all(process, loop);
}

/* ---- in a task -------------------------------------------------------------------------------- */

static int converse(void *arg)
{
    brood_file *file = arg;
    FILE *stream = brood_file_stdio(file, "r+");
    char line[32] = "";
    int wrong = 0;
    for (int i = 0; i < 10 && stream != NULL; i++) {
        fprintf(stream, "%d\n", i);
        fflush(stream);
        wrong += fgets(line, sizeof line, stream) == NULL || atoi(line) != i;
    }
    return stream == NULL || fclose(stream) != 0 ? -1 : wrong;
}

Test(file_stdio, several_conversations_at_once_in_tasks)
{
    enum { MANY = 4 };
    brood_loop *loop = test_loop();
    brood_process *processes[MANY];
    brood_file *files[MANY];
    brood_task *tasks[MANY];
    for (int i = 0; i < MANY; i++) {
        processes[i] = spawn(loop, both_pipes, CHILD("cat"));
        files[i] = open_file(processes[i], 60);
        tasks[i] = start_task(loop, converse, files[i]);
    }
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(join_task(tasks[i]), 0);
        cr_expect_eq(code_of(processes[i]), 0);
        cr_expect_eq(brood_file_close(files[i]), 0);
        brood_process_close(processes[i]);
    }
    test_loop_close(loop);
}
