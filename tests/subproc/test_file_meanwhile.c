/* A process as a file, and what others do to it meanwhile: lent lines, several tasks,
 * the end of its loop. */
#include "processes.h"

SUITE(file_meanwhile);

enum { MUCH = 4 << 20, BESIDE = 60000 };

static const brood_spawn_options both_pipes = {PIPE_IN, PIPE_OUT};

static brood_file *open_file(brood_process *process)
{
    brood_file *file = NULL;
    cr_assert_eq(brood_file_open(process, 60, &file), 0);
    return file;
}

/* ---- lent lines ------------------------------------------------------------------------- */

Test(file_meanwhile, a_lent_line_can_be_written_back)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = spawn(
        loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
        CHILD("out", "hello, who is there?\n", "byte", gate.name, "fill", "1", "60000", "cat"));
    brood_reader *out = brood_process_stdout(process);
    brood_file *file = open_file(process);
    brood_slice line;
    char *beside = malloc(BESIDE);
    cr_assert_eq(brood_file_readline(file, &line), 21);
    gate_pass(&gate);
    for (brood_time end = test_deadline(); brood_reader_buffered(out) < BESIDE;) {
        cr_assert_lt(brood_now(), end);
        cr_assert_eq(brood_loop_step(loop, end), 0);
    }
    cr_expect_eq(brood_file_write(file, line.data, line.len), 0);
    cr_assert_eq(brood_reader_readexactly(out, beside, BESIDE, NULL, test_deadline()), BESIDE);
    cr_expect(is_alphabet(beside, BESIDE));
    cr_assert_eq(brood_file_readline(file, &line), 21);
    cr_expect_arr_eq(line.data, "hello, who is there?\n", 21);
    free(beside);
    gate_end(&gate);
    cr_expect_eq(brood_file_close(file), 0);
    close_all(process, loop);
}

/* ---- several tasks ------------------------------------------------------------------------ */

struct sharing {
    brood_file *file;
    char *text; /* MUCH of it */
    int write, again, flush;
};

static int write_twice(void *arg)
{
    struct sharing *sharing = arg;
    sharing->write = brood_file_write(sharing->file, sharing->text, MUCH);
    sharing->again = brood_file_write(sharing->file, "x", 1);
    return 0;
}

static int flush_it(void *arg)
{
    struct sharing *sharing = arg;
    sharing->flush = brood_file_flush(sharing->file);
    return 0;
}

static int close_it(void *arg)
{
    struct sharing *sharing = arg;
    return brood_file_close(sharing->file);
}

Test(file_meanwhile, a_close_is_cancelled_while_a_write_and_a_flush_wait)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("pause"));
    struct sharing sharing = {.file = open_file(process), .text = alphabet(MUCH)};
    brood_task *writing = start_task(loop, write_twice, &sharing);
    brood_task *flushing = start_task(loop, flush_it, &sharing);
    test_settle(loop);
    brood_task *closing = start_task(loop, close_it, &sharing);
    test_settle(loop);
    size_t allocations = test_live_allocations();
    brood_task_cancel(closing);
    cr_expect_eq(join_task(closing), BROOD_ECANCELED);
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(join_task(writing), 0);
    cr_expect_eq(join_task(flushing), 0);
    cr_expect_eq(sharing.write, 0, "accepted");
    cr_expect_lt(sharing.again, 0);
    cr_expect_lt(sharing.flush, 0);
    cr_expect_lt(test_live_allocations(), allocations - 2, "the file is freed with its last user");
    free(sharing.text);
    close_all(process, loop);
}

Test(file_meanwhile, a_write_that_waited_over_the_close_writes_nothing)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
                                   CHILD("byte", gate.name, "count", "0", "1"));
    struct sharing sharing = {.file = open_file(process), .text = alphabet(MUCH)};
    brood_task *writing = start_task(loop, write_twice, &sharing);
    test_settle(loop);
    brood_task *closing = start_task(loop, close_it, &sharing);
    test_settle(loop);
    gate_pass(&gate);
    cr_expect_eq(join_task(writing), 0);
    cr_expect_eq(join_task(closing), 0);
    cr_expect_eq(sharing.write, 0);
    cr_expect_eq(sharing.again, BROOD_ECLOSED);
    cr_expect_eq(number_from(process), MUCH);
    free(sharing.text);
    gate_end(&gate);
    close_all(process, loop);
}

static int end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

/* The loop has from now on what two tasks need. */
static void keep_two_stacks(brood_loop *loop)
{
    brood_task *first = start_task(loop, end_at_once, NULL);
    brood_task *second = start_task(loop, end_at_once, NULL);
    cr_assert_eq(join_task(first) + join_task(second), 0);
}

Test(file_meanwhile, two_tasks_close_the_same_file)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, .out.kind = BROOD_DEVNULL, GATE(&gate)},
              CHILD("byte", gate.name, "cat", "eof", gate.name));
    keep_two_stacks(loop);
    size_t before = test_live_allocations();
    struct sharing sharing = {.file = open_file(process), .text = alphabet(MUCH)};
    cr_assert_eq(brood_file_write(sharing.file, sharing.text, MUCH), 0);
    brood_task *first = start_task(loop, close_it, &sharing);
    brood_task *second = start_task(loop, close_it, &sharing);
    test_settle(loop);
    gate_pass(&gate);
    cr_expect_eq(join_task(first), 0);
    cr_expect_eq(join_task(second), 0);
    cr_expect_eq(test_live_allocations(), before, "the file is gone");
    cr_expect_eq(brood_writer_buffered(brood_process_stdin(process)), 0);
    free(sharing.text);
    gate_end(&gate);
    close_all(process, loop);
}

/* ---- the end of its loop -------------------------------------------------------------------- */

Test(file_meanwhile, a_file_that_is_left_open_goes_with_its_loop)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, both_pipes, CHILD("cat"));
    cr_assert_eq(brood_file_write(open_file(process), "x", 1), 0);
    open_file(process);
    test_loop_close(loop);
    cr_expect_eq(test_live_allocations(), 0);
}
