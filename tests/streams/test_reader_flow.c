/* Flow control on a real pipe: what a reader takes while nobody reads, and when it
 * goes on. */
#include "readers.h"

SUITE(reader_flow);

enum { ONE_READ = 65536 }; /* the most that one read of the system brings */

/* Writes the pattern from `place` on until nothing more goes in and the loop has
 * nothing to do; where that is. */
static size_t fill_up(const struct source *source, size_t place)
{
    char *bytes = pattern_of(place + (4 << 20));
    size_t end = place + (4 << 20);
    for (int failed = 0; failed < 2;) { /* whole pages: a full pipe takes not one byte then */
        size_t n = put_some(source->peer, bytes + place, 4096);
        failed = n > 0 ? 0 : failed + 1;
        place += n;
        test_settle(source->loop);
        cr_assert_lt(place, end - 4096, "it reads without end");
    }
    free(bytes);
    return place;
}

/* What is read next is the pattern. */
static size_t read_pattern(const struct source *source, size_t place, size_t len)
{
    char block[4096];
    ptrdiff_t n = brood_reader_read(source->reader, block, len < sizeof block ? len : sizeof block,
                                    test_deadline());
    cr_assert_gt(n, 0);
    for (size_t i = 0; i < (size_t)n; i++)
        if (block[i] != pattern_at(place + i))
            cr_assert_fail("the byte at %zu is wrong", place + i);
    return place + (size_t)n;
}

static void put_many(const struct source *source, size_t count)
{
    char *bytes = pattern_of(count);
    put_bytes(source->peer, bytes, count);
    free(bytes);
    test_settle(source->loop);
}

/* ---- pausing ----------------------------------------------------------------------------- */

Test(reader_flow, sem_38_reading_pauses_over_twice_the_limit_and_goes_on_at_the_limit)
{
    struct source source = piped_source(1000);
    char block[2000];
    put_many(&source, 2000);
    cr_assert_eq(brood_reader_buffered(source.reader), 2000);
    put_many(&source, 1);
    cr_assert_eq(brood_reader_buffered(source.reader), 2001, "twice the limit is not over it");
    put_many(&source, 1);
    cr_assert_eq(brood_reader_buffered(source.reader), 2001);
    cr_assert_eq(available(source.peer), 1, "it waits in the pipe");
    cr_assert_eq(brood_reader_read(source.reader, block, 1000, BROOD_NOWAIT), 1000);
    test_settle(source.loop);
    cr_assert_eq(available(source.peer), 1, "1001 are over the limit");
    cr_assert_eq(brood_reader_read(source.reader, block, 1, BROOD_NOWAIT), 1);
    test_settle(source.loop);
    cr_assert_eq(available(source.peer), 0);
    cr_assert_eq(brood_reader_buffered(source.reader), 1001);
    source_close(&source);
}

Test(reader_flow, sem_38_a_writer_is_held_up_while_nobody_reads)
{
    struct source source = piped_source(1000);
    size_t sent = fill_up(&source, 0), buffered = brood_reader_buffered(source.reader);
    cr_assert_gt(buffered, 2000);
    cr_assert_leq(buffered, 2000 + ONE_READ);
    cr_assert_leq(sent, buffered + capacity_of(source.peer));
    for (int i = 0; i < 3; i++) {
        test_settle(source.loop);
        cr_assert_eq(put_some(source.peer, "x", 1), 0);
        cr_assert_eq(brood_reader_buffered(source.reader), buffered);
    }
    supply_end(&source);
    for (size_t place = 0; place < sent;)
        place = read_pattern(&source, place, 777);
    cr_assert_eq(brood_reader_wait_eof(source.reader, test_deadline()), 0);
    cr_assert(brood_reader_at_eof(source.reader));
    source_close(&source);
}

Test(reader_flow, sem_38_a_slow_reader_never_holds_more_than_its_marks_allow)
{
    struct source source = piped_source(5000);
    size_t sent = 0, taken = 0, most = 0, capacity = capacity_of(source.peer);
    for (int i = 0; i < 5; i++) {
        sent = fill_up(&source, sent);
        while (sent - taken > 30000) {
            size_t buffered = brood_reader_buffered(source.reader);
            most = buffered > most ? buffered : most;
            taken = read_pattern(&source, taken, 3000);
            cr_assert_eq(brood_loop_step(source.loop, BROOD_NOWAIT), 0);
        }
    }
    cr_assert_gt(sent, 4 * capacity);
    cr_assert_leq(most, 10000 + ONE_READ);
    source_close(&source);
}

Test(reader_flow, a_paused_reader_can_be_closed)
{
    struct source source = piped_source(10);
    fill_up(&source, 0);
    brood_reader_close(source.reader);
    source.reader = NULL;
    test_settle(source.loop);
    source_close(&source);
}

Test(reader_flow, the_end_is_noticed_once_reading_goes_on)
{
    struct source source = piped_source(10);
    struct read_job ender = hungry(&source, WAIT_EOF);
    brood_slice slice;
    start_read(&source, &ender);
    put_many(&source, 21);
    put_many(&source, 3);
    supply_end(&source);
    test_settle(source.loop);
    cr_assert_not(ender.ended, "three more are in the pipe");
    cr_assert_eq(brood_reader_wait_eof(source.reader, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_buffered(source.reader), 21, "waiting for the end reads nothing");
    cr_assert_eq(brood_reader_read_slice(source.reader, &slice, BROOD_NOWAIT), 21);
    cr_assert_eq(end_read(&ender), 0);
    cr_assert_eq(brood_reader_buffered(source.reader), 3);
    source_close(&source);
}

/* ---- waiting while paused ------------------------------------------------------------------- */

Test(reader_flow, sem_39_readexactly_gets_more_than_twice_the_limit)
{
    struct source source = piped_source(100);
    char bytes[5000];
    put_many(&source, 4900);
    struct read_job job = hungry(&source, READ);
    cr_assert_leq(brood_reader_buffered(source.reader), 4900);
    put_many(&source, 100);
    cr_assert_eq(brood_reader_readexactly(source.reader, bytes, 5000, NULL, test_deadline()), 5000);
    for (size_t i = 0; i < 5000; i++)
        cr_assert_eq(bytes[i], pattern_at(i < 4900 ? i : i - 4900));
    put_many(&source, 3);
    cr_assert_eq(do_read(&job), 3, "and reading goes on");
    source_close(&source);
}

Test(reader_flow, sem_39_a_task_that_waits_for_much_gets_it_while_it_comes)
{
    struct source source = piped_source(100);
    struct read_job job = hungry(&source, READ_EXACTLY);
    job.n = 1000;
    start_read(&source, &job);
    for (int i = 0; i < 9; i++) {
        put_many(&source, 100);
        cr_assert_eq(available(source.peer), 0, "it is read on over the limit");
        cr_assert_not(job.ended);
    }
    put_many(&source, 400);
    cr_assert_eq(end_read(&job), 1000);
    put_many(&source, 50);
    cr_assert_eq(available(source.peer), 50, "and then pauses again");
    source_close(&source);
}

Test(reader_flow, sem_39_a_long_separator_is_found_beyond_twice_the_limit)
{
    struct source source = piped_source(2);
    brood_slice chunk;
    put(source.peer, "ab<lo");
    test_settle(source.loop);
    put(source.peer, "ngest>");
    test_settle(source.loop);
    cr_assert_eq(brood_reader_buffered(source.reader), 5);
    cr_assert_eq(brood_reader_readuntil(source.reader, "<longest>", 9, &chunk, test_deadline()),
                 11);
    cr_assert_arr_eq(chunk.data, "ab<longest>", 11);
    source_close(&source);
}

Test(reader_flow, sem_39_read_all_takes_all_and_can_stop_at_a_bound)
{
    struct source source = piped_source(100);
    brood_buffer out = {0};
    size_t sent = fill_up(&source, 0), most = 20000 + brood_reader_buffered(source.reader);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, most, test_deadline()), BROOD_ELIMIT);
    cr_assert_gt(brood_reader_buffered(source.reader), most);
    cr_assert_leq(brood_reader_buffered(source.reader), most + ONE_READ);
    cr_assert_null(out.data);
    sent = fill_up(&source, sent);
    cr_assert_leq(brood_reader_buffered(source.reader), most + 2 * ONE_READ, "it pauses again");
    supply_end(&source);
    cr_assert_eq(brood_reader_read_all(source.reader, &out, SIZE_MAX, test_deadline()),
                 (ptrdiff_t)sent);
    for (size_t i = 0; i < sent; i++)
        if (out.data[i] != pattern_at(i))
            cr_assert_fail("the byte at %zu is wrong", i);
    brood_buffer_free(&out);
    source_close(&source);
}

Test(reader_flow, giving_up_on_much_pauses_again)
{
    struct source source = piped_source(100);
    struct read_job job = hungry(&source, READ_ALL);
    start_read(&source, &job);
    put_many(&source, 1000);
    cr_assert_eq(brood_reader_buffered(source.reader), 1000);
    brood_task_cancel(job.task);
    cr_assert_eq(end_read(&job), BROOD_ECANCELED);
    put_many(&source, 7);
    cr_assert_eq(available(source.peer), 7);
    cr_assert_eq(brood_reader_buffered(source.reader), 1000);
    job.deadline = brood_in(0.001);
    cr_assert_eq(do_read(&job), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_reader_buffered(source.reader), 1007);
    put_many(&source, 8);
    cr_assert_eq(available(source.peer), 8);
    fill_up(&source, 1015);
    cr_assert_eq(brood_reader_buffered(source.reader), 1007);
    source_close(&source);
}

/* ---- looking again and again ------------------------------------------------------------------- */

static int poll_for_100(void *arg)
{
    const struct source *source = arg;
    char bytes[100];
    ptrdiff_t n = BROOD_ETIMEDOUT;
    for (int i = 0; i < 50 && n == BROOD_ETIMEDOUT; i++)
        n = brood_reader_readexactly(source->reader, bytes, 100, NULL, BROOD_NOWAIT);
    return (int)n;
}

/* All of it is in the pipe before the first look; each of these asks the system once. */
static void poll_while_paused(bool in_task)
{
    struct source source = piped_source(4);
    brood_task *task;
    char bytes[100];
    int n;
    put_many(&source, 10);
    cr_assert_eq(brood_reader_readexactly(source.reader, bytes, 100, NULL, BROOD_NOWAIT),
                 BROOD_ETIMEDOUT);
    char *rest = pattern_of(90);
    put_bytes(source.peer, rest, 90);
    free(rest);
    if (in_task) {
        cr_assert_eq(brood_task_start(source.loop, poll_for_100, &source, &task), 0);
        cr_assert_eq(brood_task_join(task, &n, test_deadline()), 0);
    } else {
        n = poll_for_100(&source);
    }
    cr_expect_eq(n, 100);
    source_close(&source);
}

Test(reader_flow, looking_again_and_again_gets_more_than_twice_the_limit)
{
    poll_while_paused(false);
}

Test(reader_flow, looking_again_and_again_in_a_task_does_too)
{
    poll_while_paused(true);
}
