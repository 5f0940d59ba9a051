/* The capacity of pipes, which Linux lets one choose. */
#include <fcntl.h>

#include "helpers.h"

SUITE(spawn_stdio_linux);

Test(spawn_stdio_linux, pipe_size_sets_the_capacity_of_each_pipe)
{
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {
        .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .err.kind = BROOD_PIPE, .pipe_size = 200000};
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("exit", "0")), 0);
    for (int fd = 0; fd < 3; fd++) {
        int ours = (int)brood_pipe_fd(brood_subprocess_pipe(kid.transport, fd));
        cr_expect_eq(fcntl(ours, F_GETPIPE_SZ), 262144);
    }
    cr_assert(kid_finish(loop, &kid));
}
