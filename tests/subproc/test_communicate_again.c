/* communicate after a time-out or a cancellation: nothing is lost, wherever the cut
 * was, and another call without input goes on.  All of this is our form of 76. */
#include "processes.h"

SUITE(communicate_again);

enum { PARTS = 6, MUCH = 1 << 20 };

static int communicate(brood_process *process, brood_buffer *out, brood_buffer *err)
{
    return brood_process_communicate(process, NULL, 0, out, err, test_deadline());
}

/* ---- wherever the cut is ------------------------------------------------------------- */

/* Says "ab" on both, part after part, each when let through, then closes them, and ends. */
static brood_process *start_parts(brood_loop *loop, const struct gate *gate)
{
    return spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(gate)},
                 CHILD("out", "a", "err", "A", "byte", gate->name, "out", "b", "err", "B", "byte",
                       gate->name, "out", "c", "err", "C", "byte", gate->name, "close", "1", "byte",
                       gate->name, "close", "2", "byte", gate->name, "exit", "8"));
}

/* How many bytes of stdout and stderr have come when so many were let through. */
static void wait_for_parts(brood_loop *loop, brood_process *process, int passed)
{
    size_t expected = passed < 2 ? (size_t)passed + 1 : 3;
    while (brood_reader_buffered(brood_process_stdout(process)) < expected ||
           brood_reader_buffered(brood_process_stderr(process)) < expected)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    if (passed >= 3)
        cr_assert_eq(brood_reader_wait_eof(brood_process_stdout(process), test_deadline()), 0);
    if (passed >= 4)
        cr_assert_eq(brood_reader_wait_eof(brood_process_stderr(process), test_deadline()), 0);
}

static void cut_after(int passed, bool come_before, brood_time deadline)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0}, err = {0};
    brood_process *process = start_parts(loop, &gate);
    for (int i = 0; i < passed; i++)
        gate_pass(&gate);
    if (come_before)
        wait_for_parts(loop, process, passed);
    cr_expect_eq(brood_process_communicate(process, "", 0, &out, &err, deadline), BROOD_ETIMEDOUT);
    cr_expect_null(out.data, "outputs are untouched");
    cr_expect_null(err.data);
    for (int i = passed; i < PARTS - 1; i++)
        gate_pass(&gate);
    cr_expect_eq(communicate(process, &out, &err), 0);
    cr_expect(holds(&out, "abc"), "after %d", passed);
    cr_expect(holds(&err, "ABC"), "after %d", passed);
    cr_expect_eq(code_of(process), 8);
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    gate_end(&gate);
    close_all(process, loop);
}

Test(communicate_again, sem_76_after_a_timeout_nothing_is_lost_wherever_it_came)
{
    for (int passed = 0; passed < PARTS - 1; passed++) {
        cut_after(passed, true, BROOD_NOWAIT);
        cut_after(passed, false, brood_in(0.01));
        cut_after(passed, false, BROOD_NOWAIT);
    }
}

Test(communicate_again, sem_76_cut_as_often_as_can_be_it_still_brings_all)
{
    brood_loop *loop = test_loop();
    char *input = alphabet(MUCH);
    brood_buffer out = {0}, err = {0};
    int error, cuts = -1;
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES},
              CHILD("fill", "2", "100000", "cat", "fill", "2", "4", "exit", "8"));
    error = brood_process_communicate(process, input, MUCH, &out, &err, BROOD_NOWAIT);
    free(input);
    brood_time deadline = test_deadline();
    for (cuts = 0; error == BROOD_ETIMEDOUT && brood_now() < deadline; cuts++) {
        cr_assert_eq(out.len + err.len, 0);
        error = brood_process_communicate(process, NULL, 0, &out, &err, brood_in(cuts % 2 * 1e-4));
    }
    cr_expect_eq(error, 0);
    cr_expect_gt(cuts, 2);
    cr_expect_eq(out.len, MUCH);
    cr_expect(is_alphabet(out.data, out.len));
    cr_expect_eq(err.len, 100004);
    cr_expect_eq(code_of(process), 8);
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    close_all(process, loop);
}

Test(communicate_again, sem_76_a_cut_between_the_exit_and_the_last_pipe_loses_nothing)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
                                   CHILD("fork", "close", "2", "eof", gate.name, "out", " late",
                                         "--", "out", "early", "exit", "8"));
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 8);
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, NULL, brood_in(0.01)),
                 BROOD_ETIMEDOUT);
    cr_expect_null(out.data);
    gate_end(&gate);
    cr_expect_eq(communicate(process, &out, NULL), 0);
    cr_expect(holds(&out, "early late"));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* ---- cancelled ----------------------------------------------------------------------------- */

struct talk {
    brood_process *process;
    brood_buffer out;
    char *input;
    bool over;
};

/* The input is the caller's again as soon as the call has returned. */
static int talk(void *arg)
{
    struct talk *talk = arg;
    int result = brood_process_communicate(talk->process, talk->input, MUCH, &talk->out, NULL,
                                           test_deadline());
    memset(talk->input, '!', MUCH);
    free(talk->input);
    talk->over = true;
    return result;
}

Test(communicate_again, sem_76_after_a_cancellation_nothing_is_lost)
{
    for (int begun = 0; begun < 3; begun++) {
        brood_loop *loop = test_loop();
        struct gate gate = gate_make();
        struct talk ours = {.input = alphabet(MUCH)};
        ours.process =
            spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                  begun == 2 ? CHILD("cat", "byte", gate.name) : CHILD("byte", gate.name, "cat"));
        brood_task *task = start_task(loop, talk, &ours);
        if (begun > 0) /* else it is cancelled before its first wait */
            test_settle(loop);
        brood_task_cancel(task);
        cr_expect_eq(join_task(task), BROOD_ECANCELED);
        cr_expect_null(ours.out.data);
        gate_pass(&gate);
        cr_expect_eq(communicate(ours.process, &ours.out, NULL), 0);
        cr_expect_eq(ours.out.len, MUCH, "%d: %zu", begun, ours.out.len);
        cr_expect(is_alphabet(ours.out.data, ours.out.len));
        brood_buffer_free(&ours.out);
        gate_end(&gate);
        close_all(ours.process, loop);
    }
}

/* ---- input ----------------------------------------------------------------------------------- */

Test(communicate_again, sem_76_new_input_is_refused_also_when_there_was_none)
{
    static const struct {
        const char *first;
        const char *said;
    } cases[] = {{NULL, ""}, {"", ""}, {"first", "first"}};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++) {
        struct gate gate = gate_make();
        brood_buffer out = {0};
        const char *first = cases[i].first;
        brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                                       CHILD("byte", gate.name, "cat"));
        cr_expect_eq(brood_process_communicate(process, first, first == NULL ? 0 : strlen(first),
                                               &out, NULL, brood_in(0.01)),
                     BROOD_ETIMEDOUT);
        cr_expect_eq(brood_process_communicate(process, "new", 3, &out, NULL, BROOD_NOWAIT),
                     BROOD_EINVAL);
        cr_expect_eq(brood_process_communicate(process, "", 0, &out, NULL, BROOD_NOWAIT),
                     BROOD_EINVAL);
        gate_pass(&gate);
        cr_expect_eq(communicate(process, &out, NULL), 0);
        cr_expect(holds(&out, cases[i].said));
        cr_expect_eq(brood_process_communicate(process, "new", 3, &out, NULL, BROOD_NOWAIT),
                     BROOD_EINVAL, "nor after the end");
        brood_buffer_free(&out);
        gate_end(&gate);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

/* A process whose communicate, with much input, has been cut before anything was read. */
static brood_process *start_cut(brood_loop *loop, const struct gate *gate, size_t limit)
{
    char *input = alphabet(MUCH);
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, .limit = limit, GATE(gate)},
              CHILD("byte", gate->name, "out", "line\n", "count", "0", "1", "byte", gate->name,
                    "out", "rest"));
    cr_expect_eq(brood_process_communicate(process, input, MUCH, &out, NULL, brood_in(0.01)),
                 BROOD_ETIMEDOUT);
    memset(input, '!', MUCH);
    free(input);
    return process;
}

Test(communicate_again, sem_76_the_rest_of_the_input_goes_on_by_itself)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_cut(loop, &gate, 0);
    cr_expect_gt(brood_writer_buffered(brood_process_stdin(process)), MUCH / 2);
    gate_pass(&gate);
    cr_expect_eq(brood_writer_wait_closed(brood_process_stdin(process), test_deadline()), 0);
    cr_expect_eq(brood_writer_buffered(brood_process_stdin(process)), 0);
    gate_end(&gate);
    close_all(process, loop);
}

Test(communicate_again, sem_76_what_is_left_can_be_read_with_the_reader_too)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_slice line;
    brood_process *process = start_cut(loop, &gate, 0);
    brood_reader *reader = brood_process_stdout(process);
    gate_pass(&gate);
    cr_expect_eq(brood_reader_readline(reader, &line, test_deadline()), 5);
    cr_expect_arr_eq(line.data, "line\n", 5);
    cr_expect_eq(number_from(process), MUCH);
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, NULL, brood_in(0.01)),
                 BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(brood_reader_read_all(reader, &out, SIZE_MAX, test_deadline()), 4);
    cr_expect(holds(&out, "rest"));
    cr_expect_eq(communicate(process, &out, NULL), 0);
    cr_expect(holds(&out, "rest"), "and it is not there twice");
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}

/* ---- in between -------------------------------------------------------------------------------- */

Test(communicate_again, sem_76_in_between_the_limit_holds_up_the_child_and_nothing_is_lost)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, .limit = 100}, CHILD("fill", "1", "1000000"));
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, NULL, BROOD_NOWAIT),
                 BROOD_ETIMEDOUT);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.001)), 0);
    size_t buffered = brood_reader_buffered(brood_process_stdout(process));
    for (int i = 0; i < 20; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.001)), 0);
    if (buffered > 200) /* it had come that far */
        cr_expect_eq(brood_reader_buffered(brood_process_stdout(process)), buffered);
    cr_expect_not(brood_process_returncode(process, NULL), "it is held up");
    cr_expect_eq(communicate(process, &out, NULL), 0);
    cr_expect_eq(out.len, 1000000);
    cr_expect(is_alphabet(out.data, out.len));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* What was dropped stays dropped; what comes later can be had. */
Test(communicate_again, what_one_call_drops_another_does_not_bring_back)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make(), told = gate_make_back();
    char byte[2];
    brood_buffer out = {0};
    gate_add(&gate, &told);
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
              CHILD("out", "dropped", "fill", told.name, "1", "byte", gate.name, "out", "kept"));
    gate_hear(&told, byte, sizeof byte);
    cr_assert_str_eq(byte, "a"); /* it has spoken */
    for (int i = 0; i < 3; i++)
        cr_expect_eq(brood_process_communicate(process, NULL, 0, NULL, NULL, BROOD_NOWAIT),
                     BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(communicate(process, &out, NULL), 0);
    cr_expect(holds(&out, "kept"));
    brood_buffer_free(&out);
    gate_end(&gate);
    gate_end(&told);
    close_all(process, loop);
}

Test(communicate_again, a_loop_that_was_stopped_is_a_cancellation)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                                   CHILD("byte", gate.name, "cat"));
    brood_loop_stop(loop);
    cr_expect_eq(brood_process_communicate(process, "text", 4, &out, NULL, test_deadline()),
                 BROOD_ECANCELED);
    gate_pass(&gate);
    cr_expect_eq(communicate(process, &out, NULL), 0);
    cr_expect(holds(&out, "text"));
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}
