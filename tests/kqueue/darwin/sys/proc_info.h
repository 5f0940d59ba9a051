/* What proc_pidinfo tells. */
#ifndef BROOD_TEST_PROC_INFO_H
#define BROOD_TEST_PROC_INFO_H

#include <stdint.h>

struct proc_fdinfo {
    int32_t proc_fd;
    uint32_t proc_fdtype;
};
#define PROC_PIDLISTFDS 1

#endif
