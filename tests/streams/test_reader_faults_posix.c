/* Readers when calls of the system fail. */
#include <errno.h>

#include "faults.h"
#include "readers.h"

SUITE(reader_faults_posix);

Test(reader_faults_posix, connecting_fails_with_the_calls_on_the_descriptor)
{
    brood_loop *loop = test_loop();
    for (unsigned nth = 1; nth <= 3; nth++) {
        brood_reader *reader = NULL;
        int ends[2];
        make_pipe(ends);
        test_fail_call(FAULT_FCNTL, nth, EIO, 0);
        cr_expect_eq(brood_reader_connect(loop, ends[0], 0, &reader), BROOD_EIO);
        test_fail_call(FAULT_FCNTL, 0, 0, 0);
        cr_expect_null(reader);
        cr_expect(is_blocking(ends[0]));
        close(ends[0]);
        close(ends[1]);
    }
    test_loop_close(loop);
}

Test(reader_faults_posix, a_read_that_cannot_be_waited_for_is_the_streams_error)
{
    struct source source = piped_source(0);
    struct read_job job = hungry(&source, READ);
    supply(&source, "never read");
    test_fail_call(FAULT_POLLER_SET, 1, ENOMEM, 0);
    cr_assert_eq(do_read(&job), BROOD_ENOMEM);
    cr_assert_eq(brood_reader_error(source.reader), BROOD_ENOMEM);
    source_close(&source);
}
