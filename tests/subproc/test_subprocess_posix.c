/* Subprocess transports on Unix: the numbers of their descriptors. */
#include "transports.h"

SUITE(subprocess_posix);

Test(subprocess_posix, sem_07_descriptors_are_made_in_the_order_stdin_stdout_stderr)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"), THREE_PIPES};
    test_exec(loop, &recorder, &options);
    intptr_t fds[3];
    for (int fd = 0; fd < 3; fd++)
        fds[fd] = brood_pipe_fd(brood_subprocess_pipe(recorder.transport, fd));
    cr_assert_lt(fds[0], fds[1]);
    cr_assert_lt(fds[1], fds[2]);
    finish(loop, &recorder);
}
