/* Flow control between a child and its streams: the limit of a reader, a child that
 * is held up by a parent that does not read, and the other way round. */
#include "processes.h"

SUITE(process_flow);

/* What has come once the child has said so on stderr. */
static size_t buffered_after_line(brood_loop *loop, brood_process *process)
{
    brood_slice line;
    cr_assert_gt(brood_reader_readline(brood_process_stderr(process), &line, test_deadline()), 0);
    test_settle(loop);
    return brood_reader_buffered(brood_process_stdout(process));
}

/* ---- the limit --------------------------------------------------------------------------- */

Test(process_flow, sem_37_a_limit_of_zero_is_the_default)
{
    static const size_t lengths[] = {BROOD_DEFAULT_LIMIT, BROOD_DEFAULT_LIMIT + 1};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 2; i++) {
        char length[32];
        brood_slice line;
        snprintf(length, sizeof length, "%zu", lengths[i]);
        brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, .limit = 0},
                                       CHILD("fill", "1", length, "out", "\n"));
        ptrdiff_t n = brood_reader_readline(brood_process_stdout(process), &line, test_deadline());
        cr_expect_eq(n, i == 0 ? BROOD_DEFAULT_LIMIT + 1 : BROOD_ELIMIT);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process_flow, sem_38_reading_pauses_over_twice_the_limit_and_goes_on_at_the_limit)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    char bytes[1000];
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, PIPE_ERR, .limit = 1000, GATE(&gate)},
              CHILD("fill", "1", "2000", "err", "\n", "byte", gate.name, "fill", "1", "1", "err",
                    "\n", "byte", gate.name, "fill", "1", "1", "err", "\n", "byte", gate.name));
    brood_reader *reader = brood_process_stdout(process);
    cr_expect_eq(buffered_after_line(loop, process), 2000);
    gate_pass(&gate);
    cr_expect_eq(buffered_after_line(loop, process), 2001, "exactly twice the limit is no pause");
    gate_pass(&gate);
    cr_expect_eq(buffered_after_line(loop, process), 2001, "one more is");
    cr_assert_eq(brood_reader_read(reader, bytes, 1000, BROOD_NOWAIT), 1000);
    test_settle(loop);
    cr_expect_eq(brood_reader_buffered(reader), 1001, "one over the limit is still a pause");
    cr_assert_eq(brood_reader_read(reader, bytes, 1, BROOD_NOWAIT), 1);
    test_settle(loop);
    cr_expect_eq(brood_reader_buffered(reader), 1001, "and the limit is not");
    gate_end(&gate);
    close_all(process, loop);
}

Test(process_flow, sem_39_a_wait_for_more_than_that_goes_on_reading)
{
    enum { MUCH = 100000 };
    brood_loop *loop = test_loop();
    char *text = malloc(MUCH);
    size_t got = 0;
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, .limit = 100}, CHILD("fill", "1", "150000"));
    brood_reader *reader = brood_process_stdout(process);
    test_settle(loop);
    cr_expect_eq(brood_reader_readexactly(reader, text, MUCH, &got, test_deadline()), MUCH);
    cr_expect_eq(got, MUCH);
    cr_expect(is_alphabet(text, MUCH));
    free(text);
    close_all(process, loop);
}

Test(process_flow, sem_39_communicate_with_a_small_limit_pauses_and_resumes)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, .limit = 10}, CHILD("fill", "1", "400000"));
    brood_reader *reader = brood_process_stdout(process);
    while (brood_reader_buffered(reader) <= 20)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    test_settle(loop);
    cr_expect_leq(brood_reader_buffered(reader), 65536 + 20, "it has paused");
    cr_expect_eq(brood_process_communicate(process, NULL, 0, &out, NULL, test_deadline()), 0);
    cr_expect_eq(out.len, 400000);
    cr_expect(is_alphabet(out.data, out.len));
    brood_buffer_free(&out);
    close_all(process, loop);
}

/* ---- a parent that does not read ---------------------------------------------------------------- */

/* Rounds that have had the time to move something if anything moved. */
static void rounds(brood_loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.001)), 0);
}

Test(process_flow, a_child_whose_output_nobody_reads_is_held_up)
{
    brood_loop *loop = test_loop();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_OUT, PIPE_ERR}, CHILD("fill", "1", "1000000000000"));
    brood_reader *reader = brood_process_stdout(process);
    while (brood_reader_buffered(reader) <= 2 * BROOD_DEFAULT_LIMIT)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    rounds(loop, 20);
    size_t buffered = brood_reader_buffered(reader), resident = test_resident_bytes();
    cr_expect_leq(buffered, 2 * BROOD_DEFAULT_LIMIT + 65536);
    rounds(loop, 50);
    cr_expect_eq(brood_reader_buffered(reader), buffered);
    cr_expect_leq(test_resident_bytes(), resident + 262144);
    cr_expect_not(brood_process_returncode(process, NULL));
    /* And it goes on as soon as somebody does. */
    brood_slice slice;
    for (size_t total = 0; total < 4000000;) {
        ptrdiff_t n = brood_reader_read_slice(reader, &slice, test_deadline());
        cr_assert_gt(n, 0);
        cr_assert_eq(slice.data[0], (char)('a' + total % 26));
        total += (size_t)n;
    }
    cr_expect_leq(brood_reader_buffered(reader), 2 * BROOD_DEFAULT_LIMIT + 65536);
    close_all(process, loop);
}

/* ---- a child that does not read ------------------------------------------------------------------ */

struct pump {
    brood_writer *writer;
    uint64_t accepted;
    int result;
};

static int pump_for_ever(void *arg)
{
    static const char block[16384];
    struct pump *pump = arg;
    do {
        pump->result = brood_writer_write(pump->writer, block, sizeof block);
        if (pump->result < 0)
            break;
        pump->accepted += sizeof block;
        pump->result = brood_writer_drain(pump->writer, BROOD_FOREVER);
    } while (pump->result == 0);
    return 0;
}

Test(process_flow, a_writer_whose_child_does_not_read_is_held_up)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, GATE(&gate)},
                                   CHILD("byte", gate.name, "eof", "0"));
    struct pump pump = {.writer = brood_process_stdin(process)};
    brood_task *task = start_task(loop, pump_for_ever, &pump);
    rounds(loop, 20);
    uint64_t accepted = pump.accepted;
    size_t resident = test_resident_bytes();
    /* Of what is in flight on Windows no part counts as written. */
    cr_expect_gt(brood_writer_buffered(pump.writer),
                 test_on_windows() ? BROOD_DEFAULT_HIGH_WATER / 4 : BROOD_DEFAULT_HIGH_WATER);
    cr_expect_leq(brood_writer_buffered(pump.writer), BROOD_DEFAULT_HIGH_WATER + 16384);
    rounds(loop, 50);
    cr_expect_eq(pump.accepted, accepted);
    cr_expect_leq(test_resident_bytes(), resident + 262144);
    gate_pass(&gate); /* it begins to read */
    while (pump.accepted <= accepted)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    brood_process_kill(process);
    cr_expect_eq(join_task(task), 0);
    cr_expect(pump.result == BROOD_EPIPE || pump.result == BROOD_ECONNRESET ||
                  pump.result == BROOD_ECLOSED,
              "%s", brood_errname(pump.result));
    gate_end(&gate);
    close_all(process, loop);
}
