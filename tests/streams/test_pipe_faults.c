/* Pipes and children when memory fails. */
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_faults);

/* ---- connecting ------------------------------------------------------------------- */

static int connect_one(brood_loop *loop, intptr_t end, bool writes, struct pipe_recorder *recorder)
{
    return (writes ? brood_connect_write_pipe : brood_connect_read_pipe)(
        loop, end, &pipe_recorder_protocol, recorder, &recorder->pipe);
}

/* false: there was no nth allocation to fail. */
static bool connect_without_memory(size_t nth, bool writes)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder recorder = {0};
    int peer;
    intptr_t end = (writes ? make_write_end : make_read_end)(&peer);
    size_t live = test_live_allocations();
    test_fail_allocation(nth, false);
    int error = connect_one(loop, end, writes, &recorder);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    if (failed) {
        cr_expect_eq(error, BROOD_ENOMEM);
        cr_expect_null(recorder.pipe);
        cr_expect_eq(test_live_allocations(), live);
        cr_expect(is_untouched(end));
        test_settle(loop);
        cr_expect_str_eq(recorder.log, "");
        close_end(end);
    } else {
        cr_expect_eq(error, 0);
    }
    close(peer);
    test_loop_close(loop);
    return failed;
}

Test(pipe_faults, connecting_without_memory_changes_nothing)
{
    for (int writes = 0; writes < 2; writes++) {
        size_t nth = 1;
        while (connect_without_memory(nth, writes != 0))
            nth++;
        cr_expect_gt(nth, writes_wait() ? 1 : 2, "the transport; on Unix a place in the backend");
    }
}

/* ---- reading and writing ------------------------------------------------------------ */

Test(pipe_faults, reading_and_an_idle_pipe_need_no_memory)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.discard = true}, writing = {0};
    intptr_t reader, writer;
    char *bytes = pattern_of(65536);
    make_ends(&reader, &writer);
    record_reading(loop, &reading, reader);
    record_writing(loop, &writing, writer);
    do_pause(&reading);
    test_settle(loop);
    size_t live = test_live_allocations();
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 65536), 0);
    let_out(loop);
    cr_assert_eq(test_live_allocations(), live);
    test_fail_allocation(1, true);
    cr_assert_eq(brood_pipe_resume_reading(reading.pipe), 0);
    brood_pipe_close(writing.pipe);
    test_run_until(loop, &reading.lost);
    cr_assert_not(test_allocation_failed());
    cr_assert_eq(reading.received, 65536);
    test_loop_close(loop);
    free(bytes);
}

enum fill { EMPTY, FULL, BUFFERED };

/* All or nothing: what fails without memory has written nothing. */
static void write_without_memory(enum fill fill, size_t count, size_t part_len)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(200000);
    brood_slice parts[32];
    for (size_t i = 0; i < count; i++)
        parts[i] = (brood_slice){.data = bytes + i * part_len, .len = part_len};
    test_settle(loop);
    if (fill != EMPTY)
        cr_assert_eq(brood_pipe_write(writing.pipe, bytes, capacity_of(peer)), 0);
    let_out(loop);
    if (fill == BUFFERED)
        cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 10), 0);
    size_t buffered = brood_pipe_buffered(writing.pipe), sent = available(peer);

    test_fail_allocation(1, true);
    int error = brood_pipe_writev(writing.pipe, parts, count);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    if (failed) {
        cr_expect_eq(error, BROOD_ENOMEM, "%zu parts of %zu", count, part_len);
        cr_expect_eq(brood_pipe_buffered(writing.pipe), buffered);
        cr_expect_eq(available(peer), sent, "%zu parts of %zu", count, part_len);
        cr_expect_not(brood_pipe_is_closing(writing.pipe), "%zu parts of %zu", count, part_len);
        error = brood_pipe_writev(writing.pipe, parts, count);
    }
    cr_expect_geq(error, 0);
    size_t in_flight = writes_wait() && fill != BUFFERED ? count * part_len : 0;
    if (error >= 0)
        cr_expect_eq(brood_pipe_buffered(writing.pipe) + available(peer) - in_flight,
                     buffered + sent + count * part_len);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

Test(pipe_faults, writing_without_memory_writes_all_or_nothing)
{
    static const size_t lens[] = {1, 511, 512, 513, 5000, 200000};
    for (int fill = EMPTY; fill <= BUFFERED; fill++)
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
            write_without_memory((enum fill)fill, 1, lens[i]);
}

/* One call of the system takes 16 parts at most. */
Test(pipe_faults, writing_many_parts_without_memory_writes_all_or_nothing)
{
    for (int fill = EMPTY; fill <= BUFFERED; fill++) {
        write_without_memory((enum fill)fill, 20, 1);
        write_without_memory((enum fill)fill, 20, 100);
    }
}

Test(pipe_faults, more_than_the_limit_is_refused_before_a_byte_is_read)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    brood_slice parts[] = {{"abc", 3}, {"x", BROOD_MAX_BUFFERED - 2}, {"x", SIZE_MAX - 1}};
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", BROOD_MAX_BUFFERED + 1), BROOD_ENOBUFS);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", SIZE_MAX), BROOD_ENOBUFS);
    cr_assert_eq(brood_pipe_writev(writing.pipe, parts, 2), BROOD_ENOBUFS);
    parts[1].len = 4; /* a sum that wraps around */
    cr_assert_eq(brood_pipe_writev(writing.pipe, parts, 3), BROOD_ENOBUFS);
    cr_assert_eq(available(peer), 0);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);

    char *bytes = pattern_of(65536);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 65536), 0);
    let_out(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 30000), 0);
    size_t buffered = brood_pipe_buffered(writing.pipe);
    cr_assert_eq(brood_pipe_write(writing.pipe, "x", BROOD_MAX_BUFFERED - buffered + 1),
                 BROOD_ENOBUFS, "what is buffered counts");
    cr_assert_eq(brood_pipe_buffered(writing.pipe), buffered);
    cr_assert_not(brood_pipe_is_closing(writing.pipe));
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

/* ---- starting a child --------------------------------------------------------------- */

/* false: there was no nth allocation to fail.  The pipes that are there already
 * decide which of the child's finds no place in the backend. */
static bool exec_without_memory(size_t nth, int pipes_before)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder before[16] = {{0}};
    int peers[16];
    for (int i = 0; i < pipes_before; i++)
        peers[i] = record_reader(loop, &before[i]);
    struct recorder recorder = {0};
    brood_spawn_failure failure = {0};
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat"),
                                   .failure = &failure,
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_PIPE}};
    test_fail_allocation(nth, false);
    int error =
        brood_subprocess_exec(loop, &recorder_protocol, &recorder, &options, &recorder.transport);
    bool failed = test_allocation_failed();
    test_fail_allocation(0, false);
    cr_expect_eq(error, failed ? BROOD_ENOMEM : 0, "allocation %zu: %s", nth, brood_errname(error));
    if (failed) {
        cr_expect_null(recorder.transport);
        cr_expect_eq(failure.error, error);
        cr_expect_not(test_has_children());
        test_settle(loop);
        cr_expect_str_eq(recorder.log, "");
    }
    for (int i = 0; i < pipes_before; i++)
        close(peers[i]);
    test_loop_close(loop);
    return failed;
}

Test(pipe_faults, starting_without_memory_leaves_nothing_and_calls_nobody)
{
    int descriptors = test_count_descriptors();
    for (int pipes = 12; pipes <= 16; pipes++) {
        size_t nth = 1;
        while (exec_without_memory(nth, pipes))
            nth++;
        cr_expect_gt(nth, 4);
        cr_expect_eq(test_live_allocations(), 0);
        cr_expect_eq(test_count_descriptors(), descriptors);
    }
}
