/* drain on a device that is full. */
#include <fcntl.h>

#include "full_device.h"
#include "writer_recorder.h"

SUITE(writer_drain_posix);

/* As one writes it: the results of the writes are not looked at. */
static int write_and_drain(void *arg)
{
    struct sender *sender = arg;
    int error = 0;
    for (int i = 0; i < 1000 && error == 0; i++) {
        brood_writer_write(sender->writer, "more", 4);
        error = brood_writer_drain(sender->writer, BROOD_FOREVER);
    }
    return error;
}

/* It cannot be polled: only the write itself shows the error. */
Test(writer_drain_posix, sem_61_also_on_a_device_that_is_full)
{
    NEEDS_FULL_DEVICE;
    struct sender sender = {.loop = test_loop(), .peer = -1};
    int fd = open_full_device();
    cr_assert_eq(brood_writer_connect(sender.loop, fd, &sender.writer), 0);
    cr_expect_eq(write_and_drain(&sender), BROOD_ECONNRESET);
    cr_expect_eq(brood_writer_wait_closed(sender.writer, BROOD_NOWAIT), BROOD_ENOSPC);
    sender_close(&sender);
}
