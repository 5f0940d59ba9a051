/* What newer Linux kernels have, hidden from a process and all that it starts: a filter
 * (seccomp) answers what an older kernel would.  It shows that the fall-backs do; it is not
 * such a kernel. */
#ifndef BROOD_TEST_HIDE_CALLS_H
#define BROOD_TEST_HIDE_CALLS_H

#include <stdbool.h>
#include <stdio.h>

enum {
    HIDE_PIDFD_SEND_SIGNAL = 1 << 0,
    HIDE_CLONE_PIDFD = 1 << 1, /* and clone3, which has the same flag */
    HIDE_CLONE3 = 1 << 2,
    HIDE_PIDFD_OPEN = 1 << 3,
    HIDE_P_PIDFD = 1 << 4, /* waitid(P_PIDFD) */
    HIDE_CLOSE_RANGE = 1 << 5,
    HIDE_EPOLL_PWAIT2 = 1 << 6,
    HIDE_GUARD_INSTALL = 1 << 7, /* madvise(MADV_GUARD_INSTALL) */
    HIDE_PIDFD_INFO = 1 << 8,    /* ioctl(PIDFD_GET_INFO) */
    HIDE_RWF_NOSIGNAL = 1 << 9,
    HIDE_ALL = (1 << 10) - 1,
    /* No old kernels: a /proc that is not mounted, so that no directory can be opened; and
     * an old container, which says EPERM of the calls that it does not know, not ENOSYS. */
    HIDE_DIRECTORIES = 1 << 10,
    HIDE_BY_EPERM = 1 << 11,
    HIDE_UNSHARE = 1 << 12, /* CLOSE_RANGE_UNSHARE alone */
};

/* Whether a filter can be had here at all. */
bool hide_is_possible(void);

/* From now on these are hidden from the calling thread, and from all threads and processes
 * that it starts; nothing takes it back.  False, with errno, if it cannot be done. */
bool hide_calls(unsigned what);

/* One of the above by its name in lower case, as in "clone-pidfd"; 0: there is none. */
unsigned hide_by_name(const char *name);
/* A line for each. */
void hide_print_names(FILE *out);

#endif
