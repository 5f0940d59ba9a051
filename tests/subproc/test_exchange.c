/* PEP 3145: send, recv and their kin: how much was accepted, nothing yet, the end. */
#include "processes.h"

SUITE(exchange);

static const brood_spawn_options all_pipes = {ALL_PIPES};
static char much[1 << 20];

/* A child that reads when it is let through, and then says how much that was. */
static brood_process *start_counter(brood_loop *loop, const struct gate *gate)
{
    return spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(gate)},
                 CHILD("byte", gate->name, "count", "0", "1"));
}

/* Sends until nothing more is accepted; how much was. */
static size_t fill_up(brood_process *process)
{
    size_t total = 0;
    ptrdiff_t n;
    while ((n = brood_process_send(process, much, sizeof much, BROOD_NOWAIT)) > 0) {
        cr_assert_leq(n, (ptrdiff_t)sizeof much);
        total += (size_t)n;
    }
    cr_assert_eq(n, BROOD_ETIMEDOUT, "%s", brood_errname((int)n));
    return total;
}

static void expect_count(brood_process *process, size_t expected)
{
    brood_writer_close(brood_process_stdin(process));
    cr_expect_eq(number_from(process), (int64_t)expected);
}

/* ---- send ------------------------------------------------------------------------- */

Test(exchange, what_fits_is_accepted_at_once)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, all_pipes, CHILD("cat"));
    char text[8];
    cr_expect_eq(brood_process_send(process, "hello", 5, BROOD_NOWAIT), 5);
    cr_expect_eq(brood_process_send(process, "", 0, BROOD_NOWAIT), 0);
    cr_expect_eq(brood_process_send(process, NULL, 0, BROOD_NOWAIT), 0);
    cr_expect_eq(brood_process_send(process, NULL, 1, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_process_recv(process, text, sizeof text, test_deadline()), 5);
    cr_expect_arr_eq(text, "hello", 5);
    close_all(process, loop);
}

Test(exchange, no_more_is_accepted_than_fits_under_the_high_mark)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_counter(loop, &gate);
    brood_writer *writer = brood_process_stdin(process);
    cr_assert_eq(brood_writer_set_limits(writer, 1000, BROOD_DERIVED), 0);
    cr_expect_eq(brood_process_send(process, much, sizeof much, BROOD_NOWAIT), 1000);
    size_t total = 1000 + fill_up(process);
    cr_expect_eq(brood_writer_buffered(writer), 1000);
    cr_expect_eq(brood_process_send(process, much, 1, brood_in(0.01)), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_writer_buffered(writer), 1000, "and nothing was taken");
    gate_pass(&gate);
    cr_expect_eq(brood_writer_flush(writer, test_deadline()), 0);
    expect_count(process, total);
    gate_end(&gate);
    close_all(process, loop);
}

/* Right at the mark, over it, and with a mark that leaves room for one byte. */
Test(exchange, a_wait_for_room_ends_when_there_is_some)
{
    static const size_t marks[] = {BROOD_DEFAULT_HIGH_WATER, 1000, 1, 0};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        brood_loop *loop = test_loop();
        struct gate gate = gate_make();
        brood_process *process = start_counter(loop, &gate);
        brood_writer *writer = brood_process_stdin(process);
        cr_assert_eq(brood_writer_write(writer, much, 65536), 0); /* the pipe is full */
        cr_assert_eq(brood_writer_set_limits(writer, marks[i], BROOD_DERIVED), 0);
        size_t total = 65536 + fill_up(process);
        gate_pass(&gate);
        ptrdiff_t n = brood_process_send(process, much, sizeof much, brood_in(5));
        cr_expect_gt(n, 0, "mark %zu: %s", marks[i], brood_errname((int)n));
        cr_assert_eq(brood_writer_flush(writer, test_deadline()), 0);
        expect_count(process, total + (size_t)(n > 0 ? n : 0));
        gate_end(&gate);
        close_all(process, loop);
    }
}

Test(exchange, over_the_mark_it_waits_until_there_is_room)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_counter(loop, &gate);
    cr_assert_eq(brood_writer_write(brood_process_stdin(process), much, sizeof much), 1);
    cr_expect_eq(brood_process_send(process, much, 10, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    cr_expect_eq(brood_process_send(process, much, 10, test_deadline()), 10);
    expect_count(process, sizeof much + 10);
    gate_end(&gate);
    close_all(process, loop);
}

static int send_in_task(void *arg)
{
    return (int)brood_process_send(arg, much, sizeof much, test_deadline());
}

static int asyncwrite_in_task(void *arg)
{
    return (int)brood_process_asyncwrite(arg, much, sizeof much, test_deadline());
}

Test(exchange, a_child_that_does_not_read_any_more_is_a_broken_pipe)
{
    brood_task_main *const ways[] = {send_in_task, asyncwrite_in_task};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 2; i++) {
        brood_process *process = spawn(loop, all_pipes, CHILD("pause"));
        fill_up(process);
        brood_task *task = start_task(loop, ways[i], process);
        test_settle(loop);
        brood_process_kill(process);
        int result = join_task(task);
        cr_expect_eq(result, BROOD_EPIPE, "%d: %s", i, brood_errname(result));
        cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
        cr_expect_eq(brood_process_send(process, "x", 1, BROOD_NOWAIT), BROOD_EPIPE);
        cr_expect_eq(brood_process_asyncwrite(process, "x", 1, BROOD_NOWAIT), BROOD_EPIPE);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(exchange, what_is_no_pipe_is_a_bad_descriptor)
{
    brood_loop *loop = test_loop();
    char byte;
    brood_buffer out = {0};
    brood_process *process = spawn(loop, (brood_spawn_options){0}, CHILD("pause"));
    cr_expect_eq(brood_process_send(process, "x", 1, BROOD_NOWAIT), BROOD_EBADF);
    cr_expect_eq(brood_process_asyncwrite(process, "x", 1, BROOD_NOWAIT), BROOD_EBADF);
    cr_expect_eq(brood_process_recv(process, &byte, 1, BROOD_NOWAIT), BROOD_EBADF);
    cr_expect_eq(brood_process_recv_err(process, &byte, 1, BROOD_NOWAIT), BROOD_EBADF);
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 0), BROOD_EBADF);
    cr_expect_eq(brood_process_asyncread(process, 2, &out, 0), BROOD_EBADF);
    cr_expect_eq(brood_process_asyncread(process, 0, &out, 0), BROOD_EINVAL);
    cr_expect_eq(brood_process_asyncread(process, 3, &out, 0), BROOD_EINVAL);
    cr_expect_eq(brood_process_asyncread(process, 1, NULL, 0), BROOD_EINVAL);
    cr_expect_eq(brood_process_send(NULL, "x", 1, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_process_recv(NULL, &byte, 1, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_null(out.data);
    close_all(process, loop);
}

/* ---- asyncwrite ----------------------------------------------------------------------- */

Test(exchange, asyncwrite_goes_on_until_all_is_accepted)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_counter(loop, &gate);
    gate_pass(&gate);
    ptrdiff_t n = brood_process_asyncwrite(process, much, sizeof much, brood_in(5));
    cr_expect_eq(n, sizeof much, "%td", n);
    cr_expect_eq(brood_process_asyncwrite(process, NULL, 0, BROOD_NOWAIT), 0);
    cr_expect_eq(brood_process_asyncwrite(process, NULL, 1, BROOD_NOWAIT), BROOD_EINVAL);
    expect_count(process, (size_t)n);
    gate_end(&gate);
    close_all(process, loop);
}

Test(exchange, at_the_deadline_asyncwrite_tells_how_much_was_accepted)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_counter(loop, &gate);
    ptrdiff_t n = brood_process_asyncwrite(process, much, sizeof much, brood_in(0.02));
    cr_expect_gt(n, 0);
    cr_expect_lt(n, (ptrdiff_t)sizeof much);
    cr_expect_eq(brood_process_asyncwrite(process, much, 1, brood_in(0.01)), BROOD_ETIMEDOUT);
    gate_pass(&gate);
    expect_count(process, (size_t)n);
    gate_end(&gate);
    close_all(process, loop);
}

struct cancelled {
    brood_process *process;
    ptrdiff_t result;
    int next, later;
};

static int write_and_wait(void *arg)
{
    struct cancelled *cancelled = arg;
    cancelled->result =
        brood_process_asyncwrite(cancelled->process, much, sizeof much, test_deadline());
    cancelled->next = brood_sleep(NULL, brood_in(0.001));
    cancelled->later = brood_sleep(NULL, brood_in(0.001));
    return 0;
}

static int read_and_wait(void *arg)
{
    struct cancelled *cancelled = arg;
    brood_buffer out = {0};
    cancelled->result = brood_process_asyncread(cancelled->process, 1, &out, 60);
    cancelled->next = brood_sleep(NULL, brood_in(0.001));
    cancelled->later = brood_sleep(NULL, brood_in(0.001));
    brood_buffer_free(&out);
    return 0;
}

static struct cancelled cancel_it(brood_loop *loop, brood_task_main *main, brood_process *process)
{
    struct cancelled cancelled = {.process = process};
    brood_task *task = start_task(loop, main, &cancelled);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(brood_loop_step(loop, brood_in(0.001)), 0);
    brood_task_cancel(task);
    cr_assert_eq(join_task(task), 0);
    return cancelled;
}

Test(exchange, a_cancelled_asyncwrite_that_had_accepted_something_tells_the_next_wait)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = start_counter(loop, &gate);
    struct cancelled first = cancel_it(loop, write_and_wait, process);
    cr_expect_gt(first.result, 0);
    cr_expect_lt(first.result, (ptrdiff_t)sizeof much);
    cr_expect_eq(first.next, BROOD_ECANCELED);
    cr_expect_eq(first.later, 0, "once");
    struct cancelled second = cancel_it(loop, write_and_wait, process);
    cr_expect_eq(second.result, BROOD_ECANCELED, "nothing was accepted");
    cr_expect_eq(second.next, 0);
    gate_pass(&gate);
    expect_count(process, (size_t)first.result);
    gate_end(&gate);
    close_all(process, loop);
}

/* ---- recv -------------------------------------------------------------------------------- */

Test(exchange, recv_gives_what_is_there_and_then_the_end)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    char text[8];
    brood_process *process = spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)},
                                   CHILD("byte", gate.name, "out", "abcdef", "err", "E"));
    cr_expect_eq(brood_process_recv(process, text, 8, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_recv_err(process, text, 8, brood_in(0.01)), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_recv(process, text, 0, BROOD_NOWAIT), 0);
    gate_pass(&gate);
    cr_expect_eq(brood_process_recv(process, text, 4, test_deadline()), 4);
    cr_expect_arr_eq(text, "abcd", 4);
    cr_expect_eq(brood_process_recv(process, text, 8, test_deadline()), 2);
    cr_expect_arr_eq(text, "ef", 2);
    cr_expect_eq(brood_process_recv_err(process, text, 8, test_deadline()), 1);
    cr_expect_eq(text[0], 'E');
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(brood_process_recv(process, text, 8, test_deadline()), 0);
        cr_expect_eq(brood_process_recv_err(process, text, 8, test_deadline()), 0);
    }
    gate_end(&gate);
    close_all(process, loop);
}

struct received {
    brood_process *process;
    ptrdiff_t n, none;
    char text[8];
    bool over;
};

static void receive(void *arg)
{
    struct received *received = arg;
    received->n = brood_process_recv(received->process, received->text, 8, BROOD_NOWAIT);
    received->none = brood_process_recv(received->process, received->text, 8, BROOD_NOWAIT);
    received->over = true;
}

Test(exchange, in_a_callback_what_is_there_can_be_had)
{
    struct received received = {0};
    brood_loop *loop = test_loop();
    received.process = spawn(loop, all_pipes, CHILD("out", "x", "pause"));
    while (brood_reader_buffered(brood_process_stdout(received.process)) == 0)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_assert_eq(brood_call_soon(loop, receive, &received, NULL), 0);
    test_run_until(loop, &received.over);
    cr_expect_eq(received.n, 1);
    cr_expect_eq(received.text[0], 'x');
    cr_expect_eq(received.none, BROOD_EWAIT);
    close_all(received.process, loop);
}

/* ---- asyncread ----------------------------------------------------------------------------- */

Test(exchange, asyncread_gives_all_that_comes_in_its_time)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_buffer out = {0}, err = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)},
              CHILD("byte", gate.name, "out", "abc", "err", "xy", "byte", gate.name, "out", "def"));
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 0), BROOD_ETIMEDOUT);
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 0.01), BROOD_ETIMEDOUT);
    cr_expect_null(out.data);
    gate_pass(&gate);
    while (brood_reader_buffered(brood_process_stderr(process)) < 2)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 0.02), 3);
    cr_expect(holds(&out, "abc"));
    gate_pass(&gate);
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 60), 3, "the end comes before that");
    cr_expect(holds(&out, "abcdef"));
    cr_expect_eq(brood_process_asyncread(process, 1, &out, 60), 0);
    cr_expect_eq(brood_process_asyncread(process, 2, &err, 60), 2);
    cr_expect(holds(&err, "xy"));
    cr_expect(holds(&out, "abcdef"));
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    gate_end(&gate);
    close_all(process, loop);
}

Test(exchange, a_flood_ends_with_its_time)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0};
    brood_process *process = spawn(loop, all_pipes, CHILD("fill", "1", "1000000000000"));
    ptrdiff_t n = brood_process_asyncread(process, 1, &out, 0.02);
    while (n == BROOD_ETIMEDOUT) /* it has not begun yet */
        n = brood_process_asyncread(process, 1, &out, 0.02);
    cr_expect_gt(n, 0);
    cr_expect_eq(out.len, (size_t)n);
    cr_expect(is_alphabet(out.data, out.len));
    brood_buffer_free(&out);
    close_all(process, loop);
}

Test(exchange, a_cancelled_asyncread_that_had_something_tells_the_next_wait)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
                                   CHILD("out", "abc", "byte", gate.name));
    while (brood_reader_buffered(brood_process_stdout(process)) < 3)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    struct cancelled first = cancel_it(loop, read_and_wait, process);
    cr_expect_eq(first.result, 3);
    cr_expect_eq(first.next, BROOD_ECANCELED);
    cr_expect_eq(first.later, 0);
    struct cancelled second = cancel_it(loop, read_and_wait, process);
    cr_expect_eq(second.result, BROOD_ECANCELED);
    cr_expect_eq(second.next, 0);
    gate_end(&gate);
    close_all(process, loop);
}

/* ---- a conversation ---------------------------------------------------------------------------- */

Test(exchange, a_conversation)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, all_pipes, CHILD("cat"));
    for (int i = 0; i < 100; i++) {
        char question[32], answer[32] = "";
        size_t got = 0;
        int length = snprintf(question, sizeof question, "question %d", i);
        cr_assert_eq(brood_process_send(process, question, (size_t)length, test_deadline()),
                     length);
        while (got < (size_t)length) {
            ptrdiff_t n =
                brood_process_recv(process, answer + got, sizeof answer - got, test_deadline());
            cr_assert_gt(n, 0);
            got += (size_t)n;
        }
        cr_assert_str_eq(answer, question);
    }
    brood_writer_close(brood_process_stdin(process));
    cr_expect_eq(code_of(process), 0);
    close_all(process, loop);
}
