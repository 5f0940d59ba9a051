/* Pipe transports: what they can be made of, how they begin and how they end.
 *
 * SEMANTICS without a test: 36 (destructors) has no counterpart in C. */
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe);

/* ---- beginning ------------------------------------------------------------------ */

Test(pipe, sem_11_a_fifo_is_accepted)
{
    intptr_t reader, writer;
    make_ends(&reader, &writer);
    record_both_ends(reader, writer);
}

static void refuse(intptr_t end, int expected)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder = {0};
    brood_pipe *pipe = NULL;
    int mode = mode_of(end);
    cr_expect_eq(brood_connect_read_pipe(loop, end, &pipe_recorder_protocol, &recorder, &pipe),
                 expected);
    cr_expect_eq(brood_connect_write_pipe(loop, end, &pipe_recorder_protocol, &recorder, &pipe),
                 expected);
    cr_expect_null(pipe);
    cr_expect_eq(mode_of(end), mode);
    test_settle(loop);
    cr_expect_str_eq(recorder.log, "");
    test_loop_close(loop);
}

Test(pipe, sem_11_a_regular_file_and_a_directory_are_refused_and_stay_as_they_were)
{
    intptr_t file = open_file(), directory = open_directory();
    refuse(file, BROOD_EINVAL);
    refuse(directory, BROOD_EINVAL);
    close_end(file);
    close_end(directory);
}

Test(pipe, what_is_not_open_is_refused)
{
    refuse(-1, BROOD_EBADF);
    refuse(9999, BROOD_EBADF);
}

Test(pipe, missing_arguments_are_refused)
{
    brood_loop *loop = test_loop();
    intptr_t reader, writer;
    brood_pipe *pipe = NULL;
    make_ends(&reader, &writer);
    cr_assert_eq(brood_connect_read_pipe(loop, reader, NULL, NULL, &pipe), BROOD_EINVAL);
    cr_assert_eq(brood_connect_write_pipe(loop, writer, &pipe_recorder_protocol, NULL, NULL),
                 BROOD_EINVAL);
    cr_assert(is_untouched(reader) && is_untouched(writer));
    close_end(reader);
    close_end(writer);
    test_loop_close(loop);
}

Test(pipe, functions_take_null_and_refuse_the_other_direction)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer = record_reader(loop, &reading);
    brood_pipe_close(NULL);
    brood_pipe_abort(NULL);
    cr_assert(brood_pipe_is_closing(NULL));
    cr_assert_eq(brood_pipe_fd(NULL), -1);
    cr_assert_eq(brood_pipe_buffered(NULL), 0);
    cr_assert_eq(brood_pipe_write(NULL, "x", 1), BROOD_EINVAL);
    cr_assert_eq(brood_pipe_pause_reading(NULL), BROOD_EINVAL);
    cr_assert_eq(brood_pipe_write(reading.pipe, "x", 1), BROOD_EINVAL);
    cr_assert_eq(brood_pipe_write_eof(reading.pipe), BROOD_EINVAL);
    cr_assert_eq(brood_pipe_set_limits(reading.pipe, 2, 1), BROOD_EINVAL);
    cr_assert_not(brood_pipe_can_write_eof(reading.pipe));
    cr_assert_eq(brood_pipe_buffered(reading.pipe), 0);
    close(peer);
    test_loop_close(loop);
}

Test(pipe, connection_made_comes_from_the_loop_and_before_what_was_there_already)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {0};
    int peer;
    intptr_t end = make_read_end(&peer);
    put(peer, "early");
    close(peer);
    record_reading(loop, &reading, end);
    cr_assert_not(reading.made);
    cr_assert_eq(brood_loop_next(loop), BROOD_NOWAIT);
    test_run_until(loop, &reading.lost);
    cr_assert_str_eq(reading.log, "made data eof lost");
    cr_assert_str_eq(reading.bytes.data, "early");
    test_loop_close(loop);
    pipe_recorder_free(&reading);
}

Test(pipe, every_member_of_a_protocol_may_be_missing)
{
    static const brood_pipe_protocol nothing;
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    intptr_t reader, writer;
    brood_pipe *pipe;
    make_ends(&reader, &writer);
    cr_assert_eq(brood_connect_read_pipe(loop, reader, &nothing, NULL, &pipe), 0);
    record_writing(loop, &writing, writer);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", 1), 0);
    test_settle(loop);
    brood_pipe_close(writing.pipe);
    test_run_until(loop, &writing.lost);
    test_settle(loop);
    cr_assert(brood_pipe_is_closing(pipe), "its end was noticed");
    brood_pipe_close(pipe);
    test_settle(loop);
    test_loop_close(loop);
}

/* ---- ending --------------------------------------------------------------------- */

Test(pipe, closing_before_the_first_round_still_tells_both_ends_of_the_story)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct pipe_recorder recorders[4] = {{0}};
    int peers[4];
    for (int i = 0; i < 4; i++) {
        peers[i] = i < 2 ? record_reader(loop, &recorders[i]) : record_writer(loop, &recorders[i]);
        if (i % 2 == 0)
            do_close(&recorders[i]);
        else
            do_abort(&recorders[i]);
        cr_assert(brood_pipe_is_closing(recorders[i].pipe));
        cr_assert_not(recorders[i].lost, "nothing calls back inline");
    }
    test_settle(loop);
    for (int i = 0; i < 4; i++) {
        cr_expect_str_eq(recorders[i].log, "made lost");
        close(peers[i]);
    }
    test_loop_close(loop);
    cr_assert_eq(report.lines, 0, "%s", report.last);
}

static void look_at_a_lost_pipe(struct pipe_recorder *recorder)
{
    cr_assert_eq(brood_pipe_fd(recorder->pipe), -1);
    cr_assert(brood_pipe_is_closing(recorder->pipe));
    cr_assert_eq(brood_pipe_buffered(recorder->pipe), 0);
}

Test(pipe, a_lost_pipe_can_be_asked_until_it_is_closed)
{
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct pipe_recorder writing = {.keep_when_lost = true, .on[PIPE_LOST] = look_at_a_lost_pipe};
    close(record_writer(loop, &writing));
    test_run_until(loop, &writing.lost);
    test_settle(loop);
    look_at_a_lost_pipe(&writing);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", 1), BROOD_ECLOSED);
    cr_assert_eq(brood_pipe_write_eof(writing.pipe), 0);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 9, 3), 0);
    brood_pipe_close(writing.pipe);
    test_settle(loop);
    test_loop_close(loop);
    cr_assert_eq(report.lines, 0, "%s", report.last);
}

Test(pipe, closing_a_lost_pipe_and_the_loop_at_once_frees_both)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {.keep_when_lost = true};
    close(record_writer(loop, &writing));
    test_run_until(loop, &writing.lost);
    brood_pipe_close(writing.pipe);
    test_loop_close(loop);
}

Test(pipe, the_other_side_hears_of_the_end_no_later_than_the_protocol)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    test_settle(loop);
    brood_pipe_close(writing.pipe);
    test_run_until(loop, &writing.lost);
    cr_assert_eq(take_pattern(peer, 1, 0), 0);
    close(peer);
    test_loop_close(loop);
}

static void close_the_other_of_a_batch(int first)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorders[2] = {{0}};
    int peers[2];
    for (int i = 0; i < 2; i++) {
        recorders[i].other = &recorders[1 - i];
        recorders[i].on[PIPE_DATA] = do_close_other;
        peers[i] = record_reader(loop, &recorders[i]);
    }
    test_settle(loop);
    put(peers[first], "x");
    put(peers[1 - first], "y");
    test_settle(loop);
    int served = recorders[0].received > 0 ? 0 : 1;
    cr_expect_str_eq(recorders[served].log, "made data");
    cr_expect_str_eq(recorders[1 - served].log, "made lost");
    for (int i = 0; i < 2; i++) {
        close(peers[i]);
        test_run_until(loop, &recorders[i].lost);
        pipe_recorder_free(&recorders[i]);
    }
    test_loop_close(loop);
}

Test(pipe, a_callback_may_close_another_pipe_of_the_same_batch)
{
    close_the_other_of_a_batch(0);
    close_the_other_of_a_batch(1);
}

/* A pipe in every state that it can be in when its loop ends. */
Test(pipe, closing_the_loop_closes_what_is_open_without_a_callback)
{
    enum { NEW, OPEN, PAUSED, FLUSHING, LOSING, LOST, COUNT };
    struct loop_report report;
    brood_loop *loop = reporting_loop(&report);
    struct pipe_recorder recorders[COUNT] = {{0}};
    int peers[COUNT];
    for (int i = OPEN; i < COUNT; i++) {
        bool writes = i != PAUSED;
        recorders[i].keep_when_lost = true;
        peers[i] = writes ? record_writer(loop, &recorders[i]) : record_reader(loop, &recorders[i]);
    }
    brood_pipe_close(recorders[LOST].pipe);
    do_pause(&recorders[PAUSED]);
    char *bytes = pattern_of(200000);
    brood_pipe_write(recorders[FLUSHING].pipe, bytes, 200000);
    test_settle(loop);
    brood_pipe_close(recorders[FLUSHING].pipe);
    brood_pipe_abort(recorders[LOSING].pipe);
    peers[NEW] = record_reader(loop, &recorders[NEW]);
    test_loop_close(loop);

    cr_expect_str_eq(recorders[NEW].log, "");
    cr_expect_str_eq(recorders[OPEN].log, "made");
    cr_expect_str_eq(recorders[PAUSED].log, "made");
    cr_expect_str_eq(recorders[FLUSHING].log, "made pause");
    cr_expect_str_eq(recorders[LOSING].log, "made");
    cr_expect_str_eq(recorders[LOST].log, "made lost");
    cr_expect_str_eq(report.last, "closed with the loop: a pipe");
    for (int i = 0; i < COUNT; i++)
        close(peers[i]);
    free(bytes);
}
