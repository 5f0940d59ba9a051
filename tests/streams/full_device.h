/* A device that takes nothing, which macOS and OpenBSD do not have. */
#ifndef BROOD_TEST_FULL_DEVICE_H
#define BROOD_TEST_FULL_DEVICE_H

#include <fcntl.h>
#include <unistd.h>

#include "support.h"

#define NEEDS_FULL_DEVICE                   \
    do {                                    \
        if (access("/dev/full", W_OK) != 0) \
            cr_skip_test("no /dev/full");   \
    } while (0)

static inline int open_full_device(void)
{
    return open("/dev/full", O_WRONLY | O_CLOEXEC);
}

#endif
