/* Whether this kernel has process descriptors that can be polled: asked once. */
#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io_posix.h"
#include "loop.h"

int brood__procfd_check(void)
{
    static atomic_bool present;
    if (atomic_load_explicit(&present, memory_order_relaxed))
        return 0;
    long fd = syscall(SYS_pidfd_open, getpid(), 0u);
    if (fd >= 0) {
        brood__io_close((int)fd);
        atomic_store(&present, true);
        return 0;
    }
    bool shortage = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENODEV;
    return shortage ? -errno : BROOD_ENOSYS;
}
