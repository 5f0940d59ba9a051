/* Pipe transports of what only Unix has: sockets and devices; the blocking mode; a child that
 * forks. */
#include <fcntl.h>
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_posix);

Test(pipe_posix, sem_11_a_socket_is_accepted)
{
    int ends[2];
    make_sockets(ends);
    record_both_ends(ends[0], ends[1]);
}

Test(pipe_posix, sem_11_a_character_device_is_accepted)
{
    record_both_ends(open("/dev/null", O_RDONLY), open("/dev/null", O_WRONLY));
}

Test(pipe_posix, sem_11_the_blocking_mode_is_given_back_at_the_end)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder[3] = {{0}};
    int ends[3][2], twins[3];
    for (int i = 0; i < 3; i++) {
        make_pipe(ends[i]);
        twins[i] = dup(ends[i][1]);
        if (i == 1)
            fcntl(twins[i], F_SETFL, O_WRONLY | O_NONBLOCK);
        record_writing(loop, &recorder[i], ends[i][1]);
        cr_assert_not(is_blocking(twins[i]));
    }
    brood_pipe_close(recorder[0].pipe);
    brood_pipe_close(recorder[1].pipe);
    test_settle(loop);
    cr_assert(recorder[0].lost && recorder[1].lost);
    cr_assert(is_blocking(twins[0]), "it was blocking");
    cr_assert_not(is_blocking(twins[1]), "it was not");
    cr_assert_not(is_blocking(twins[2]), "it is still open");
    test_loop_close(loop);
    cr_assert(is_blocking(twins[2]), "closed with its loop");
    for (int i = 0; i < 3; i++) {
        close(twins[i]);
        close(ends[i][0]);
    }
}

/* The child ends at once; the grandchild reads one byte first. */
Test(pipe_posix, a_reader_shared_with_a_grandchild_has_gone_when_the_last_of_them_has)
{
    struct recorder recorder = {0};
    struct pipe_recorder writing = {0};
    int ends[2];
    make_pipe(ends);
    brood_spawn_options options = {.argv =
                                       ARGV(test_child(), "fork", "byte", "0", "--", "exit", "0"),
                                   .in = {.kind = BROOD_FD, .fd = ends[0]},
                                   .out = {.kind = BROOD_DEVNULL}};
    brood_loop *loop = test_loop();
    record_writing(loop, &writing, ends[1]);
    recorder.close_when_lost = true;
    test_exec(loop, &recorder, &options);
    close(ends[0]);
    test_run_until(loop, &recorder.lost);
    test_settle(loop);
    cr_assert_str_eq(writing.log, "made");
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", 1), 0);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    test_loop_close(loop);
}
