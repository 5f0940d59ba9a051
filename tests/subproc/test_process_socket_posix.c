/* Processes on sockets: bulk both ways, ends in every order, what is left when a child
 * ends early. */
#include "processes.h"

SUITE(process_socket_posix);

#define BOTH_WAYS .in.kind = BROOD_SOCKET, .out.kind = BROOD_SOCKET

enum { MUCH = 32 << 20 };

Test(process_socket_posix, bulk_goes_both_ways_through_one_socket)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){BOTH_WAYS, .err.kind = BROOD_SOCKET},
              CHILD("fill", "2", "300000", "cat", "fill", "2", "52", "exit", "3"));
    char *input = alphabet(MUCH);
    cr_expect_eq(brood_process_communicate(process, input, MUCH, &out, &err, test_deadline()), 0);
    cr_expect_eq(out.len, MUCH);
    cr_expect(is_alphabet(out.data, out.len));
    cr_expect_eq(err.len, 300052);
    cr_expect_eq(code_of(process), 3);
    free(input);
    brood_buffer_free(&out);
    brood_buffer_free(&err);
    close_all(process, loop);
}

/* ---- a writer and a reader, each in a task ------------------------------------------- */

static int feed(void *arg)
{
    brood_writer *writer = brood_process_stdin(arg);
    char *block = alphabet(26 * 5000);
    int error = 0;
    for (int i = 0; i < 200 && error >= 0; i++) {
        error = brood_writer_write(writer, block, 26 * 5000);
        if (error >= 0)
            error = brood_writer_drain(writer, test_deadline());
    }
    free(block);
    return error < 0 ? error : brood_writer_write_eof(writer);
}

static int take(void *arg)
{
    brood_reader *reader = brood_process_stdout(arg);
    brood_slice slice;
    int total = 0;
    ptrdiff_t n;
    while ((n = brood_reader_read_slice(reader, &slice, test_deadline())) > 0)
        for (size_t i = 0; i < slice.len; i++, total++)
            if (slice.data[i] != 'a' + total % 26)
                return -1;
    return n < 0 ? (int)n : total;
}

Test(process_socket_posix, a_writer_and_a_reader_go_on_at_the_same_time)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){BOTH_WAYS}, CHILD("cat"));
    brood_task *feeding = start_task(loop, feed, process),
               *taking = start_task(loop, take, process);
    cr_expect_eq(join_task(feeding), 0);
    cr_expect_eq(join_task(taking), 26000000);
    cr_expect_eq(code_of(process), 0);
    close_all(process, loop);
}

/* ---- ends --------------------------------------------------------------------------------- */

Test(process_socket_posix, run_feeds_a_socket)
{
    brood_loop *loop = test_loop();
    brood_spawn_options options = {.argv = CHILD("cat"), BOTH_WAYS};
    brood_result result = {0};
    cr_assert_eq(brood_run(loop, &options, "input", 5, &result, test_deadline()), 0);
    cr_expect(holds(&result.out, "input"));
    cr_expect_eq(result.returncode, 0);
    brood_result_free(&result);
    test_loop_close(loop);
}

Test(process_socket_posix, a_child_that_wants_none_of_its_input_loses_no_output)
{
    char *input = alphabet(MUCH);
    for (int one = 0; one < 2; one++) {
        brood_loop *loop = test_loop();
        brood_spawn_options options = {.argv = CHILD("fill", "1", "100000", "exit", "5"),
                                       .in.kind = BROOD_SOCKET,
                                       .out.kind = one ? BROOD_SOCKET : BROOD_PIPE};
        for (int i = 0; i < 20; i++) {
            brood_result result = {0};
            cr_assert_eq(brood_run(loop, &options, input, MUCH, &result, test_deadline()), 0);
            cr_expect_eq(result.returncode, 5);
            cr_expect_eq(result.out.len, 100000);
            cr_expect(is_alphabet(result.out.data, result.out.len));
            brood_result_free(&result);
        }
        test_loop_close(loop);
    }
    free(input);
}

/* Bit 0: the writer, bit 1: the reader, in either order; the process in any case. */
Test(process_socket_posix, it_can_be_closed_in_every_order)
{
    for (int order = 0; order < 8; order++) {
        brood_loop *loop = test_loop();
        brood_process *process =
            spawn(loop, (brood_spawn_options){BOTH_WAYS}, CHILD("out", "unread", "cat"));
        brood_writer_write(brood_process_stdin(process), "input", 5);
        test_settle(loop);
        for (int step = 0; step < 2; step++) {
            bool writer = (order >> 2 & 1) == step;
            if (writer && (order & 1) != 0)
                brood_writer_close(brood_process_stdin(process));
            if (!writer && (order & 2) != 0)
                brood_reader_close(brood_process_stdout(process));
            test_settle(loop);
        }
        close_all(process, loop);
    }
}

Test(process_socket_posix, a_detached_child_gets_the_rest_of_its_input_and_its_end)
{
    scratch_begin();
    brood_loop *loop = test_loop();
    brood_spawn_options options = {BOTH_WAYS,
                                   .err = {.kind = BROOD_FILE, .path = in_scratch("count")}};
    brood_process *process = spawn(loop, options, CHILD("count", "0", "2"));
    int64_t pid = brood_process_pid(process);
    char *input = alphabet(3000000);
    cr_assert_geq(brood_writer_write(brood_process_stdin(process), input, 3000000), 0);
    brood_process_detach(process);
    while (test_process_exists(pid))
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_expect_str_eq(file_text(in_scratch("count")), "3000000\n");
    test_loop_close(loop);
    free(input);
    scratch_end();
}

/* A grandchild holds the socket. */
Test(process_socket_posix, the_grace_period_cuts_a_socket)
{
    brood_loop *loop = test_loop();
    brood_spawn_options options = {
        .argv = CHILD("fork", "pause", "--", "exit", "0"), BOTH_WAYS, .pipe_grace_seconds = 0.01};
    brood_result result = {0};
    cr_assert_eq(brood_run(loop, &options, NULL, 0, &result, test_deadline()), 0);
    cr_expect(result.cut);
    int64_t pid = strtoll(result.out.data, NULL, 10);
    cr_assert_gt(pid, 1);
    kill_process(pid);
    test_wait_gone(pid);
    brood_result_free(&result);
    test_loop_close(loop);
}
