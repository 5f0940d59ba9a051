/* The capacity of pipes and sockets, which Linux lets one choose; and files of /dev. */
#include <fcntl.h>
#include <sys/socket.h>

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

/* The kernel doubles what is asked for, and counts its own needs in. */
static int send_buffer_of(int fd)
{
    int size = 0;
    socklen_t len = sizeof size;
    cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len), 0);
    return size;
}

Test(spawn_stdio_linux, pipe_size_sets_the_capacity_of_each_socket)
{
    for (int one = 0; one < 2; one++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = BROOD_SOCKET,
                                       .out.kind = one ? BROOD_SOCKET : BROOD_PIPE,
                                       .pipe_size = 100000};
        cr_assert_eq(kid_start(loop, &kid, options, ARGV("exit", "0")), 0);
        int ours = (int)brood_pipe_fd(brood_subprocess_pipe(kid.transport, 0));
        cr_expect_eq(send_buffer_of(ours), 200000);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(spawn_stdio_linux, pipe_size_is_what_a_child_can_write_unread_to_a_socket)
{
    for (int one = 0; one < 2; one++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_options options = {.in.kind = one ? BROOD_SOCKET : BROOD_DEVNULL,
                                       .out.kind = BROOD_SOCKET,
                                       .pipe_size = 200000};
        cr_assert_eq(kid_start(loop, &kid, options, ARGV("fill", "1", "200000")), 0);
        wait_zombie(brood_subprocess_pid(kid.transport)); /* without a round */
        cr_assert(run_until(loop, &kid.lost));
        cr_expect_eq(kid.text.len, 200000);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(spawn_stdio_linux, a_socket_cannot_be_opened_by_name)
{
    brood_spawn_options options = {.in.kind = BROOD_SOCKET};
    cr_expect_str_eq(look(options, ARGV("open", "/dev/stdin")), "[122]");
    cr_expect_str_eq(look(options, ARGV("open", "/dev/fd/0")), "[122]");
}
