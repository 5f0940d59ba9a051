/* Pipes when calls of the system fail, and what never happens to the host. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "faults.h"
#include "pipe_recorder.h"

SUITE(pipe_faults_posix);

/* ---- failing calls ---------------------------------------------------------------- */

Test(pipe_faults_posix, connecting_fails_with_the_calls_on_the_descriptor)
{
    brood_loop *loop = test_loop();
    for (unsigned nth = 1; nth <= 3; nth++) { /* the mode asked twice, then set */
        struct pipe_recorder recorder = {0};
        int ends[2];
        make_pipe(ends);
        test_fail_call(FAULT_FCNTL, nth, EIO, 0);
        cr_expect_eq(brood_connect_write_pipe(loop, ends[1], &pipe_recorder_protocol, &recorder,
                                              &recorder.pipe),
                     BROOD_EIO);
        test_fail_call(FAULT_FCNTL, 0, 0, 0);
        cr_expect_null(recorder.pipe);
        cr_expect(is_blocking(ends[1]));
        close(ends[0]);
        close(ends[1]);
    }
    test_settle(loop);
    test_loop_close(loop);
}

Test(pipe_faults_posix, a_read_that_cannot_be_waited_for_is_a_lost_connection)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    test_fail_call(FAULT_POLLER_SET, 1, ENOMEM, 0);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made lost:ENOMEM");
    close(peer);
    test_loop_close(loop);
}

Test(pipe_faults_posix, sem_68_a_write_that_cannot_be_waited_for_is_a_lost_connection)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(100000);
    test_settle(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 100000), 0);
    test_fail_call(FAULT_POLLER_SET, 1, ENOMEM, 1);
    test_run_until(loop, &writing.lost);
    test_fail_call(FAULT_POLLER_SET, 0, 0, 0);
    cr_assert_str_eq(writing.log, "made lost:ENOMEM");
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

/* Not even a copy of what is written, as far as it goes out at once. */
Test(pipe_faults_posix, writing_at_once_keeps_no_memory)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(65536);
    size_t live = test_live_allocations();
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 65536), 0);
    cr_assert_eq(test_live_allocations(), live);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

/* ---- SIGPIPE --------------------------------------------------------------------- */

/* In a fork: no assertions there. */
static bool open_writer(brood_loop **loop, brood_pipe **pipe, int *peer)
{
    static const brood_pipe_protocol nothing;
    int ends[2];
    signal(SIGPIPE, SIG_DFL);
    if (brood_loop_open(loop, NULL) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *peer = ends[0];
    return brood_connect_write_pipe(*loop, ends[1], &nothing, NULL, pipe) == 0;
}

static bool write_to_nobody_later(void)
{
    static char bytes[100000];
    brood_loop *loop;
    brood_pipe *pipe;
    int peer;
    if (!open_writer(&loop, &pipe, &peer) || brood_pipe_write(pipe, bytes, sizeof bytes) != 0)
        return false;
    close(peer);
    while (brood_pipe_fd(pipe) >= 0)
        if (brood_loop_step(loop, test_deadline()) < 0)
            return false;
    return brood_loop_close(loop) == 0;
}

static bool write_to_nobody_at_once(void)
{
    brood_loop *loop;
    brood_pipe *pipe;
    int peer;
    if (!open_writer(&loop, &pipe, &peer))
        return false;
    close(peer);
    return brood_pipe_write(pipe, "x", 1) == BROOD_EPIPE && brood_loop_close(loop) == 0;
}

Test(pipe_faults_posix, writing_when_the_reader_has_gone_does_not_kill_the_host)
{
    cr_assert(holds_in_a_fork(write_to_nobody_later));
    cr_assert(holds_in_a_fork(write_to_nobody_at_once));
}
