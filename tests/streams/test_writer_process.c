/* The writer of a child's stdin: it has nothing to do with the child's output, and what
 * it holds is looked after when its process is let go. */
#include <unistd.h>

#include "process.h"
#include "writer_recorder.h"

SUITE(writer_process);

enum { INPUT = 1 << 20 };

/* A child that copies its input to a pipe of ours. */
struct copier {
    brood_loop *loop;
    brood_process *process;
    int output;
};

static void copier_open(struct copier *copier)
{
    int ends[2];
    make_pipe(ends);
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_FD, .fd = end_of(ends[1])}};
    copier->loop = test_loop();
    copier->output = ends[0];
    cr_assert_eq(brood_spawn(copier->loop, &options, &copier->process), 0);
    close(ends[1]);
}

/* To its end, and until the child is reaped. */
static size_t copier_finish(struct copier *copier)
{
    size_t taken = read_slowly(copier->loop, copier->output, 65536);
    brood_time deadline = test_deadline();
    while (test_has_children() && brood_now() < deadline)
        cr_assert_eq(brood_loop_step(copier->loop, brood_in(0.01)), 0);
    close(copier->output);
    return taken;
}

Test(writer_process, sem_70_drain_consults_no_reader)
{
    brood_loop *loop = test_loop();
    brood_process *process;
    brood_spawn_options options = {.argv = ARGV(test_child(), "count", "0", "2"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_DEVNULL}};
    char *bytes = pattern_of(INPUT);
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    brood_writer *writer = brood_process_stdin(process);
    brood_reader_set_error(brood_process_stdout(process), BROOD_EIO);
    cr_assert_eq(brood_writer_drain(writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_write(writer, bytes, INPUT), 1);
    cr_assert_eq(brood_writer_drain(writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_flush(writer, test_deadline()), 0);
    brood_writer_close(writer);
    cr_assert_eq(brood_writer_wait_closed(writer, test_deadline()), 0);
    cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    brood_process_close(process);
    test_settle(loop);
    test_loop_close(loop);
    free(bytes);
}

/* Only its process frees it. */
Test(writer_process, free_closes_it)
{
    struct copier copier;
    copier_open(&copier);
    brood_writer *writer = brood_process_stdin(copier.process);
    cr_assert_eq(brood_writer_write(writer, "abc", 3), 0);
    brood_writer_free(writer);
    cr_assert(brood_writer_is_closing(writer));
    cr_assert_eq(brood_writer_wait_closed(writer, test_deadline()), 0);
    cr_assert_eq(brood_process_wait(copier.process, NULL, test_deadline()), 0);
    cr_assert_eq(available(copier.output), 3);
    brood_process_close(copier.process);
    test_settle(copier.loop);
    close(copier.output);
    test_loop_close(copier.loop);
}

/* What was freed is used by others. */
static void overwrite_freed(void)
{
    enum { BLOCKS = 64 };
    static void *volatile blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(sizeof(brood_process));
        memset(blocks[i], 0x5a, sizeof(brood_process));
    }
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
}

Test(writer_process, what_it_holds_goes_out_after_its_process_was_detached)
{
    struct copier copier;
    char *bytes = pattern_of(INPUT);
    copier_open(&copier);
    cr_assert_eq(brood_writer_write(brood_process_stdin(copier.process), bytes, INPUT), 1);
    brood_process_detach(copier.process);
    test_settle(copier.loop);
    overwrite_freed();
    cr_assert_eq(copier_finish(&copier), INPUT);
    test_loop_close(copier.loop);
    free(bytes);
}

struct communication {
    brood_process *process;
    char *input;
    int result;
};

static int communicate(void *arg)
{
    struct communication *with = arg;
    with->result =
        brood_process_communicate(with->process, with->input, INPUT, NULL, NULL, test_deadline());
    memset(with->input, 'x', INPUT); /* it is the caller's again */
    return with->result;
}

Test(writer_process, input_is_the_callers_again_when_its_process_was_detached_meanwhile)
{
    struct copier copier;
    brood_task *task;
    int result = 0;
    copier_open(&copier);
    struct communication with = {.process = copier.process, .input = pattern_of(INPUT)};
    cr_assert_eq(brood_task_start(copier.loop, communicate, &with, &task), 0);
    test_settle(copier.loop);
    brood_process_detach(copier.process);
    cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
    cr_assert_eq(result, BROOD_ECLOSED);
    cr_assert_eq(copier_finish(&copier), INPUT);
    test_loop_close(copier.loop);
    free(with.input);
}
