/* Writers when calls of the system fail, and in a forked child. */
#include <errno.h>
#include <unistd.h>

#include "faults.h"
#include "writer_recorder.h"

SUITE(writer_faults_posix);

/* ---- failing calls ----------------------------------------------------------------------- */

Test(writer_faults_posix, connecting_fails_with_the_calls_on_the_descriptor)
{
    brood_loop *loop = test_loop();
    brood_writer *writer = NULL;
    int ends[2];
    make_pipe(ends);
    size_t live = test_live_allocations();
    for (unsigned nth = 1; nth <= 3; nth++) { /* the mode asked twice, then set */
        test_fail_call(FAULT_FCNTL, nth, EIO, 0);
        cr_expect_eq(brood_writer_connect(loop, ends[1], &writer), BROOD_EIO);
        test_fail_call(FAULT_FCNTL, 0, 0, 0);
        cr_expect_null(writer);
        cr_expect(is_blocking(ends[1]));
        cr_expect_eq(test_live_allocations(), live);
    }
    close(ends[0]);
    close(ends[1]);
    test_loop_close(loop);
}

Test(writer_faults_posix, a_write_that_cannot_be_waited_for_is_a_loss_with_its_error)
{
    struct sender sender;
    struct waiting waiting = {0};
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, HIGH_MARK + 1), 1);
    test_fail_call(FAULT_POLLER_SET, 1, ENOMEM, 1);
    waiting_start(&sender, &waiting, brood_writer_drain);
    cr_expect_eq(waiting_end(&waiting), BROOD_ENOMEM);
    test_fail_call(FAULT_POLLER_SET, 0, 0, 0);
    cr_expect_eq(brood_writer_flush(sender.writer, BROOD_NOWAIT), BROOD_ENOMEM);
    cr_expect_eq(brood_writer_wait_closed(sender.writer, BROOD_NOWAIT), BROOD_ENOMEM);
    sender_close(&sender);
}

/* ---- a forked child ------------------------------------------------------------------------ */

static struct sender forked;

static bool is_refused_everywhere(void)
{
    brood_writer *writer = forked.writer, *other = NULL;
    bool refused = brood_writer_write(writer, "x", 1) == BROOD_EFORK &&
                   brood_writer_write_eof(writer) == BROOD_EFORK &&
                   brood_writer_set_limits(writer, 2, 1) == BROOD_EFORK &&
                   brood_writer_drain(writer, BROOD_NOWAIT) == BROOD_EFORK &&
                   brood_writer_flush(writer, BROOD_NOWAIT) == BROOD_EFORK &&
                   brood_writer_wait_closed(writer, BROOD_NOWAIT) == BROOD_EFORK &&
                   brood_writer_connect(forked.loop, 1, &other) == BROOD_EFORK && other == NULL;
    brood_writer_close(writer);
    brood_writer_free(writer);
    return refused && brood_loop_close(forked.loop) == 0;
}

Test(writer_faults_posix, a_forked_child_is_refused_and_does_no_harm)
{
    sender_open_pressed(&forked);
    cr_expect(holds_in_a_fork(is_refused_everywhere));
    cr_expect_not(brood_writer_is_closing(forked.writer));
    brood_writer_close(forked.writer);
    cr_expect_eq(sender_take_all(&forked), forked.accepted);
    cr_expect_eq(brood_writer_wait_closed(forked.writer, test_deadline()), 0);
    sender_close(&forked);
}
