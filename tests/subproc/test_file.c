/* A process as a file: brood_file_*. */
#include <math.h>

#include "processes.h"

SUITE(file);

enum { MUCH = 4 << 20 };

static brood_file *open_file(brood_process *process, double seconds)
{
    brood_file *file = NULL;
    cr_assert_eq(brood_file_open(process, seconds, &file), 0);
    return file;
}

static void close_file(brood_file *file, brood_process *process, brood_loop *loop)
{
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

/* ---- opening --------------------------------------------------------------------------- */

Test(file, what_makes_no_sense_is_refused)
{
    brood_loop *loop = test_loop();
    brood_file *file = NULL;
    char byte;
    brood_slice line;
    brood_process *process = spawn(loop, (brood_spawn_options){0}, CHILD("pause"));
    cr_expect_eq(brood_file_open(NULL, 0, &file), BROOD_EINVAL);
    cr_expect_eq(brood_file_open(process, 0, NULL), BROOD_EINVAL);
    cr_expect_eq(brood_file_open(process, -1, &file), BROOD_EINVAL);
    cr_expect_eq(brood_file_open(process, (double)NAN, &file), BROOD_EINVAL);
    cr_expect_null(file);
    cr_expect_eq(brood_file_read(NULL, &byte, 1), BROOD_EBADF);
    cr_expect_eq(brood_file_readline(NULL, &line), BROOD_EBADF);
    cr_expect_eq(brood_file_write(NULL, "x", 1), BROOD_EBADF);
    cr_expect_eq(brood_file_flush(NULL), BROOD_EBADF);
    cr_expect_eq(brood_file_close(NULL), 0);
    close_all(process, loop);
}

Test(file, what_is_no_pipe_is_a_bad_descriptor)
{
    brood_loop *loop = test_loop();
    char byte;
    brood_slice line;
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_ERR}, CHILD("pause"));
    brood_file *file = open_file(process, 0);
    cr_expect_eq(brood_file_read(file, &byte, 1), BROOD_EBADF);
    cr_expect_eq(brood_file_readline(file, &line), BROOD_EBADF);
    cr_expect_eq(brood_file_write(file, "x", 1), BROOD_EBADF);
    close_file(file, process, loop);
}

/* ---- reading and writing ---------------------------------------------------------------- */

Test(file, a_conversation_in_lines)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    for (int i = 0; i < 50; i++) {
        char text[32];
        brood_slice line;
        int length = snprintf(text, sizeof text, "line %d\n", i);
        cr_assert_eq(brood_file_write(file, text, (size_t)length), 0);
        cr_assert_eq(brood_file_flush(file), 0);
        cr_assert_eq(brood_file_readline(file, &line), length);
        cr_assert_arr_eq(line.data, text, (size_t)length);
    }
    close_file(file, process, loop);
}

Test(file, read_gives_what_is_there_and_then_the_end)
{
    brood_loop *loop = test_loop();
    char text[8];
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT}, CHILD("out", "abcde"));
    brood_file *file = open_file(process, 60);
    cr_expect_eq(brood_file_read(file, text, 3), 3);
    cr_expect_arr_eq(text, "abc", 3);
    cr_expect_eq(brood_file_read(file, text, 8), 2);
    cr_expect_arr_eq(text, "de", 2);
    cr_expect_eq(brood_file_read(file, text, 8), 0);
    cr_expect_eq(brood_file_read(file, text, 8), 0);
    close_file(file, process, loop);
}

static void read_back(brood_file *file, size_t len)
{
    char *text = malloc(len);
    size_t got = 0;
    ptrdiff_t n;
    while (got < len && (n = brood_file_read(file, text + got, len - got)) > 0)
        got += (size_t)n;
    cr_expect_eq(got, len);
    cr_expect(is_alphabet(text, got));
    free(text);
}

Test(file, much_is_written_to_a_child_that_writes_it_back)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, .limit = 1000}, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    for (int i = 0; i < MUCH; i += MUCH / 64)
        cr_assert_eq(brood_file_write(file, text + i, MUCH / 64), 0);
    cr_expect_eq(brood_file_flush(file), 0);
    cr_expect_eq(brood_writer_buffered(brood_process_stdin(process)), 0);
    read_back(file, MUCH);
    free(text);
    close_file(file, process, loop);
}

Test(file, much_in_one_piece_too)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("cat"));
    brood_file *file = open_file(process, 0);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0);
    free(text);
    cr_expect_eq(brood_file_flush(file), 0);
    read_back(file, MUCH);
    close_file(file, process, loop);
}

/* ---- time-outs ----------------------------------------------------------------------------- */

Test(file, each_call_takes_its_time_at_most)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    char *text = alphabet(MUCH), byte;
    brood_slice line;
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                                   CHILD("byte", gate.name, "count", "0", "1"));
    brood_file *file = open_file(process, 0.01);
    cr_expect_eq(brood_file_read(file, &byte, 1), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_file_readline(file, &line), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0, "accepted");
    cr_expect_eq(brood_file_write(file, text, 1000), BROOD_ETIMEDOUT, "over the mark");
    cr_expect_eq(brood_file_flush(file), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(brood_writer_flush(brood_process_stdin(process), test_deadline()), 0);
    cr_expect_eq(brood_file_write(file, text, 1), 0);
    brood_writer_close(brood_process_stdin(process));
    cr_expect_eq(number_from(process), MUCH + 1, "what was refused was not written");
    free(text);
    gate_end(&gate);
    close_file(file, process, loop);
}

/* ---- ends -------------------------------------------------------------------------------------- */

Test(file, close_ends_the_input_and_leaves_the_process)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT},
                                   CHILD("count", "0", "1", "exit", "2"));
    brood_file *file = open_file(process, 60);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0);
    cr_expect_eq(brood_file_close(file), 0);
    cr_expect_eq(brood_writer_buffered(brood_process_stdin(process)), 0);
    cr_expect_eq(number_from(process), MUCH);
    cr_expect_eq(code_of(process), 2);
    free(text);
    close_all(process, loop);
}

Test(file, close_listens_while_it_waits)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, .limit = 100}, CHILD("cat"));
    brood_file *file = open_file(process, 60);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0);
    cr_expect_eq(brood_file_close(file), 0);
    free(text);
    cr_expect_eq(
        brood_reader_read_all(brood_process_stdout(process), &out, SIZE_MAX, test_deadline()),
        MUCH);
    cr_expect(is_alphabet(out.data, out.len));
    brood_buffer_free(&out);
    close_all(process, loop);
}

Test(file, close_frees_it_whatever_the_result)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN}, CHILD("pause"));
    brood_file *file = open_file(process, 0.01);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0);
    size_t allocations = test_live_allocations();
    cr_expect_eq(brood_file_close(file), BROOD_ETIMEDOUT);
    cr_expect_eq(test_live_allocations(), allocations - 1);
    free(text);
    close_all(process, loop);
}

Test(file, a_child_that_has_gone_breaks_the_pipe)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN}, CHILD("byte", "0"));
    brood_file *file = open_file(process, 60);
    cr_expect_eq(brood_file_write(file, text, MUCH), 0);
    cr_expect_eq(brood_file_flush(file), BROOD_EPIPE);
    int error = brood_file_write(file, text, 1);
    cr_expect(error == BROOD_ECONNRESET || error == BROOD_ECLOSED, "%s", brood_errname(error));
    cr_expect_eq(brood_file_close(file), BROOD_EPIPE);
    free(text);
    close_all(process, loop);
}

/* ---- beside others ------------------------------------------------------------------------------- */

struct reading {
    brood_process *process;
    size_t got;
};

static int read_in_task(void *arg)
{
    struct reading *reading = arg;
    brood_slice slice;
    ptrdiff_t n;
    while ((n = brood_reader_read_slice(brood_process_stdout(reading->process), &slice,
                                        test_deadline())) > 0)
        reading->got += (size_t)n;
    return (int)n;
}

Test(file, a_write_beside_a_task_that_reads)
{
    brood_loop *loop = test_loop();
    char *text = alphabet(MUCH);
    struct reading reading = {
        .process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("cat"))};
    brood_file *file = open_file(reading.process, 60);
    brood_task *task = start_task(loop, read_in_task, &reading);
    test_settle(loop);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(brood_file_write(file, text, MUCH / 4), 0);
    cr_expect_eq(brood_file_close(file), 0);
    cr_expect_eq(join_task(task), 0);
    cr_expect_eq(reading.got, MUCH);
    free(text);
    close_all(reading.process, loop);
}
