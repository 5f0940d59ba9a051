/* The room of a pipe, which Linux alone lets one change. */
#include <fcntl.h>
#include <unistd.h>

#include "pipe_recorder.h"

SUITE(pipe_read_linux);

enum { USUAL = 65536, WIDE = 262144 };

static void read_a_full_pipe(brood_loop *loop, struct pipe_recorder *reading, int peer)
{
    size_t len = capacity_of(peer);
    char *bytes = pattern_of(len);
    cr_assert_eq(write(peer, bytes, len), (ssize_t)len);
    free(bytes);
    size_t before = reading->received;
    while (reading->received < before + len)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
}

Test(pipe_read_linux, a_pipe_that_is_found_full_gets_more_room)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder busy = {0}, quiet = {0};
    int busy_peer = record_reader(loop, &busy), quiet_peer = record_reader(loop, &quiet);
    put(quiet_peer, "a few bytes");
    while (quiet.received == 0)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_expect_eq(capacity_of(quiet_peer), USUAL);
    read_a_full_pipe(loop, &busy, busy_peer);
    cr_expect_eq(capacity_of(busy_peer), WIDE);
    char *bytes = pattern_of(USUAL);
    cr_expect_eq(busy.bytes.len, USUAL);
    cr_expect_arr_eq(busy.bytes.data, bytes, USUAL);
    free(bytes);
    close(busy_peer);
    close(quiet_peer);
    test_loop_close(loop);
    pipe_recorder_free(&busy);
    pipe_recorder_free(&quiet);
}

Test(pipe_read_linux, a_pipe_that_somebody_made_larger_stays_so)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder reading = {.discard = true};
    int peer = record_reader(loop, &reading);
    cr_assert_eq(fcntl(peer, F_SETPIPE_SZ, 2 * WIDE), 2 * WIDE);
    read_a_full_pipe(loop, &reading, peer);
    cr_expect_eq(capacity_of(peer), 2 * WIDE);
    close(peer);
    test_loop_close(loop);
}

Test(pipe_read_linux, a_loop_widens_no_more_than_16_at_a_time)
{
    enum { PIPES = 18 };
    brood_loop *loop = test_loop();
    struct pipe_recorder reading[PIPES] = {0};
    int peers[PIPES], wide = 0;
    for (int i = 0; i < PIPES; i++) {
        reading[i].discard = true;
        peers[i] = record_reader(loop, &reading[i]);
    }
    for (int i = 0; i < PIPES - 1; i++) {
        read_a_full_pipe(loop, &reading[i], peers[i]);
        wide += capacity_of(peers[i]) == WIDE;
    }
    cr_expect_eq(wide, 16);
    close(peers[0]);
    test_run_until(loop, &reading[0].lost);
    read_a_full_pipe(loop, &reading[PIPES - 1], peers[PIPES - 1]);
    cr_expect_eq(capacity_of(peers[PIPES - 1]), WIDE, "one that was closed makes place");
    for (int i = 1; i < PIPES; i++)
        close(peers[i]);
    test_loop_close(loop);
}

/* ---- much at once ------------------------------------------------------------------------ */

static void fill_again(struct pipe_recorder *recorder)
{
    static char bytes[WIDE];
    if (recorder->received < 64 * (size_t)WIDE)
        put_some(*recorder->peer, bytes,
                 (size_t)capacity_of(*recorder->peer) - available(*recorder->peer));
}

/* Where both ends share a processor: each read finds the pipe full. */
Test(pipe_read_linux, one_that_is_always_full_is_emptied_at_once)
{
    brood_loop *loop = test_loop();
    int peer;
    struct pipe_recorder flood = {.discard = true, .on[PIPE_DATA] = fill_again, .peer = &peer};
    peer = record_reader(loop, &flood);
    put(peer, "begin");
    while (flood.received < 32 * (size_t)WIDE)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    int reads = flood.counts[PIPE_DATA];
    size_t before = flood.received;
    while (flood.received < 64 * (size_t)WIDE)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_expect_leq((size_t)(flood.counts[PIPE_DATA] - reads), (flood.received - before) / WIDE);
    close(peer);
    test_loop_close(loop);
}

static void note_time(void *arg)
{
    *(bool *)arg = true;
}

Test(pipe_read_linux, a_flood_starves_no_other_pipe_and_no_timer)
{
    brood_loop *loop = test_loop();
    int peer, quiet_peer;
    struct pipe_recorder flood = {.discard = true, .on[PIPE_DATA] = fill_again, .peer = &peer};
    struct pipe_recorder quiet = {0};
    peer = record_reader(loop, &flood);
    quiet_peer = record_reader(loop, &quiet);
    put(peer, "begin");
    while (flood.received < 8 * (size_t)WIDE)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    for (int i = 0; i < 4; i++) {
        int before = flood.counts[PIPE_DATA];
        size_t received = quiet.received;
        bool due = false;
        cr_assert_eq(brood_call_at(loop, brood_now(), note_time, &due, NULL), 0);
        put(quiet_peer, "me too");
        while (quiet.received == received)
            cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
        cr_expect_leq(flood.counts[PIPE_DATA] - before, 5, "at most four between two looks");
        test_run_until(loop, &due);
        cr_expect_leq(flood.counts[PIPE_DATA] - before, 8);
    }
    close(peer);
    close(quiet_peer);
    test_loop_close(loop);
    pipe_recorder_free(&quiet);
}

Test(pipe_read_linux, a_pipe_that_is_written_more_to_than_that_gets_more_room)
{
    brood_loop *loop = test_loop();
    struct pipe_recorder little = {0}, much = {0};
    int little_peer = record_writer(loop, &little), much_peer = record_writer(loop, &much);
    char *bytes = pattern_of(2 * WIDE);
    cr_assert_geq(brood_pipe_write(little.pipe, bytes, 2 * USUAL), 0);
    cr_expect_eq(capacity_of(little_peer), USUAL);
    cr_assert_geq(brood_pipe_write(much.pipe, bytes, 2 * WIDE), 0);
    cr_expect_eq(capacity_of(much_peer), WIDE);
    free(bytes);
    close(little_peer);
    close(much_peer);
    test_loop_close(loop);
}
