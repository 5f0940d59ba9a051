/* The end of a writer on a device that is full. */
#include <fcntl.h>

#include "full_device.h"
#include "writer_recorder.h"

SUITE(writer_wait_posix);

Test(writer_wait_posix, an_error_of_a_write_is_told)
{
    NEEDS_FULL_DEVICE;
    brood_loop *loop = test_loop();
    brood_writer *writer;
    int fd = open_full_device();
    cr_assert_eq(brood_writer_connect(loop, fd, &writer), 0);
    cr_assert_eq(brood_writer_write(writer, "x", 1), BROOD_ENOSPC);
    cr_assert_eq(brood_writer_wait_closed(writer, test_deadline()), BROOD_ENOSPC);
    brood_writer_free(writer);
    test_settle(loop);
    test_loop_close(loop);
}
