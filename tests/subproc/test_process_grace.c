/* pipe_grace_seconds: how long pipes stay open after the exit that a descendant holds. */
#include "processes.h"

SUITE(process_grace);

#define GRACE .pipe_grace_seconds = 0.03

static ptrdiff_t read_all(brood_reader *reader, brood_buffer *out)
{
    return brood_reader_read_all(reader, out, SIZE_MAX, test_deadline());
}

/* ---- with a descendant ---------------------------------------------------------------- */

Test(process_grace, readers_get_the_end_though_a_grandchild_holds_stdout)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, GRACE, GATE(&gate)},
              CHILD("fork", "eof", gate.name, "--", "fill", "1", "40000", "exit", "5"));
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 5);
    cr_expect_eq(read_all(brood_process_stdout(process), &out), 40000);
    cr_expect(is_alphabet(out.data, out.len));
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect(brood_process_was_cut(process));
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_grace, what_the_grandchild_said_in_time_is_there)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make(), other = gate_make();
    char byte;
    brood_buffer out = {0}, err = {0};
    gate_add(&gate, &other);
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GRACE, GATE(&gate)},
              CHILD("fork", "byte", gate.name, "out", "from the grandchild", "err", "x", "eof",
                    gate.name, "out", "late", "--", "byte", other.name));
    cr_expect_gt(number_from(process), 0);
    gate_pass(&gate);
    cr_expect_eq(brood_reader_read(brood_process_stderr(process), &byte, 1, test_deadline()), 1);
    gate_pass(&other); /* now the child ends */
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, &err, test_deadline()), 0);
    cr_expect(holds(&out, "from the grandchild"));
    cr_expect_eq(err.len, 0);
    cr_expect(brood_process_was_cut(process));
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    gate_end(&gate);
    gate_end(&other);
    close_all(process, loop);
}

Test(process_grace, a_grandchild_that_only_holds_stdin_cuts_nothing)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make(), other = gate_make(), told = gate_make_back();
    char text[8];
    gate_add(&gate, &other);
    gate_add(&gate, &told);
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GRACE, GATE(&gate)},
              CHILD("fork", "close", "1", "fill", told.name, "1", "eof", gate.name, "--", "byte",
                    other.name));
    cr_expect_gt(number_from(process), 0);
    gate_hear(&told, text, sizeof text);
    gate_pass(&other); /* now the child ends */
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect_not(brood_process_was_cut(process));
    gate_end(&gate);
    gate_end(&other);
    gate_end(&told);
    close_all(process, loop);
}

/* Which is not read, so that what is buffered for it never goes out. */
Test(process_grace, input_that_a_grandchild_does_not_read_is_given_up)
{
    enum { MUCH = 1 << 20 };
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    char *input = alphabet(MUCH);
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GRACE, GATE(&gate)},
              CHILD("fork", "eof", gate.name, "--", "exit", "2"));
    int error = brood_process_communicate(process, input, MUCH, &out, NULL, brood_in(5));
    cr_expect_eq(error, 0, "%s", brood_errname(error));
    cr_expect_eq(code_of(process), 2);
    cr_expect(brood_process_was_cut(process));
    brood_buffer_free(&out);
    free(input);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_grace, it_begins_with_the_exit)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GRACE, GATE(&gate)},
                                   CHILD("byte", gate.name, "out", "still there"));
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.1)), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(read_all(brood_process_stdout(process), &out), 11);
    cr_expect_not(brood_process_was_cut(process));
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_grace, run_tells_that_it_was_cut)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_result result;
    brood_spawn_options options = {PIPE_ERR, GRACE, GATE(&gate), .out.kind = BROOD_DEVNULL,
                                   .argv =
                                       CHILD("fork", "eof", gate.name, "--", "err", "all of it")};
    cr_assert_eq(brood_run(loop, &options, NULL, 0, &result, test_deadline()), 0);
    cr_expect_eq(result.returncode, 0);
    cr_expect(holds(&result.err, "all of it"));
    cr_expect(result.cut);
    brood_result_free(&result);
    gate_end(&gate);
    test_loop_close(loop);
}

/* ---- without one -------------------------------------------------------------------------- */

Test(process_grace, without_a_descendant_nothing_is_cut)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GRACE}, CHILD("fill", "1", "500000"));
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, NULL, test_deadline()), 0);
    cr_expect_eq(out.len, 500000);
    cr_expect_not(brood_process_was_cut(process));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* More than the reader takes by itself is in the pipe when the child ends.  It is the
 * child's own, and nobody holds the pipe. */
Test(process_grace, what_a_paused_reader_has_not_taken_yet_is_not_lost)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GRACE, .limit = 1000},
                                   CHILD("fill", "1", "60000"));
    cr_expect_eq(code_of(process), 0);
    brood_process_wait_finished(process, NULL, brood_in(0.2));
    cr_expect_eq(read_all(brood_process_stdout(process), &out), 60000, "%zu", out.len);
    cr_expect(is_alphabet(out.data, out.len));
    cr_expect_not(brood_process_was_cut(process));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* Everything that was there also when somebody does hold it. */
Test(process_grace, what_a_paused_reader_has_not_taken_yet_outlives_the_cut)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, GRACE, GATE(&gate), .limit = 1000},
              CHILD("fork", "eof", gate.name, "--", "fill", "1", "60000"));
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect(brood_process_was_cut(process));
    cr_expect_eq(read_all(brood_process_stdout(process), &out), 60000, "%zu", out.len);
    cr_expect(is_alphabet(out.data, out.len));
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_grace, zero_waits_as_long_as_it_takes)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
                                   CHILD("fork", "eof", gate.name, "out", "late", "--"));
    cr_expect_gt(number_from(process), 0);
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.1)), BROOD_ETIMEDOUT);
    gate_end(&gate);
    cr_expect_eq(read_all(brood_process_stdout(process), &out), 4);
    cr_expect(holds(&out, "late"));
    cr_expect_not(brood_process_was_cut(process));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* ---- with an end of another kind --------------------------------------------------------------- */

Test(process_grace, closing_and_detaching_before_it_is_over_are_fine)
{
    brood_loop *loop = test_loop();
    for (int how = 0; how < 3; how++) {
        struct gate gate = gate_make();
        brood_process *process = spawn(loop, (brood_spawn_options){ALL_PIPES, GRACE, GATE(&gate)},
                                       CHILD("fork", "eof", gate.name, "--"));
        cr_expect_eq(code_of(process), 0);
        if (how == 0)
            brood_process_close(process);
        else if (how == 1)
            brood_process_detach(process);
        cr_assert_eq(brood_sleep(loop, brood_in(how == 2 ? 0 : 0.05)), 0);
        gate_end(&gate);
    }
    test_loop_close(loop);
}

Test(process_grace, a_grace_without_end_is_none)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, .pipe_grace_seconds = 1e300, GATE(&gate)},
              CHILD("fork", "eof", gate.name, "--"));
    cr_expect_eq(code_of(process), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, brood_in(0.05)), BROOD_ETIMEDOUT);
    gate_end(&gate);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_expect_not(brood_process_was_cut(process));
    close_all(process, loop);
}
