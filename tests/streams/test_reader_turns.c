/* Whose turn it is: a task that an event has woken goes on before the next event, with all
 * posted calls in their order; and nobody waits for ever. */
#include "readers.h"

SUITE(reader_turns);

/* ---- tasks and events ------------------------------------------------------------------- */

struct taker {
    brood_reader *reader;
    const brood_reader *other;
    size_t others; /* what the other reader had when this one's bytes had come */
};

static int take_some(void *arg)
{
    struct taker *taker = arg;
    brood_slice slice;
    cr_assert_gt(brood_reader_read_slice(taker->reader, &slice, test_deadline()), 0);
    taker->others = brood_reader_buffered(taker->other);
    return 0;
}

Test(reader_turns, a_woken_task_goes_on_before_the_next_pipe_is_read)
{
    struct source first = piped_source(0);
    int peer;
    intptr_t end = make_read_end(&peer);
    brood_reader *second;
    cr_assert_eq(brood_reader_connect(first.loop, end, 0, &second), 0);
    struct taker takers[2] = {{first.reader, second, 0}, {second, first.reader, 0}};
    brood_task *tasks[2];
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_task_start(first.loop, take_some, &takers[i], &tasks[i]), 0);
    test_settle(first.loop);
    put(first.peer, "for one");
    put(peer, "for the other");
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_task_join(tasks[i], NULL, test_deadline()), 0);
    cr_expect_eq(takers[0].others + takers[1].others, 0);
    close(peer);
    brood_reader_close(second);
    source_close(&first);
}

/* ---- tasks and calls -------------------------------------------------------------------- */

static brood_reader *fed;
static char turns[8];

static void note_call(void *arg)
{
    (void)arg;
    strcat(turns, "c");
}

static int note_task(void *arg)
{
    brood_slice slice;
    cr_assert_eq(brood_reader_read_slice(arg, &slice, test_deadline()), 1);
    strcat(turns, "t");
    return 0;
}

static void call_and_feed(struct pipe_recorder *recorder)
{
    (void)recorder;
    cr_assert_eq(brood_call_soon(NULL, note_call, NULL, NULL), 0);
    cr_assert_eq(brood_reader_feed(fed, "x", 1), 0);
    cr_assert_eq(brood_call_soon(NULL, note_call, NULL, NULL), 0);
}

Test(reader_turns, but_not_before_what_was_posted_earlier)
{
    struct source source = fed_source(0);
    struct pipe_recorder recorder = {.discard = true, .on[PIPE_DATA] = call_and_feed};
    brood_task *task;
    int peer = record_reader(source.loop, &recorder);
    fed = source.reader;
    cr_assert_eq(brood_task_start(source.loop, note_task, fed, &task), 0);
    test_settle(source.loop);
    put(peer, "x");
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    test_settle(source.loop);
    cr_expect_str_eq(turns, "ctc");
    close(peer);
    source_close(&source);
}

/* ---- those who would never end ------------------------------------------------------------- */

struct player {
    brood_reader *own, *other;
    size_t count;
    bool over;
};

static int play(void *arg)
{
    struct player *player = arg;
    brood_slice slice;
    while (brood_reader_read_slice(player->own, &slice, test_deadline()) > 0 && !player->over) {
        player->count++;
        brood_reader_feed(player->other, "x", 1);
    }
    brood_reader_feed_eof(player->other);
    return 0;
}

Test(reader_turns, tasks_that_wake_each_other_hold_up_no_pipe)
{
    struct source source = fed_source(0);
    struct pipe_recorder recorder = {0};
    brood_reader *second;
    brood_task *tasks[2];
    cr_assert_eq(brood_reader_open(source.loop, 0, &second), 0);
    struct player players[2] = {{source.reader, second, 0, false},
                                {second, source.reader, 0, false}};
    int peer = record_reader(source.loop, &recorder);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_task_start(source.loop, play, &players[i], &tasks[i]), 0);
    test_settle(source.loop);
    cr_assert_eq(brood_reader_feed(source.reader, "x", 1), 0);
    for (int i = 0; i < 3; i++) {
        size_t before = players[0].count, received = recorder.received;
        put(peer, "me too");
        while (recorder.received == received)
            cr_assert_eq(brood_loop_step(source.loop, test_deadline()), 0);
        cr_assert_leq(players[0].count - before, 64);
    }
    players[0].over = players[1].over = true;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(brood_task_join(tasks[i], NULL, test_deadline()), 0);
    close(peer);
    brood_reader_close(second);
    source_close(&source);
    pipe_recorder_free(&recorder);
}
