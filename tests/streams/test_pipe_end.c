/* How pipes for writing end: a reader that goes, close, abort, end of file, and
 * errors. */
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_end);

Test(pipe_end, sem_64_a_reader_that_goes_is_noticed_with_nothing_to_write)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {.keep_when_lost = true};
    int peer = record_writer(loop, &writing);
    test_settle(loop);
    cr_assert_not(brood_pipe_is_closing(writing.pipe));
    close(peer);
    test_run_until(loop, &writing.lost);
    cr_assert(brood_pipe_is_closing(writing.pipe));
    cr_assert_str_eq(writing.log, "made lost");
    brood_pipe_close(writing.pipe);
    test_settle(loop);
    test_loop_close(loop);
}

Test(pipe_end, sem_64_with_something_to_write_it_is_a_broken_pipe)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(65536);
    int peer = record_full_writer(loop, &writing, bytes);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 10), 0);
    close(peer);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost:EPIPE");
    test_loop_close(loop);
    free(bytes);
}

static void check_discards(brood_pipe *pipe)
{
    cr_expect(brood_pipe_is_closing(pipe));
    size_t buffered = brood_pipe_buffered(pipe);
    cr_expect_eq(brood_pipe_write(pipe, "late", 4), BROOD_ECLOSED);
    cr_expect_eq(brood_pipe_write(pipe, "", 0), BROOD_ECLOSED);
    cr_expect_eq(brood_pipe_write_eof(pipe), 0);
    cr_expect_eq(brood_pipe_buffered(pipe), buffered);
}

Test(pipe_end, sem_66_after_the_end_bytes_are_refused)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writers[3] = {{0}};
    int peers[3];
    for (int i = 0; i < 3; i++) {
        writers[i].keep_when_lost = true;
        peers[i] = record_writer(loop, &writers[i]);
        cr_assert(brood_pipe_can_write_eof(writers[i].pipe));
    }
    test_settle(loop);
    cr_assert_eq(brood_pipe_write_eof(writers[0].pipe), 0);
    brood_pipe_close(writers[1].pipe);
    brood_pipe_abort(writers[2].pipe);
    for (int i = 0; i < 3; i++)
        check_discards(writers[i].pipe);
    for (int i = 0; i < 3; i++) {
        test_run_until(loop, &writers[i].lost);
        cr_expect_str_eq(writers[i].log, "made lost");
        cr_expect_eq(take_pattern(peers[i], 9, 0), 0, "nothing but the end arrives");
        close(peers[i]);
    }
    check_discards(writers[0].pipe);
    brood_pipe_close(writers[0].pipe);
    test_settle(loop);
    test_loop_close(loop);
}

static void end_with_much_to_write(void (*how)(struct pipe_recorder *), size_t arrives)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(200000);
    int peer = record_writer(loop, &writing);
    size_t capacity = capacity_of(peer);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 1 << 20, BROOD_DERIVED), 0);
    test_settle(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, capacity), 0);
    let_out(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes + capacity, 200000 - capacity), 0);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 200000 - capacity);
    how(&writing);
    cr_assert_not(writing.lost, "nothing calls back inline");
    test_settle(loop);
    cr_assert_eq(writing.lost, arrives == 0);
    cr_assert_eq(read_slowly(loop, peer, 10000), arrives == 0 ? capacity : arrives);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made lost");
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

static void do_write_eof(struct pipe_recorder *recorder)
{
    cr_assert_eq(brood_pipe_write_eof(recorder->pipe), 0);
    cr_assert_eq(brood_pipe_write_eof(recorder->pipe), 0);
}

static void do_close_and_abort(struct pipe_recorder *recorder)
{
    do_close(recorder);
    do_abort(recorder);
    do_close(recorder);
}

Test(pipe_end, sem_67_close_and_write_eof_send_what_is_buffered)
{
    end_with_much_to_write(do_close, 200000);
    end_with_much_to_write(do_write_eof, 200000);
}

Test(pipe_end, sem_67_abort_drops_what_is_buffered_also_after_close)
{
    end_with_much_to_write(do_abort, 0);
    end_with_much_to_write(do_close_and_abort, 0);
}

Test(pipe_end, sem_67_what_is_buffered_is_sent_also_when_closed_before_the_first_round)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(200000);
    int peer = record_writer(loop, &writing);
    cr_assert_geq(brood_pipe_write(writing.pipe, bytes, 200000), 0);
    brood_pipe_close(writing.pipe);
    cr_assert_eq(read_slowly(loop, peer, 10000), 200000);
    test_run_until(loop, &writing.lost);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

static void end_in(enum pipe_event event, void (*how)(struct pipe_recorder *))
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct pipe_recorder writing = {0};
    writing.on[event] = how;
    char *bytes = pattern_of(200000);
    int peer = record_writer(loop, &writing);
    brood_pipe_write(writing.pipe, bytes, 200000);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    for (size_t place = 0; !writing.lost;) {
        if (is_readable(peer))
            place += take_pattern(peer, 4096, place);
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    }
    test_settle(loop);
    close(peer);
    test_loop_close(loop);
    cr_expect_eq(report.lines, 0, "%s", report.last);
    free(bytes);
}

Test(pipe_end, closing_and_aborting_work_from_every_callback)
{
    static const enum pipe_event events[] = {PIPE_MADE, PIPE_PAUSE, PIPE_RESUME};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        end_in(events[i], do_close);
        end_in(events[i], do_abort);
    }
}

Test(pipe_end, sem_68_a_write_error_ends_the_connection_but_never_inline)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder gone = {.keep_when_lost = true};
    close(record_writer(loop, &gone));
    cr_assert_eq(brood_pipe_write(gone.pipe, "x", 1), BROOD_EPIPE);
    cr_assert_str_eq(gone.log, "");
    test_run_until(loop, &gone.lost);
    cr_assert_str_eq(gone.log, "made lost:EPIPE");
    cr_assert_eq(brood_pipe_write(gone.pipe, "x", 1), BROOD_ECLOSED);
    brood_pipe_close(gone.pipe);
    test_settle(loop);
    test_loop_close(loop);
}
