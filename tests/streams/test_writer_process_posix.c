/* The writer of a child's stdin that a process forked by the child still holds. */
#include <signal.h>

#include "process.h"
#include "writer_recorder.h"

SUITE(writer_process_posix);

enum { INPUT = 1 << 20 };

/* The child has ended; another process still holds its stdin, and does not read. */
Test(writer_process_posix, bytes_dropped_with_a_pipe_whose_grace_is_over_were_not_flushed)
{
    brood_loop *loop = test_loop();
    brood_process *process;
    brood_spawn_options options = {.argv = ARGV(test_child(), "fork", "pause", "--", "exit", "0"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE},
                                   .pipe_grace_seconds = 0.01};
    brood_slice line;
    char *bytes = pattern_of(INPUT);
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    cr_assert_eq(brood_writer_write(brood_process_stdin(process), bytes, INPUT), 1);
    cr_assert_gt(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()), 0);
    pid_t holder = (pid_t)atoi(line.data);
    int flushed = brood_writer_flush(brood_process_stdin(process), test_deadline());
    cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    cr_assert_eq(kill(holder, SIGKILL), 0);
    cr_expect_lt(flushed, 0, "most of it never went into the pipe");
    brood_process_close(process);
    test_settle(loop);
    test_loop_close(loop);
    free(bytes);
}
