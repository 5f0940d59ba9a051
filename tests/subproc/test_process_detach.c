/* Detached processes: they live on, and the loop only takes their zombies away. */
#include "processes.h"

SUITE(process_detach);

enum { MUCH = 1 << 20 };

static void run_until_gone(brood_loop *loop, int64_t pid)
{
    brood_time deadline = test_deadline();
    while (test_process_exists(pid)) {
        cr_assert_lt(brood_now(), deadline);
        cr_assert_eq(brood_loop_step(loop, deadline), 0);
    }
}

/* What a detached child says goes to a file, whose folder goes with scratch_end. */
static const char *result_file(brood_spawn_options *options)
{
    scratch_begin();
    const char *path = in_scratch("result");
    options->out = (brood_stdio){.kind = BROOD_FILE, .path = path};
    return path;
}

/* ---- living on --------------------------------------------------------------------- */

Test(process_detach, it_lives_on_and_is_reaped_by_the_loop)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_spawn_options options = {GATE(&gate)};
    const char *file = result_file(&options);
    brood_process *process = spawn(loop, options, CHILD("byte", gate.name, "out", "alive"));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    test_settle(loop);
    cr_expect(test_process_exists(pid));
    gate_pass(&gate);
    run_until_gone(loop, pid);
    cr_expect_str_eq(file_text(file), "alive");
    scratch_end();
    gate_end(&gate);
    test_loop_close(loop);
}

Test(process_detach, one_that_has_ended_leaves_nothing)
{
    brood_loop *loop = test_loop();
    for (int state = 0; state < 3; state++) {
        brood_process *process =
            spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("out", "unread", "exit", "0"));
        int64_t pid = brood_process_pid(process);
        wait_zombie(pid);
        if (state == 1)
            code_of(process);
        if (state == 2)
            brood_process_wait_finished(process, NULL, test_deadline());
        brood_process_detach(process);
        run_until_gone(loop, pid);
        test_settle(loop);
    }
    test_loop_close(loop);
}

Test(process_detach, nothing_of_it_is_left_once_it_has_been_reaped)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process_close(spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("exit", "0")));
    while (test_has_children())
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    test_settle(loop);
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)}, CHILD("byte", gate.name));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    gate_pass(&gate);
    run_until_gone(loop, pid);
    test_settle(loop);
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), allocations);
    gate_end(&gate);
    test_loop_close(loop);
}

Test(process_detach, a_loop_closed_before_its_end_leaves_it_running)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("pause"));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    test_settle(loop);
    test_loop_close(loop);
    cr_expect(test_process_exists(pid));
    end_left_child(pid);
}

Test(process_detach, a_loop_that_is_closed_at_once_leaves_it_running_too)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){.kill_tree = true}, CHILD("pause"));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    test_loop_close(loop);
    end_left_child(pid);
}

static char report[256];

static void take_report(void *arg, const char *message)
{
    (void)arg;
    snprintf(report, sizeof report, "%s", message);
}

Test(process_detach, it_is_no_leftover)
{
    brood_loop *loop;
    brood_loop_options options = {
        .child_watcher = test_watcher(), .debug = true, .log = take_report};
    cr_assert_eq(brood_loop_open(&loop, &options), 0);
    brood_process *process = spawn(loop, (brood_spawn_options){0}, CHILD("pause"));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    test_loop_close(loop);
    cr_expect_str_eq(report, "");
    end_left_child(pid);
}

/* ---- its pipes ------------------------------------------------------------------------ */

Test(process_detach, its_pipes_are_closed)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_spawn_options options = {PIPE_IN, PIPE_ERR, GATE(&gate)};
    const char *file = result_file(&options);
    /* Its stdin ends, and writing to its stderr ends it. */
    brood_process *process = spawn(
        loop, options, CHILD("eof", "0", "out", "end", "byte", gate.name, "err", "x", "out", "no"));
    int64_t pid = brood_process_pid(process);
    brood_process_detach(process);
    test_settle(loop);
    gate_pass(&gate);
    run_until_gone(loop, pid);
    cr_expect_str_eq(file_text(file), "end");
    scratch_end();
    gate_end(&gate);
    test_loop_close(loop);
}

Test(process_detach, what_stdin_has_buffered_goes_out_first)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_spawn_options options = {PIPE_IN, GATE(&gate)};
    const char *file = result_file(&options);
    char *text = alphabet(MUCH);
    brood_process *process = spawn(loop, options, CHILD("byte", gate.name, "count", "0", "1"));
    int64_t pid = brood_process_pid(process);
    cr_expect_eq(brood_writer_write(brood_process_stdin(process), text, MUCH), 1);
    free(text);
    brood_process_detach(process);
    test_settle(loop); /* the process object is gone, and most is still to be written */
    gate_pass(&gate);
    run_until_gone(loop, pid);
    cr_expect_str_eq(file_text(file), "1048576\n");
    scratch_end();
    gate_end(&gate);
    test_loop_close(loop);
}

struct told {
    brood_process *process;
    int result;
};

/* The input belongs to the caller again when communicate has returned. */
static int communicate_and_scribble(void *arg)
{
    struct told *told = arg;
    char *input = alphabet(MUCH);
    told->result =
        brood_process_communicate(told->process, input, MUCH, NULL, NULL, test_deadline());
    memset(input, '!', MUCH);
    free(input);
    return 0;
}

/* How much of the input, and nothing else, is in the file; a number in a line of its own
 * may come before it. */
static size_t input_in(const char *path, int64_t *number)
{
    enum { ROOM = MUCH + 32 };
    char *text = calloc(1, ROOM + 1), *input = text;
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file);
    size_t n = fread(text, 1, ROOM, file);
    fclose(file);
    if (number != NULL)
        *number = strtoll(text, &input, 10);
    input += *input == '\n';
    n -= (size_t)(input - text);
    bool same = is_alphabet(input, n);
    free(text);
    return same ? n : 0;
}

Test(process_detach, what_communicate_was_writing_goes_out_too)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_spawn_options options = {PIPE_IN, GATE(&gate)};
    const char *file = result_file(&options);
    struct told told = {.process = spawn(loop, options, CHILD("byte", gate.name, "cat"))};
    int64_t pid = brood_process_pid(told.process);
    brood_task *task = start_task(loop, communicate_and_scribble, &told);
    test_settle(loop);
    brood_process_detach(told.process);
    cr_expect_eq(join_task(task), 0);
    cr_expect_eq(told.result, BROOD_ECLOSED);
    gate_pass(&gate);
    run_until_gone(loop, pid);
    cr_expect_eq(input_in(file, NULL), MUCH);
    scratch_end();
    gate_end(&gate);
    test_loop_close(loop);
}

/* The same when it is closed after its end while a grandchild still reads. */
Test(process_detach, a_close_after_the_end_flushes_what_communicate_was_writing)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_spawn_options options = {PIPE_IN, PIPE_ERR, GATE(&gate)};
    const char *file = result_file(&options);
    struct told told = {.process = spawn(loop, options,
                                         CHILD("fork", "byte", gate.name, "close", "2", "cat", "--",
                                               "close", "1"))};
    brood_task *task = start_task(loop, communicate_and_scribble, &told);
    cr_expect_eq(code_of(told.process), 0);
    brood_process_close(told.process);
    cr_expect_eq(join_task(task), 0);
    cr_expect_eq(told.result, BROOD_ECLOSED);
    gate_pass(&gate);
    brood_time deadline = brood_in(10);
    int64_t grandchild = 0;
    while (input_in(file, &grandchild) < MUCH && brood_now() < deadline)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.01)), 0);
    cr_expect_eq(input_in(file, &grandchild), MUCH);
    gate_end(&gate);
    test_loop_close(loop);
    test_wait_gone(grandchild);
    scratch_end();
}
