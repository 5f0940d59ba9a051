/* System calls that fail on demand: the linker sends the library's calls of these
 * functions through tests/support/faults_posix.c (WRAPPED in the Makefile). */
#ifndef BROOD_TEST_FAULTS_H
#define BROOD_TEST_FAULTS_H

enum fault {
    FAULT_PIPE2,
    FAULT_FCNTL,
    FAULT_OPEN,
    FAULT_EPOLL_CREATE1,
    FAULT_EPOLL_CTL,
    FAULT_EPOLL_WAIT,
    FAULT_EVENTFD,
    FAULT_SIGACTION,
    FAULT_WAITID, /* brood__waitid: asking for the end of a child */
    FAULT_FORK,
    FAULT_CLONE,        /* brood__clone: the birth of a child; error 0: it gives no handle */
    FAULT_PROCESS_OPEN, /* pidfd_open */
    FAULT_COUNT,
};

/* The nth call from now on (1: the next) fails with this errno, and all after it
 * if `all`; 0: none. */
void test_fail_call(enum fault call, unsigned nth, int error, int all);

/* How often it has been called, and has been made to fail, since the test began. */
unsigned test_calls(enum fault call);
unsigned test_faults(enum fault call);

#endif
