/* Terminals: the master of a pseudo-terminal ends when its other side is closed. */
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_terminal);

/* Raw, so that what goes in comes out. */
static void open_terminal(int *master, int *slave)
{
    struct termios mode;
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert_geq(*master, 0);
    cr_assert(grantpt(*master) == 0 && unlockpt(*master) == 0);
    *slave = open(ptsname(*master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert_geq(*slave, 0);
    cr_assert_eq(tcgetattr(*slave, &mode), 0);
    cfmakeraw(&mode);
    cr_assert_eq(tcsetattr(*slave, TCSANOW, &mode), 0);
}

Test(pipe_terminal, the_hang_up_of_the_other_side_is_the_end)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder = {0};
    int master, slave;
    open_terminal(&master, &slave);
    record_reading(loop, &recorder, master);
    put(slave, "last words");
    close(slave);
    test_run_until(loop, &recorder.lost);
    cr_assert_eq(recorder.error, 0);
    cr_assert_str_eq(recorder.log, "made data eof lost");
    cr_assert_str_eq(recorder.bytes.data, "last words");
    pipe_recorder_free(&recorder);
    test_loop_close(loop);
}

Test(pipe_terminal, a_reader_gets_all_and_the_end)
{
    brood_loop *loop = test_loop();
    brood_reader *reader;
    brood_buffer all = {0};
    int master, slave;
    open_terminal(&master, &slave);
    cr_assert_eq(brood_reader_connect(loop, master, 0, &reader), 0);
    put(slave, "last words");
    close(slave);
    cr_assert_eq(brood_reader_read_all(reader, &all, SIZE_MAX, test_deadline()), 10);
    cr_assert_str_eq(all.data, "last words");
    brood_buffer_free(&all);
    brood_reader_close(reader);
    test_loop_close(loop);
}
