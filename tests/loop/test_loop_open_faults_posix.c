/* Opening a loop while each of its system calls fails in turn; what descriptors it makes. */
#include "fake_host_posix.h"
#include "faults.h"
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

SUITE(loop_open_faults_posix);

enum { BOUND = 100 };

static void expect_nothing_left(int descriptors)
{
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), 0);
}

Test(loop_open_faults_posix, every_system_call_may_fail)
{
    for (enum fault call = 0; call < FAULT_COUNT; call++) {
        for (unsigned nth = 1; nth < BOUND; nth++) {
            brood_loop *loop = NULL;
            int descriptors = test_count_descriptors();
            unsigned faults = test_faults(call);
            test_fail_call(call, nth, EMFILE, 0);
            int error = brood_loop_open(&loop, NULL);
            test_fail_call(call, 0, 0, 0);
            if (test_faults(call) == faults) {
                test_loop_close(loop);
                break;
            }
            cr_assert_eq(error, BROOD_EMFILE, "call %d, use %u", (int)call, nth);
            cr_assert_null(loop);
            expect_nothing_left(descriptors);
        }
    }
    cr_assert_geq(test_faults(FAULT_POLLER_OPEN) + test_faults(FAULT_WAKER_OPEN) +
                      test_faults(FAULT_POLLER_SET),
                  2, "each of them has been tried");
}

/* With standard input closed the first new descriptor would be 0. */
Test(loop_open_faults_posix, descriptors_stay_clear_of_the_standard_ones)
{
    brood_loop *loop = NULL;
    int saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
    cr_assert_geq(saved, 0);
    for (unsigned nth = 1; nth < BOUND; nth++) {
        close(0);
        int descriptors = test_count_descriptors();
        unsigned faults = test_faults(FAULT_FCNTL);
        test_fail_call(FAULT_FCNTL, nth, EMFILE, 0);
        int error = brood_loop_open(&loop, NULL);
        test_fail_call(FAULT_FCNTL, 0, 0, 0);
        if (test_faults(FAULT_FCNTL) == faults)
            break;
        cr_assert_eq(error, BROOD_EMFILE);
        expect_nothing_left(descriptors);
    }
    cr_assert_not_null(loop);
    cr_assert_eq(fcntl(0, F_GETFD), -1);
    cr_assert_gt(brood_loop_fd(loop), 2);
    cr_assert_eq(dup2(saved, 0), 0);
    close(saved);
    test_loop_close(loop);
}

Test(loop_open_faults_posix, descriptors_are_close_on_exec)
{
    bool before[256] = {false};
    for (int fd = 0; fd < 256; fd++)
        before[fd] = fcntl(fd, F_GETFD) >= 0;
    brood_loop *loop = test_loop();
    int made = 0;
    for (int fd = 0; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || before[fd])
            continue;
        made++;
        cr_expect_neq(flags & FD_CLOEXEC, 0, "descriptor %d", fd);
    }
    cr_assert_geq(made, 1);
    test_loop_close(loop);
}
