/* Closing what a child is not to have, on macOS: the kernel lists what is open.  Only a
 * child of a true fork comes here; posix_spawn has a flag for it (clone_darwin.c). */
#include <errno.h>
#include <libproc.h>
#include <sys/mman.h>
#include <sys/proc_info.h>
#include <unistd.h>

#include "child.h"

/* Where nothing can be listed: up to what the limit allows. */
static int close_one_by_one(int first, int last)
{
    int limit = getdtablesize();
    for (int fd = first; fd <= last && fd < limit; fd++)
        close(fd);
    return 0;
}

int brood__sys_close_range(int first, int last)
{
    int size = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, NULL, 0);
    if (size <= 0)
        return close_one_by_one(first, last);
    struct proc_fdinfo *open =
        mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (open == MAP_FAILED)
        return close_one_by_one(first, last);
    int used = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, open, size);
    for (int i = 0; i < used / (int)sizeof *open; i++)
        if (open[i].proc_fd >= first && open[i].proc_fd <= last)
            close(open[i].proc_fd);
    munmap(open, (size_t)size);
    return used > 0 ? 0 : close_one_by_one(first, last);
}
