/* communicate: input in, both outputs out, at once and without a deadlock.
 *
 * Errors of stdin other than those of 72 are in test_process_faults.c. */
#include "processes.h"

SUITE(communicate);

enum { MUCH = 8 << 20 };

static int communicate(brood_process *process, const void *input, size_t len, brood_buffer *out,
                       brood_buffer *err)
{
    return brood_process_communicate(process, input, len, out, err, test_deadline());
}

static void free_both(brood_buffer *out, brood_buffer *err)
{
    brood_buffer_free(out);
    brood_buffer_free(err);
}

/* ---- all at once ------------------------------------------------------------------ */

Test(communicate, sem_71_it_feeds_and_reads_both_at_once_and_waits_for_the_end)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES},
              CHILD("fill", "2", "300000", "cat", "fill", "2", "52", "exit", "3"));
    char *input = alphabet(MUCH);
    cr_expect_eq(communicate(process, input, MUCH, &out, &err), 0);
    cr_expect_eq(out.len, MUCH);
    cr_expect(is_alphabet(out.data, out.len));
    cr_expect_eq(out.data[out.len], '\0');
    cr_expect_eq(err.len, 300052);
    brood_returncode code = -1000;
    cr_expect(brood_process_returncode(process, &code));
    cr_expect_eq(code, 3);
    free(input);
    free_both(&out, &err);
    close_all(process, loop);
}

Test(communicate, sem_71_a_stream_that_is_no_pipe_leaves_its_buffer_alone)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    brood_spawn_options options = {.out.kind = BROOD_DEVNULL, PIPE_ERR};
    brood_process *process = spawn(loop, options, CHILD("out", "lost", "err", "e"));
    cr_expect_eq(communicate(process, NULL, 0, &out, &err), 0);
    cr_expect_null(out.data);
    cr_expect(holds(&err, "e"));
    free_both(&out, &err);
    brood_process_close(process);

    process = spawn(loop, (brood_spawn_options){0}, CHILD("exit", "0"));
    cr_expect_eq(communicate(process, NULL, 0, &out, &err), 0);
    cr_expect_null(out.data);
    cr_expect_null(err.data);
    close_all(process, loop);
}

Test(communicate, sem_71_stdin_is_closed_afterwards)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN}, CHILD("exit", "0"));
    cr_expect_eq(communicate(process, NULL, 0, NULL, NULL), 0);
    cr_expect(brood_writer_is_closing(brood_process_stdin(process)));
    cr_expect_eq(brood_writer_write(brood_process_stdin(process), "x", 1), BROOD_ECLOSED);
    close_all(process, loop);
}

Test(communicate, what_it_brings_is_appended)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    cr_assert_eq(brood_buffer_append(&out, "before ", 7), 0);
    cr_assert_eq(brood_buffer_append(&err, "too ", 4), 0);
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("out", "after", "err", "e"));
    cr_expect_eq(communicate(process, NULL, 0, &out, &err), 0);
    cr_expect(holds(&out, "before after"));
    cr_expect(holds(&err, "too e"));
    free_both(&out, &err);
    close_all(process, loop);
}

Test(communicate, null_drops_an_output)
{
    brood_loop *loop = test_loop();
    for (int mask = 0; mask < 4; mask++) {
        brood_buffer out = {0}, err = {0};
        brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, PIPE_ERR, .limit = 10},
                                       CHILD("fill", "1", "500000", "fill", "2", "400000"));
        cr_expect_eq(communicate(process, NULL, 0, mask & 1 ? &out : NULL, mask & 2 ? &err : NULL),
                     0);
        cr_expect_eq(out.len, mask & 1 ? 500000 : 0);
        cr_expect_eq(err.len, mask & 2 ? 400000 : 0);
        cr_expect(is_alphabet(out.data, out.len));
        cr_expect_eq(code_of(process), 0);
        free_both(&out, &err);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(communicate, what_was_written_and_read_before_comes_first)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_slice line;
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("out", "1\n2\n", "cat"));
    char *input = alphabet(200000);
    cr_assert_geq(brood_writer_write(brood_process_stdin(process), input, 200000), 0);
    cr_expect_eq(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()), 2);
    cr_expect_eq(communicate(process, "the end", 7, &out, NULL), 0);
    cr_assert_eq(out.len, 200009, "%zu", out.len);
    cr_expect_arr_eq(out.data, "2\n", 2);
    cr_expect(is_alphabet(out.data + 2, 200000));
    cr_expect_str_eq(out.data + 200002, "the end");
    free(input);
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* ---- stdin ------------------------------------------------------------------------- */

Test(communicate, sem_72_a_broken_stdin_is_no_error)
{
    brood_loop *loop = test_loop();
    char *input = alphabet(1 << 20);
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT},
                                   CHILD("byte", "0", "close", "0", "out", "enough"));
    cr_expect_eq(communicate(process, input, 1 << 20, &out, NULL), 0);
    cr_expect(holds(&out, "enough"));
    brood_buffer_free(&out);
    brood_process_close(process);

    /* One that is broken already. */
    process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("out", "unasked"));
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_writer_wait_closed(brood_process_stdin(process), test_deadline()), 0);
    cr_expect_eq(communicate(process, input, 1 << 20, &out, NULL), 0);
    cr_expect(holds(&out, "unasked"));
    brood_buffer_free(&out);
    free(input);
    close_all(process, loop);
}

Test(communicate, sem_73_without_input_stdin_is_closed)
{
    brood_loop *loop = test_loop();
    const char *const inputs[] = {NULL, ""};
    for (int i = 0; i < 2; i++) {
        brood_buffer out = {0};
        brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT},
                                       CHILD("eof", "0", "out", "ended", "exit", "4"));
        cr_expect_eq(communicate(process, inputs[i], 0, &out, NULL), 0);
        cr_expect(holds(&out, "ended"));
        cr_expect_eq(code_of(process), 4);
        brood_buffer_free(&out);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

/* asyncio ignores it, or fails in some other way. */
Test(communicate, sem_74_input_without_a_pipe_to_write_it_to_is_refused)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_spawn_options options = {.in.kind = BROOD_DEVNULL, PIPE_OUT};
    brood_process *process = spawn(loop, options, CHILD("out", "all the same"));
    cr_expect_eq(communicate(process, "x", 1, &out, NULL), BROOD_EINVAL);
    cr_expect_eq(communicate(process, "", 0, &out, NULL), BROOD_EINVAL);
    cr_expect_eq(communicate(process, NULL, 1, &out, NULL), BROOD_EINVAL);
    cr_expect_null(out.data);
    cr_expect_eq(communicate(process, NULL, 0, &out, NULL), 0);
    cr_expect(holds(&out, "all the same"));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* ---- again, and at the same time ------------------------------------------------------ */

Test(communicate, sem_75_a_call_after_the_end_appends_nothing)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("cat", "err", "e"));
    cr_expect_eq(communicate(process, "text", 4, &out, &err), 0);
    for (int i = 0; i < 3; i++) {
        brood_buffer empty = {0};
        cr_expect_eq(communicate(process, NULL, 0, &out, &err), 0);
        cr_expect_eq(communicate(process, NULL, 0, &empty, NULL), 0);
        cr_expect_eq(empty.len, 0);
        brood_buffer_free(&empty);
    }
    cr_expect(holds(&out, "text"));
    cr_expect(holds(&err, "e"));
    free_both(&out, &err);
    close_all(process, loop);
}

static int read_line(void *arg)
{
    brood_slice line;
    return (int)brood_reader_readline(arg, &line, test_deadline());
}

Test(communicate, it_is_refused_while_somebody_reads)
{
    brood_loop *loop = test_loop();
    for (int fd = 1; fd < 3; fd++) {
        brood_buffer out = {0};
        brood_process *process = spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("cat"));
        brood_task *task =
            start_task(loop, read_line,
                       fd == 1 ? brood_process_stdout(process) : brood_process_stderr(process));
        test_settle(loop);
        cr_expect_eq(communicate(process, "text", 4, &out, NULL), BROOD_EBUSY);
        cr_expect_null(out.data);
        brood_task_cancel(task);
        cr_expect_eq(join_task(task), BROOD_ECANCELED);
        cr_expect_eq(communicate(process, "text", 4, &out, NULL), 0, "nothing had changed");
        cr_expect(holds(&out, "text"));
        brood_buffer_free(&out);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

struct talk {
    brood_process *process;
    brood_buffer out, err;
    const char *input;
    int result;
};

static int talk(void *arg)
{
    struct talk *talk = arg;
    size_t len = talk->input == NULL ? 0 : strlen(talk->input);
    return communicate(talk->process, talk->input, len, &talk->out, &talk->err);
}

Test(communicate, meanwhile_nobody_else_reads_and_everybody_may_wait)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    struct talk ours = {.input = "x"};
    brood_slice line;
    ours.process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)}, CHILD("cat", "byte", gate.name));
    brood_reader *reader = brood_process_stdout(ours.process);
    brood_task *task = start_task(loop, talk, &ours);
    test_settle(loop);
    cr_expect_eq(communicate(ours.process, NULL, 0, NULL, NULL), BROOD_EBUSY);
    cr_expect_eq(brood_reader_readline(reader, &line, BROOD_NOWAIT), BROOD_EBUSY);
    cr_expect_eq(brood_process_wait(ours.process, NULL, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(code_of(ours.process), 0);
    cr_expect_eq(join_task(task), 0);
    cr_expect(holds(&ours.out, "x"));
    free_both(&ours.out, &ours.err);
    gate_end(&gate);
    close_all(ours.process, loop);
}

enum { TALKS = 10 };

Test(communicate, sem_77_ten_at_once_give_each_its_own)
{
    static const char *const inputs[TALKS] = {"zero", "one", "two",   "three", "four",
                                              "five", "six", "seven", "eight", "nine"};
    brood_loop *loop = test_loop();
    struct talk talks[TALKS] = {{0}};
    brood_task *tasks[TALKS];
    for (int i = 0; i < TALKS; i++) {
        talks[i].input = inputs[i];
        talks[i].process = spawn(loop, (brood_spawn_options){ALL_PIPES},
                                 CHILD("cat", "err", inputs[TALKS - 1 - i]));
        tasks[i] = start_task(loop, talk, &talks[i]);
    }
    for (int i = 0; i < TALKS; i++) {
        cr_expect_eq(join_task(tasks[i]), 0);
        cr_expect(holds(&talks[i].out, inputs[i]), "%d", i);
        cr_expect(holds(&talks[i].err, inputs[TALKS - 1 - i]), "%d", i);
        free_both(&talks[i].out, &talks[i].err);
        brood_process_close(talks[i].process);
    }
    test_loop_close(loop);
}

/* ---- in a callback ---------------------------------------------------------------------- */

static void talk_in_callback(void *arg)
{
    struct talk *ours = arg;
    ours->result = talk(ours);
    ours->input = NULL;
}

static void run_callback(brood_loop *loop, struct talk *ours)
{
    cr_assert_eq(brood_call_soon(loop, talk_in_callback, ours, NULL), 0);
    test_settle(loop);
}

Test(communicate, in_a_callback_it_cannot_wait)
{
    brood_loop *loop = test_loop();
    struct talk ours = {.input = NULL};
    ours.process = spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("eof", "0", "out", "text"));
    run_callback(loop, &ours);
    cr_expect_eq(ours.result, BROOD_EWAIT);
    cr_expect_null(ours.out.data);
    cr_expect_eq(talk(&ours), 0);
    cr_expect(holds(&ours.out, "text"));
    free_both(&ours.out, &ours.err);
    close_all(ours.process, loop);
}

/* As after every failure; only a time-out and a cancellation leave the input given. */
Test(communicate, what_is_refused_in_a_callback_has_changed_nothing)
{
    brood_loop *loop = test_loop();
    struct talk ours = {.input = "lost"};
    ours.process = spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("cat"));
    run_callback(loop, &ours);
    cr_expect_eq(ours.result, BROOD_EWAIT);
    cr_expect_not(brood_writer_is_closing(brood_process_stdin(ours.process)));
    cr_expect_eq(communicate(ours.process, "given", 5, &ours.out, &ours.err), 0);
    cr_expect(holds(&ours.out, "given"));
    free_both(&ours.out, &ours.err);
    close_all(ours.process, loop);
}
