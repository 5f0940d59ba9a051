/* Writing to pipes: at once or later but always in order, and with water marks.
 * How it ends is in test_pipe_end.c.
 *
 * SEMANTICS 61 to 63 and 70 are about drain: the stream layer's tests. */
#include <stdio.h>
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_write);

/* ---- water marks ------------------------------------------------------------------ */

static void check_limits(brood_pipe *pipe, size_t high, size_t low, size_t set_high, size_t set_low)
{
    size_t now_high, now_low;
    cr_expect_eq(brood_pipe_set_limits(pipe, high, low), 0);
    brood_pipe_limits(pipe, &now_high, &now_low);
    cr_expect_eq(now_high, set_high);
    cr_expect_eq(now_low, set_low);
}

Test(pipe_write, sem_58_each_limit_is_derived_from_the_other)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    size_t high, low;
    brood_pipe_limits(writing.pipe, &high, &low);
    cr_expect_eq(high, 65536);
    cr_expect_eq(low, 16384);
    check_limits(writing.pipe, 1000, BROOD_DERIVED, 1000, 250);
    check_limits(writing.pipe, BROOD_DERIVED, 100, 400, 100);
    check_limits(writing.pipe, 0, BROOD_DERIVED, 0, 0);
    check_limits(writing.pipe, 7, 7, 7, 7);
    check_limits(writing.pipe, BROOD_DERIVED, SIZE_MAX - 1, SIZE_MAX, SIZE_MAX - 1);
    check_limits(writing.pipe, BROOD_DERIVED, BROOD_DERIVED, 65536, 16384);
    cr_expect_eq(brood_pipe_set_limits(writing.pipe, 5, 6), BROOD_EINVAL);
    cr_expect_eq(brood_pipe_set_limits(NULL, 2, 1), BROOD_EINVAL);
    brood_pipe_limits(writing.pipe, &high, &low);
    cr_expect_eq(high, 65536);
    cr_expect_eq(low, 16384);
    close(peer);
    test_loop_close(loop);
}

Test(pipe_write, sem_58_new_limits_are_looked_at_at_once)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(65536);
    int peer = record_full_writer(loop, &writing, bytes);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 1000), 0);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 999, 100), 0);
    cr_assert_str_eq(writing.log, "made", "nothing calls back inline");
    test_settle(loop);
    cr_assert_str_eq(writing.log, "made pause");
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 5000, 999), 0);
    test_settle(loop);
    cr_assert_str_eq(writing.log, "made pause", "it is not low yet");
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 5000, 1000), 0);
    test_settle(loop);
    cr_assert_str_eq(writing.log, "made pause resume");
    close(peer);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}

Test(pipe_write, sem_59_exactly_the_high_mark_is_not_over_it)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    char *bytes = pattern_of(65536);
    int peer = record_full_writer(loop, &writing, bytes);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 65536), 0);
    test_settle(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 65536);
    cr_assert_eq(writing.counts[PIPE_PAUSE], 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 1), 1);
    cr_assert_eq(writing.counts[PIPE_PAUSE], 0, "nothing calls back inline");
    test_run_until(loop, &writing.paused);

    while (writing.paused) {
        cr_assert_gt(brood_pipe_buffered(writing.pipe), 16384);
        cr_assert_gt(take_bytes(peer, bytes, 4096), 0);
        test_settle(loop);
    }
    cr_assert_leq(brood_pipe_buffered(writing.pipe), 16384);
    cr_assert_gt(brood_pipe_buffered(writing.pipe), 0);
    close(peer);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}

static uint32_t random_below(uint32_t *state, uint32_t bound)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % bound;
}

/* The recorder insists that the calls alternate. */
Test(pipe_write, who_is_told_to_pause_is_told_to_resume)
{
    enum { TOTAL = 4 << 20 };
    uint32_t state = 20240817;
    fprintf(stderr, "seed %u\n", state);
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing), waves = 0;
    char *bytes = pattern_of(TOTAL);
    cr_assert_eq(brood_pipe_set_limits(writing.pipe, 9000, 3000), 0);
    for (size_t written = 0, taken = 0; taken < TOTAL;) {
        size_t len = random_below(&state, 12000);
        if (!writing.paused && written < TOTAL) {
            if (len > TOTAL - written)
                len = TOTAL - written;
            waves += brood_pipe_write(writing.pipe, bytes + written, len);
            written += len;
            cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
            cr_assert_eq(writing.counts[PIPE_PAUSE], waves);
        }
        len = random_below(&state, 8000);
        if (len > 0 && available(peer) > 0)
            taken += take_pattern(peer, len, taken);
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    }
    cr_assert_gt(waves, 10);
    cr_assert_eq(writing.counts[PIPE_RESUME], waves);
    close(peer);
    test_run_until(loop, &writing.lost);
    test_loop_close(loop);
    free(bytes);
}

/* ---- at once or later -------------------------------------------------------------- */

Test(pipe_write, sem_59_the_first_write_is_made_at_once)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    cr_assert_eq(brood_pipe_write(writing.pipe, "abc", 3), 0);
    cr_assert_eq(available(peer), 3);
    let_out(loop);
    cr_assert_eq(brood_pipe_buffered(writing.pipe), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, "", 0), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, NULL, 0), 0);
    cr_assert_eq(brood_pipe_writev(writing.pipe, NULL, 0), 0);
    cr_assert_eq(brood_pipe_write(writing.pipe, NULL, 1), BROOD_EINVAL);
    cr_assert_eq(available(peer), 3);
    close(peer);
    test_loop_close(loop);
}

Test(pipe_write, sem_60_what_is_buffered_is_a_copy)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(150000);
    test_settle(loop);
    cr_assert_eq(brood_pipe_write(writing.pipe, bytes, 150000), 1);
    memset(bytes, 0, 150000);
    brood_pipe_close(writing.pipe);
    cr_assert_eq(read_slowly(loop, peer, 30000), 150000);
    test_run_until(loop, &writing.lost);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

Test(pipe_write, sem_69_eight_mebibytes_through_a_slow_reader_keep_their_order)
{
    enum { TOTAL = 8 << 20 };
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    char *bytes = pattern_of(TOTAL);
    size_t place = 0;
    for (size_t len = 1; place < TOTAL; place += len, len = len * 3 % 70001 + 1) {
        if (len > TOTAL - place)
            len = TOTAL - place;
        cr_assert_geq(brood_pipe_write(writing.pipe, bytes + place, len), 0);
    }
    test_settle(loop);
    brood_pipe_close(writing.pipe);
    cr_assert_eq(read_slowly(loop, peer, 5003), TOTAL);
    test_run_until(loop, &writing.lost);
    cr_assert_str_eq(writing.log, "made pause resume lost");
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

static void write_in_parts(size_t count, size_t part_len, size_t empty_before)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder writing = {0};
    int peer = record_writer(loop, &writing);
    brood_slice parts[64] = {{0}};
    char *bytes = pattern_of(count * part_len);
    for (size_t i = 0; i < count; i++)
        parts[empty_before + 2 * i] = (brood_slice){.data = bytes + i * part_len, .len = part_len};
    cr_assert_geq(brood_pipe_writev(writing.pipe, parts, empty_before + 2 * count), 0);
    test_settle(loop);
    brood_pipe_close(writing.pipe);
    cr_assert_eq(read_slowly(loop, peer, 65536), count * part_len);
    test_run_until(loop, &writing.lost);
    close(peer);
    test_loop_close(loop);
    free(bytes);
}

Test(pipe_write, sem_69_parts_are_joined_however_many_and_however_empty)
{
    write_in_parts(3, 5, 0);
    write_in_parts(3, 5, 40); /* more empty ones first than one call takes */
    write_in_parts(30, 7, 0);
    write_in_parts(30, 9001, 1);
}
