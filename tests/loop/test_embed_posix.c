/* A host's own loop drives ours, and has signals and descriptors in it. */
#include <unistd.h>

#include "fake_host_posix.h"
#include "support.h"

SUITE(embed_posix);

Test(embed_posix, a_signal)
{
    brood_loop *loop = test_loop();
    bool came = false;
    brood_add_signal_handler(loop, SIGUSR1, host_flag, &came);
    raise(SIGUSR1);
    host_drive(loop, &came);
    host_expect_quiet(loop);
    test_loop_close(loop);
}

struct reading {
    int fd, calls;
    bool came;
};

static void read_byte(void *arg)
{
    struct reading *reading = arg;
    char byte;
    reading->calls++;
    cr_expect_eq(read(reading->fd, &byte, 1), 1);
    reading->came = true;
}

Test(embed_posix, a_descriptor_of_the_host)
{
    brood_loop *loop = test_loop();
    int ends[2];
    host_pipe(ends);
    struct reading reading = {.fd = ends[0]};
    brood_add_reader(loop, ends[0], read_byte, &reading);
    for (int i = 0; i < 3; i++) {
        reading.came = false;
        host_put(ends[1], "x");
        host_drive(loop, &reading.came);
        host_expect_quiet(loop);
    }
    cr_assert_eq(reading.calls, 3);
    test_loop_close(loop);
    host_pipe_close(ends);
}
