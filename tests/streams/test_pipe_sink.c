/* Pipes for reading with a sink: what is read lands where the sink says, or in the
 * backend's memory if it says nothing. */
#include <unistd.h>

#include "pipe.h"
#include "pipe_recorder.h"

SUITE(pipe_sink);

enum { ROOM = 100000 };

struct memory_sink {
    struct brood__sink sink;
    struct pipe_recorder reading;
    brood_loop *loop;
    int peer;
    char *memory; /* ROOM bytes, or NULL: the backend's is asked for */
    size_t used;  /* of it                                          */
    size_t at_once;
    size_t received;
    int error; /* room fails with it                            */
    int asked, filled;
    bool untouched; /* room found NULL at *data each time            */
    bool in_place;  /* filled was told where the bytes are           */
};

static int give_room(struct brood__sink *base, void **data, size_t *len)
{
    struct memory_sink *sink = BROOD__CONTAINER(base, struct memory_sink, sink);
    sink->asked++;
    sink->untouched = sink->untouched && *data == NULL;
    if (sink->error < 0)
        return sink->error;
    if (sink->memory == NULL)
        return 0;
    *data = sink->memory + sink->used;
    *len = sink->at_once < ROOM - sink->used ? sink->at_once : ROOM - sink->used;
    return 0;
}

static void take(struct brood__sink *base, const void *data, size_t len)
{
    struct memory_sink *sink = BROOD__CONTAINER(base, struct memory_sink, sink);
    const char *bytes = data;
    sink->filled++;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != pattern_at(sink->received + i))
            cr_assert_fail("the byte at %zu is wrong", sink->received + i);
    if (sink->memory != NULL) {
        sink->in_place = sink->in_place && bytes == sink->memory + sink->used;
        cr_assert_leq(len, sink->at_once);
        sink->used += len;
    }
    sink->received += len;
}

static void sink_open(struct memory_sink *sink, brood_loop *loop, size_t at_once)
{
    *sink = (struct memory_sink){
        .sink = {.room = give_room, .filled = take},
        .reading = {.keep_when_lost = true},
        .loop = loop,
        .memory = at_once > 0 ? malloc(ROOM) : NULL,
        .at_once = at_once,
        .untouched = true,
        .in_place = true,
    };
    sink->peer = record_reader(loop, &sink->reading);
    brood__pipe_read_into(sink->reading.pipe, &sink->sink);
    test_settle(loop);
}

/* Writes the pattern from `place` on; it fits into the pipe. */
static void put_pattern(struct memory_sink *sink, size_t place, size_t len)
{
    char *bytes = pattern_of(place + len);
    put_bytes(sink->peer, bytes + place, len);
    free(bytes);
}

static void sink_close(struct memory_sink *sink)
{
    cr_expect(sink->untouched, "room is asked with NULL at *data");
    cr_expect(sink->in_place);
    cr_expect_eq(sink->reading.counts[PIPE_DATA], 0, "nothing goes past the sink");
    brood_pipe_close(sink->reading.pipe);
    if (sink->peer >= 0)
        close(sink->peer);
    test_settle(sink->loop);
    free(sink->memory);
}

/* ---- where bytes land --------------------------------------------------------------------- */

static void read_all(size_t at_once)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, at_once);
    size_t total = capacity_of(sink.peer);
    cr_expect_eq(sink.asked, 0, "room is asked for when there is something to read");
    put_pattern(&sink, 0, total);
    test_settle(loop);
    if (at_once == 0 || at_once > 4096)
        cr_expect_eq(sink.received, total);
    while (sink.received < total)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    cr_expect_eq(sink.filled, at_once == 0 ? 1 : (int)((total + at_once - 1) / at_once));
    if (at_once > 0)
        for (size_t i = 0; i < total; i++)
            cr_assert_eq(sink.memory[i], pattern_at(i));
    cr_expect_str_eq(sink.reading.log, "made");
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, bytes_land_in_the_sinks_memory)
{
    read_all(1000);
    read_all(65536);
    read_all(ROOM);
}

Test(pipe_sink, without_memory_of_its_own_they_come_from_the_backends)
{
    read_all(0);
}

/* A read gets no room to write into before it is made: nothing is held meanwhile. */
Test(pipe_sink, each_read_asks_for_room_and_one_that_is_taken_back_does_not)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 10000);
    put_pattern(&sink, 0, 10);
    cr_assert_eq(brood_pipe_pause_reading(sink.reading.pipe), 0);
    test_settle(loop);
    cr_assert_eq(sink.asked, 0);
    cr_assert_eq(brood_pipe_resume_reading(sink.reading.pipe), 0);
    test_settle(loop);
    cr_assert_eq(sink.asked, 1);
    put_pattern(&sink, 10, 10);
    test_settle(loop);
    cr_assert_eq(sink.asked, 2);
    cr_assert_eq(sink.received, 20);
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, it_may_change_its_mind_with_each_read)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    char *memory = malloc(ROOM);
    sink_open(&sink, loop, 0);
    sink.at_once = ROOM / 2;
    for (size_t i = 0; i < 6; i++) {
        sink.memory = i % 2 == 0 ? NULL : memory;
        put_pattern(&sink, i * 5000, 5000);
        test_settle(loop);
        cr_assert_eq(sink.received, (i + 1) * 5000);
    }
    cr_assert_eq(sink.used, 15000);
    sink_close(&sink);
    test_loop_close(loop);
}

static void read_rest_of_other(struct pipe_recorder *recorder)
{
    brood__pipe_read_rest(recorder->other->pipe);
}

/* Both pipes are ready in one round; what the second holds is taken by a callback of
 * the first, so that its own read finds nothing and goes on waiting. */
Test(pipe_sink, a_read_that_finds_nothing_keeps_no_room)
{
    struct memory_sink sink;
    struct pipe_recorder first = {.on[PIPE_DATA] = read_rest_of_other, .discard = true};
    brood_loop *loop = test_loop();
    int peer = record_reader(loop, &first);
    test_settle(loop);
    sink_open(&sink, loop, 10000);
    first.other = &sink.reading;
    put(peer, "x");
    put_pattern(&sink, 0, 100);
    test_settle(loop);
    cr_assert_eq(sink.received, 100);
    cr_assert_eq(sink.asked, 3, "for the rest, twice, and for the read");

    char *memory = sink.memory;
    sink.memory = NULL; /* from now on the backend's */
    memset(memory, 0, ROOM);
    put_pattern(&sink, 100, 50);
    test_settle(loop);
    cr_expect_eq(sink.received, 150);
    size_t changed = 0;
    for (size_t i = 0; i < ROOM; i++)
        changed += memory[i] != 0;
    cr_expect_eq(changed, 0, "the memory was the read's no more");
    sink.memory = memory;
    close(peer);
    test_run_until(loop, &first.lost);
    sink_close(&sink);
    test_loop_close(loop);
}

/* ---- ends ------------------------------------------------------------------------------------ */

Test(pipe_sink, the_end_comes_as_without_a_sink)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 1000);
    put_pattern(&sink, 0, 5000);
    close(sink.peer);
    sink.peer = -1;
    test_run_until(loop, &sink.reading.lost);
    cr_assert_str_eq(sink.reading.log, "made eof lost");
    cr_assert_eq(sink.received, 5000);
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, a_sink_without_room_ends_the_connection_with_its_error)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 1000);
    sink.error = BROOD_ENOMEM;
    put_pattern(&sink, 0, 10);
    test_run_until(loop, &sink.reading.lost);
    cr_assert_str_eq(sink.reading.log, "made lost:ENOMEM");
    cr_assert_eq(sink.asked, 1);
    cr_assert_eq(sink.filled, 0);
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, without_room_nothing_is_read)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 1000);
    intptr_t copy = copy_end(brood_pipe_fd(sink.reading.pipe));
    sink.error = BROOD_ENOMEM;
    put_pattern(&sink, 0, 10);
    test_run_until(loop, &sink.reading.lost);
    cr_assert_eq(available_at(copy), 10);
    close_end(copy);
    sink_close(&sink);
    test_loop_close(loop);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void read_rest(size_t at_once, bool ended)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, at_once);
    put_pattern(&sink, 0, 50000);
    if (ended) {
        close(sink.peer);
        sink.peer = -1;
    }
    brood__pipe_read_rest(sink.reading.pipe);
    cr_expect_eq(sink.received, 50000);
    cr_expect_eq(brood_pipe_is_closing(sink.reading.pipe), ended);
    cr_expect_eq(sink.reading.lost, false, "the loss comes from the loop");
    test_settle(loop);
    cr_expect_str_eq(sink.reading.log, ended ? "made eof lost" : "made");
    if (!ended) {
        put_pattern(&sink, 50000, 100);
        test_settle(loop);
        cr_expect_eq(sink.received, 50100);
    }
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, the_rest_lands_there_too)
{
    for (int ended = 0; ended < 2; ended++) {
        read_rest(1000, ended != 0);
        read_rest(0, ended != 0);
        read_rest(60000, ended != 0);
    }
}

Test(pipe_sink, the_rest_is_bounded)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 10);
    put_pattern(&sink, 0, 5000);
    brood__pipe_read_rest(sink.reading.pipe);
    cr_assert_eq(sink.filled, 64);
    cr_assert_eq(sink.received, 640);
    while (sink.received < 5000)
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, the_rest_without_room_ends_the_connection)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 1000);
    sink.error = BROOD_ENOMEM;
    put_pattern(&sink, 0, 10);
    brood__pipe_read_rest(sink.reading.pipe);
    cr_assert(brood_pipe_is_closing(sink.reading.pipe));
    test_run_until(loop, &sink.reading.lost);
    cr_assert_str_eq(sink.reading.log, "made lost:ENOMEM");
    cr_assert_eq(sink.filled, 0);
    sink_close(&sink);
    test_loop_close(loop);
}

Test(pipe_sink, the_rest_of_a_paused_pipe_stays_there)
{
    struct memory_sink sink;
    brood_loop *loop = test_loop();
    sink_open(&sink, loop, 1000);
    put_pattern(&sink, 0, 10);
    cr_assert_eq(brood_pipe_pause_reading(sink.reading.pipe), 0);
    brood__pipe_read_rest(sink.reading.pipe);
    cr_assert_eq(sink.asked, 0);
    cr_assert_eq(sink.received, 0);
    sink_close(&sink);
    test_loop_close(loop);
}
