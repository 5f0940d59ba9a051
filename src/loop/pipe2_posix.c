/* Pipes that are close-on-exec from birth: a call that all systems have but macOS. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "io_posix.h"

int brood__io_pipe2(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
}
