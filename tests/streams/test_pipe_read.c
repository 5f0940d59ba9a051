/* Reading from pipes: data, its end, and pausing. */
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_read);

/* More than one read takes. */
enum { PLENTY = 262144 };

static void put_much(int peer, size_t len)
{
    char *bytes = pattern_of(len);
    put_bytes(peer, bytes, len);
    free(bytes);
}

static void check_much(const struct pipe_recorder *recorder, size_t len)
{
    char *bytes = pattern_of(len);
    cr_assert_eq(recorder->bytes.len, len);
    cr_assert_arr_eq(recorder->bytes.data, bytes, len);
    free(bytes);
}

/* ---- the end --------------------------------------------------------------------- */

Test(pipe_read, sem_19_the_end_is_told_once_and_then_the_loss_once)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.keep_when_lost = true};
    int peer = record_reader(loop, &reading);
    put(peer, "last words");
    close(peer);
    test_run_until(loop, &reading.ended);
    test_run_until(loop, &reading.lost);
    cr_assert_not(brood_pipe_is_reading(reading.pipe));
    test_settle(loop);
    cr_assert_str_eq(reading.log, "made data eof lost");
    brood_pipe_close(reading.pipe);
    test_settle(loop);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

static void read_on(struct pipe_recorder *recorder)
{
    do_pause(recorder);
    cr_assert_eq(brood_pipe_resume_reading(recorder->pipe), 0);
}

Test(pipe_read, sem_19_no_call_from_eof_received_makes_reading_go_on)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_EOF] = read_on};
    close(record_reader(loop, &reading));
    test_run_until(loop, &reading.lost);
    test_settle(loop);
    cr_assert_str_eq(reading.log, "made eof lost");
    test_loop_close(loop);
}

static void put_again(struct pipe_recorder *recorder)
{
    put_much(*recorder->peer, 5000);
}

Test(pipe_read, a_busy_pipe_starves_no_other)
{
    brood_loop *loop = test_loop();
    int busy_peer, peer;
    struct pipe_recorder busy = {.discard = true, .on[PIPE_DATA] = put_again, .peer = &busy_peer};
    struct pipe_recorder quiet = {0};
    busy_peer = record_reader(loop, &busy);
    peer = record_reader(loop, &quiet);
    put_again(&busy);
    test_settle(loop);
    put(peer, "me too");
    int before = busy.counts[PIPE_DATA];
    cr_assert_gt(before, 2);
    while (quiet.received == 0)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_assert_leq(busy.counts[PIPE_DATA] - before, 4);
    close(busy_peer);
    close(peer);
    test_loop_close(loop);
    pipe_recorder_free(&quiet);
}

/* ---- closing from callbacks --------------------------------------------------------- */

static void end_in(enum pipe_event event, void (*how)(struct pipe_recorder *), const char *log)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct pipe_recorder reading = {0};
    reading.on[event] = how;
    int peer = record_reader(loop, &reading);
    put(peer, "some");
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    close(peer);
    test_run_until(loop, &reading.lost);
    test_settle(loop);
    cr_expect_str_eq(reading.log, log);
    cr_expect_eq(reading.error, 0);
    test_loop_close(loop);
    cr_expect_eq(report.lines, 0, "%s", report.last);
    pipe_recorder_free(&reading);
}

static void end_in_every_callback(void (*how)(struct pipe_recorder *))
{
    end_in(PIPE_MADE, how, "made lost");
    end_in(PIPE_DATA, how, "made data lost");
    end_in(PIPE_EOF, how, "made data eof lost");
    end_in(PIPE_LOST, how, "made data eof lost");
}

Test(pipe_read, closing_works_from_every_callback)
{
    end_in_every_callback(do_close);
}

Test(pipe_read, aborting_works_from_every_callback)
{
    end_in_every_callback(do_abort);
}

Test(pipe_read, after_close_what_is_still_in_the_pipe_is_not_delivered)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_DATA] = do_close};
    int peer = record_wide_reader(loop, &reading, PLENTY);
    put_much(peer, 200000);
    close(peer);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made data lost");
    cr_assert_eq(reading.counts[PIPE_DATA], 1);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

/* ---- pausing --------------------------------------------------------------------- */

Test(pipe_read, while_paused_nothing_is_told_and_after_it_everything)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_wide_reader(loop, &reading, PLENTY);
    test_settle(loop);
    do_pause(&reading);
    do_pause(&reading);
    cr_assert_not(brood_pipe_is_reading(reading.pipe));
    put_much(peer, 200000);
    close(peer);
    test_settle(loop);
    cr_assert_str_eq(reading.log, "made");
    cr_assert_eq(brood_pipe_resume_reading(reading.pipe), 0);
    cr_assert_eq(brood_pipe_resume_reading(reading.pipe), 0);
    cr_assert(brood_pipe_is_reading(reading.pipe));
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made data eof lost");
    check_much(&reading, 200000);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_read, a_loop_whose_pipes_are_paused_has_nothing_to_do)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_MADE] = do_pause};
    int peer = record_reader(loop, &reading);
    put(peer, "x");
    close(peer);
    test_settle(loop);
    cr_assert_str_eq(reading.log, "made");
    cr_assert_eq(brood_loop_next(loop), BROOD_FOREVER);
    test_loop_close(loop);
}

Test(pipe_read, pausing_in_data_received_stops_at_once)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_DATA] = do_pause};
    int peer = record_wide_reader(loop, &reading, PLENTY);
    put_much(peer, PLENTY);
    close(peer);
    test_settle(loop);
    for (int pieces = 1; reading.received < PLENTY; pieces++) {
        test_settle(loop);
        cr_assert_eq(reading.counts[PIPE_DATA], pieces);
        cr_assert_leq(pieces, 100);
        cr_assert_eq(brood_pipe_resume_reading(reading.pipe), 0);
        if (reading.received < PLENTY)
            cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    }
    brood_pipe_resume_reading(reading.pipe);
    test_run_until(loop, &reading.lost);
    check_much(&reading, PLENTY);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_read, resuming_in_the_callback_that_paused_goes_on)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_DATA] = read_on, .on[PIPE_MADE] = read_on};
    int peer = record_wide_reader(loop, &reading, PLENTY);
    put_much(peer, PLENTY);
    close(peer);
    test_run_until(loop, &reading.lost);
    check_much(&reading, PLENTY);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

/* The pending read is taken back in the next round; these come before that. */
Test(pipe_read, resuming_before_the_pending_read_was_taken_back_loses_nothing)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    test_settle(loop);
    put(peer, "one");
    read_on(&reading);
    test_settle(loop);
    cr_assert_str_eq(reading.bytes.data, "one");
    read_on(&reading);
    do_pause(&reading);
    put(peer, "two");
    test_settle(loop);
    cr_assert_str_eq(reading.bytes.data, "one");
    read_on(&reading);
    close(peer);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.bytes.data, "onetwo");
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

static void pause_other(struct pipe_recorder *recorder)
{
    do_pause(recorder->other);
}

Test(pipe_read, a_pipe_of_the_same_batch_that_is_paused_delivers_nothing)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder readers[2] = {{0}};
    int peers[2];
    for (int i = 0; i < 2; i++) {
        readers[i].other = &readers[1 - i];
        readers[i].on[PIPE_DATA] = pause_other;
        peers[i] = record_reader(loop, &readers[i]);
    }
    test_settle(loop);
    put(peers[0], "x");
    put(peers[1], "y");
    test_settle(loop);
    int served = readers[0].received > 0 ? 0 : 1;
    cr_assert_eq(readers[1 - served].received, 0);
    readers[1 - served].on[PIPE_DATA] = NULL;
    cr_assert_eq(brood_pipe_resume_reading(readers[1 - served].pipe), 0);
    test_settle(loop);
    cr_assert_eq(readers[1 - served].received, 1);
    for (int i = 0; i < 2; i++) {
        close(peers[i]);
        test_run_until(loop, &readers[i].lost);
        pipe_recorder_free(&readers[i]);
    }
    test_loop_close(loop);
}

Test(pipe_read, a_paused_pipe_can_be_closed)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.on[PIPE_DATA] = do_pause};
    int peer = record_reader(loop, &reading);
    put(peer, "x");
    test_settle(loop);
    brood_pipe_close(reading.pipe);
    cr_assert_eq(brood_pipe_pause_reading(reading.pipe), BROOD_ECLOSED);
    cr_assert_eq(brood_pipe_resume_reading(reading.pipe), BROOD_ECLOSED);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made data lost");
    close(peer);
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe_read, a_pipe_for_writing_cannot_be_paused)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    cr_assert_eq(brood_pipe_pause_reading(writing.pipe), BROOD_EINVAL);
    cr_assert_eq(brood_pipe_resume_reading(writing.pipe), BROOD_EINVAL);
    cr_assert_not(brood_pipe_is_reading(writing.pipe));
    close(peer);
    test_loop_close(loop);
}
