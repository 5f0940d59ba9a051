/* Each allocation is refused in turn: every failure is told, changes nothing for the
 * caller, leaves nothing behind and nothing running. */
#include "processes.h"

SUITE(process_faults);

enum { INPUT_SIZE = 200000, TRIES = 200 };

static const brood_spawn_options all_pipes = {ALL_PIPES};

/* With everything made that a loop makes once. */
static brood_loop *used_loop(void)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, all_pipes, CHILD("exit", "0"));
    cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    brood_process_close(process);
    test_settle(loop);
    return loop;
}

static void wait_until_reaped(brood_loop *loop)
{
    brood_time deadline = test_deadline();
    while (test_has_children() && brood_now() < deadline)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.01)), 0);
    cr_expect_not(test_has_children());
    test_settle(loop);
}

/* ---- spawn ------------------------------------------------------------------------- */

static bool spawn_without(brood_loop *loop, size_t nth)
{
    brood_process *untouched = (brood_process *)(void *)&loop, *process = untouched;
    brood_spawn_failure failure = {0};
    brood_spawn_options options = {ALL_PIPES, .argv = CHILD("pause"), .failure = &failure};
    test_fail_allocation(nth, false);
    int error = brood_spawn(loop, &options, &process);
    bool struck = test_allocation_failed();
    test_fail_allocation(0, false);
    if (error < 0) {
        cr_expect_eq(error, BROOD_ENOMEM, "%zu: %s", nth, brood_errname(error));
        cr_expect_eq(failure.error, error, "%zu", nth);
        cr_expect_eq(process, untouched);
        cr_expect_not(test_has_children(), "%zu", nth);
    } else {
        brood_process_close(process);
        wait_until_reaped(loop);
    }
    test_settle(loop);
    return struck;
}

Test(process_faults, memory_for_a_spawn)
{
    brood_loop *loop = used_loop();
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations(), nth = 1;
    while (nth < TRIES && spawn_without(loop, nth)) {
        cr_expect_eq(test_count_descriptors(), descriptors, "%zu", nth);
        cr_expect_eq(test_live_allocations(), allocations, "%zu", nth);
        nth++;
    }
    cr_expect_geq(nth, 4, "the process, its transport, the plan ...");
    test_loop_close(loop);
}

/* ---- communicate ---------------------------------------------------------------------- */

static bool communicate_without(brood_loop *loop, size_t nth)
{
    brood_buffer out = {0}, err = {0};
    char *input = alphabet(INPUT_SIZE);
    cr_assert_eq(brood_buffer_append(&out, "before", 6), 0);
    cr_assert_eq(brood_buffer_append(&err, "too", 3), 0);
    brood_process *process = spawn(loop, all_pipes, CHILD("fill", "2", "100000", "cat"));
    test_fail_allocation(nth, false);
    int error = brood_process_communicate(process, input, INPUT_SIZE, &out, &err, test_deadline());
    bool struck = test_allocation_failed();
    test_fail_allocation(0, false);
    if (error < 0) {
        cr_expect_eq(error, BROOD_ENOMEM, "%zu: %s", nth, brood_errname(error));
        cr_expect(struck);
        cr_expect(holds(&out, "before"), "%zu: out is touched, %zu", nth, out.len);
        cr_expect(holds(&err, "too"), "%zu: err is touched, %zu", nth, err.len);
    } else {
        cr_expect_eq(out.len, 6 + INPUT_SIZE, "%zu", nth);
        cr_expect(is_alphabet(out.data + 6, out.len - 6));
        cr_expect_eq(err.len, 3 + 100000);
    }
    brood_process_close(process);
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    free(input);
    wait_until_reaped(loop);
    return struck;
}

Test(process_faults, memory_for_communicate)
{
    brood_loop *loop = used_loop();
    int descriptors = test_count_descriptors();
    size_t nth = 1;
    while (nth < TRIES && communicate_without(loop, nth)) {
        cr_expect_eq(test_count_descriptors(), descriptors, "%zu", nth);
        nth++;
    }
    cr_expect_geq(nth, 4);
    test_loop_close(loop);
}

/* The copy of what is still to be written, when the caller's bytes go. */
Test(process_faults, sem_72_another_error_of_stdin_is_told)
{
    brood_loop *loop = used_loop();
    char *input = alphabet(INPUT_SIZE);
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN}, CHILD("pause"));
    test_settle(loop);
    test_fail_allocation(1, false);
    int error = brood_process_communicate(process, input, INPUT_SIZE, NULL, NULL, brood_in(0.01));
    /* What has to be copied before it is written is told with the end of the child. */
    cr_expect_eq(error, test_on_windows() ? BROOD_ETIMEDOUT : BROOD_ENOMEM);
    cr_expect(test_allocation_failed());
    free(input);
    cr_expect(brood_writer_is_closing(brood_process_stdin(process)));
    brood_process_kill(process);
    cr_expect_eq(brood_process_communicate(process, NULL, 0, NULL, NULL, test_deadline()),
                 BROOD_ENOMEM);
    cr_expect_eq(code_of(process), code_killed);
    close_all(process, loop);
}

/* ---- run --------------------------------------------------------------------------------- */

static bool run_without(brood_loop *loop, size_t nth, bool cut)
{
    brood_result result, untouched;
    char *input = alphabet(INPUT_SIZE);
    brood_spawn_options options = {PIPE_OUT, PIPE_ERR,
                                   .argv = cut ? CHILD("fill", "2", "100000", "cat", "pause")
                                               : CHILD("fill", "2", "100000", "cat")};
    memset(&untouched, 0x5a, sizeof untouched);
    memcpy(&result, &untouched, sizeof result);
    test_fail_allocation(nth, false);
    int error = brood_run(loop, &options, input, INPUT_SIZE, &result,
                          cut ? brood_in(0.05) : test_deadline());
    bool struck = test_allocation_failed();
    test_fail_allocation(0, false);
    if (error == 0 || error == BROOD_ETIMEDOUT) {
        cr_expect_eq(error == BROOD_ETIMEDOUT, cut, "%zu", nth);
        /* One whose output was lost may have ended before it could be killed. */
        bool broken = cut && result.returncode == code_broken_pipe;
        cr_expect(broken || result.returncode == (cut ? code_killed : 0), "%zu: %lld", nth,
                  (long long)result.returncode);
        cr_expect(cut || result.out.len == INPUT_SIZE);
        cr_expect(is_alphabet(result.out.data, result.out.len));
        cr_expect(cut || result.err.len == 100000);
        brood_result_free(&result);
    } else {
        cr_expect_eq(error, BROOD_ENOMEM, "%zu: %s", nth, brood_errname(error));
        cr_expect_eq(memcmp(&result, &untouched, sizeof result), 0, "%zu: touched", nth);
    }
    free(input);
    wait_until_reaped(loop);
    return struck;
}

Test(process_faults, memory_for_run)
{
    for (int cut = 0; cut < 2; cut++) {
        brood_loop *loop = used_loop();
        int descriptors = test_count_descriptors();
        size_t nth = 1;
        while (nth < TRIES && run_without(loop, nth, cut)) {
            cr_expect_eq(test_count_descriptors(), descriptors, "%zu", nth);
            nth++;
        }
        cr_expect_geq(nth, 6);
        test_loop_close(loop);
    }
}

/* ---- files ---------------------------------------------------------------------------------- */

Test(process_faults, memory_for_a_file)
{
    brood_loop *loop = used_loop();
    brood_process *process = spawn(loop, all_pipes, CHILD("cat"));
    brood_file *file = NULL;
    size_t allocations = test_live_allocations();
    test_fail_allocation(1, false);
    cr_expect_eq(brood_file_open(process, 0, &file), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_expect_null(file);
    cr_expect_eq(test_live_allocations(), allocations);
    cr_expect_eq(brood_process_send_signal(process, 0), 0);
    cr_assert_eq(brood_file_open(process, 0, &file), 0);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

/* A reader that gets no memory has an error, and the child a broken pipe. */
Test(process_faults, memory_for_what_a_child_says)
{
    brood_loop *loop = test_loop(); /* a used one has a block to spare */
    struct gate gate = gate_make();
    brood_slice line;
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
                                   CHILD("out", "x\n", "byte", gate.name, "fill", "1", "300000"));
    test_fail_allocation(1, true);
    cr_expect_eq(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()),
                 BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_expect_eq(brood_reader_error(brood_process_stdout(process)), BROOD_ENOMEM);
    gate_pass(&gate);
    cr_expect_eq(code_of(process), code_broken_pipe);
    gate_end(&gate);
    close_all(process, loop);
}
