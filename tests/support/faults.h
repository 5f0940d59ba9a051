/* System calls that fail on demand: the library's calls of these functions (WRAPPED in the
 * Makefile) are sent through faults_posix.c, and faults_epoll.c or faults_kqueue.c, by the
 * linker's --wrap, or by faults_names.h where the linker has no such thing. */
#ifndef BROOD_TEST_FAULTS_H
#define BROOD_TEST_FAULTS_H

enum fault {
    FAULT_PIPE2,
    FAULT_SOCKETPAIR,
    FAULT_SETSOCKOPT,
    FAULT_FCNTL,
    FAULT_OPEN,
    FAULT_POLLER_OPEN, /* epoll_create1, kqueue            */
    FAULT_POLLER_SET,  /* epoll_ctl, kevent with a change  */
    FAULT_POLLER_WAIT, /* epoll_wait, kevent for events    */
    FAULT_CHILD_WATCH, /* kevent with EVFILT_PROC          */
    FAULT_WAKER_OPEN,  /* eventfd, EVFILT_USER             */
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

/* The wrappers': whether the fault strikes this call, and errno then. */
int test_fault_strikes(enum fault call);

/* The function behind the wrapper, in a build whose linker has no --wrap. */
#ifdef BROOD_FAULTS_BY_NAME
#define REAL(name) name
enum { TEST_CALLS_ARE_COUNTED = 0 }; /* those of the tests themselves */
#else
#define REAL(name) __real_##name
enum { TEST_CALLS_ARE_COUNTED = 1 };
#endif

/* A wrapper that returns -1. */
#define WRAP(type, name, parameters, arguments, fault)                \
    type REAL(name) parameters;                                       \
    type __wrap_##name parameters;                                    \
    type __wrap_##name parameters                                     \
    {                                                                 \
        return test_fault_strikes(fault) ? -1 : REAL(name) arguments; \
    }

#endif
