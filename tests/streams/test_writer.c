/* Writers: connecting one, writing, water marks, and how one ends.  The waits have
 * files of their own, and so have pipes, on which all of this rests. */
#include <unistd.h>

#include "writer_recorder.h"

SUITE(writer);

/* ---- beginning -------------------------------------------------------------------- */

Test(writer, a_new_one_is_open_and_empty)
{
    struct sender sender;
    sender_open(&sender);
    cr_expect_not(brood_writer_is_closing(sender.writer));
    cr_expect(brood_writer_can_write_eof(sender.writer));
    cr_expect_eq(brood_writer_buffered(sender.writer), 0);
    cr_expect_eq(available(sender.peer), 0);
    sender_close(&sender);
}

Test(writer, without_a_loop_it_belongs_to_the_threads_own)
{
    int peer;
    brood_writer *writer;
    brood_loop *loop;
    intptr_t end = make_write_end(&peer);
    cr_assert_eq(brood_writer_connect(NULL, end, &writer), 0);
    cr_assert_eq(brood_writer_write(writer, "abc", 3), 0);
    cr_assert_eq(available(peer), 3);
    brood_writer_close(writer);
    cr_assert_eq(brood_writer_wait_closed(writer, test_deadline()), 0);
    brood_writer_free(writer);
    cr_assert_eq(brood_loop_default(&loop), 0);
    test_loop_close(loop);
    close(peer);
}

static void check_refused(brood_loop *loop, intptr_t end, int error)
{
    brood_writer *untouched = (brood_writer *)(void *)loop, *writer = untouched;
    int mode = mode_of(end), descriptors = test_count_descriptors();
    size_t live = test_live_allocations();
    cr_expect_eq(brood_writer_connect(loop, end, &writer), error, "%lld", (long long)end);
    cr_expect_eq(writer, untouched);
    cr_expect_eq(mode_of(end), mode);
    cr_expect_eq(test_live_allocations(), live);
    cr_expect_eq(test_count_descriptors(), descriptors);
}

Test(writer, what_is_no_pipe_is_refused_and_stays_as_it_was)
{
    brood_loop *loop = test_loop();
    intptr_t file = open_file(), directory = open_directory();
    check_refused(loop, -1, BROOD_EBADF);
    check_refused(loop, 1000000, BROOD_EBADF);
    check_refused(loop, file, BROOD_EINVAL);
    check_refused(loop, directory, BROOD_EINVAL);
    close_end(file);
    close_end(directory);
    test_settle(loop);
    test_loop_close(loop);
}

Test(writer, what_is_missing_is_refused)
{
    struct sender sender;
    brood_slice part = {.data = NULL, .len = 1};
    int peer;
    intptr_t end = make_write_end(&peer);
    sender_open(&sender);
    cr_expect_eq(brood_writer_connect(sender.loop, end, NULL), BROOD_EINVAL);
    cr_expect(is_untouched(end));
    close_end(end);
    close(peer);
    cr_expect_eq(brood_writer_write(NULL, "x", 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_writelines(NULL, &part, 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_write(sender.writer, NULL, 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_writelines(sender.writer, &part, 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_writelines(sender.writer, NULL, 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_write_eof(NULL), BROOD_EINVAL);
    cr_expect_eq(brood_writer_set_limits(NULL, 2, 1), BROOD_EINVAL);
    cr_expect_eq(brood_writer_drain(NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_writer_flush(NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_writer_wait_closed(NULL, BROOD_NOWAIT), BROOD_EINVAL);
    cr_expect_eq(brood_writer_buffered(NULL), 0);
    cr_expect(brood_writer_is_closing(NULL));
    cr_expect_not(brood_writer_can_write_eof(NULL));
    brood_writer_close(NULL);
    brood_writer_free(NULL);
    cr_expect_eq(available(sender.peer), 0);
    cr_expect_not(brood_writer_is_closing(sender.writer));
    sender_close(&sender);
}

/* ---- writing ------------------------------------------------------------------------ */

Test(writer, sem_59_the_first_write_is_made_at_once_and_the_rest_is_buffered)
{
    struct sender sender;
    sender_open(&sender);
    cr_assert_eq(sender_write(&sender, 3), 0);
    cr_assert_eq(available(sender.peer), 3);
    let_out(sender.loop);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    cr_assert_eq(brood_writer_write(sender.writer, "", 0), 0);
    cr_assert_eq(brood_writer_write(sender.writer, NULL, 0), 0);
    cr_assert_eq(brood_writer_writelines(sender.writer, NULL, 0), 0);
    cr_assert_eq(sender_write(&sender, sender.capacity), 0);
    cr_assert(sender_accounts(&sender));
    cr_assert_gt(brood_writer_buffered(sender.writer), 0);
    brood_writer_close(sender.writer);
    cr_assert_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer, sem_59_exactly_the_high_mark_is_not_over_it)
{
    struct sender sender;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, HIGH_MARK), 0);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), 0);
    cr_assert_eq(sender_write(&sender, 1), 1);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(sender_write(&sender, 1), 1, "and it stays so");
    sender_close(&sender);
}

/* While something is buffered no direct attempt is made. */
Test(writer, sem_60_what_is_buffered_is_a_copy_and_goes_first)
{
    struct sender sender;
    sender_open_full(&sender);
    char *copy = malloc(100000);
    memcpy(copy, sender.bytes + sender.accepted, 100000);
    cr_assert_eq(brood_writer_write(sender.writer, copy, 100000), 1);
    memset(copy, 0, 100000);
    free(copy);
    sender.accepted += 100000;
    sender_take(&sender, sender.capacity);
    cr_assert_eq(sender_write(&sender, 10), 1);
    cr_assert_eq(available(sender.peer), writes_wait() ? 100000 : 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 100010);
    brood_writer_close(sender.writer);
    cr_assert_eq(sender_take_all(&sender), sender.accepted);
    sender_close(&sender);
}

Test(writer, lines_are_joined_in_order)
{
    struct sender sender;
    sender_open(&sender);
    brood_slice parts[40] = {{0}};
    size_t total = 0;
    for (size_t i = 0; i < 40; i++) {
        parts[i] = (brood_slice){.data = sender.bytes + total, .len = i * 50};
        total += parts[i].len;
    }
    cr_assert_eq(brood_writer_writelines(sender.writer, parts, 40), 0);
    sender.accepted = total;
    cr_assert(sender_accounts(&sender));
    let_out(sender.loop);
    cr_assert_eq(sender_write(&sender, 100000), 1);
    brood_writer_close(sender.writer);
    cr_assert_eq(sender_take_all(&sender), total + 100000);
    sender_close(&sender);
}

/* ---- water marks ------------------------------------------------------------------ */

static void check_limits(brood_writer *writer, size_t high, size_t low, size_t set_high,
                         size_t set_low)
{
    size_t now_high, now_low;
    cr_expect_eq(brood_writer_set_limits(writer, high, low), 0);
    brood_pipe_limits(writer->pipe, &now_high, &now_low);
    cr_expect_eq(now_high, set_high);
    cr_expect_eq(now_low, set_low);
}

Test(writer, sem_58_each_limit_is_derived_from_the_other)
{
    struct sender sender;
    size_t high, low;
    sender_open(&sender);
    brood_pipe_limits(sender.writer->pipe, &high, &low);
    cr_expect_eq(high, 65536);
    cr_expect_eq(low, 16384);
    check_limits(sender.writer, 1000, BROOD_DERIVED, 1000, 250);
    check_limits(sender.writer, BROOD_DERIVED, 100, 400, 100);
    check_limits(sender.writer, 0, BROOD_DERIVED, 0, 0);
    check_limits(sender.writer, BROOD_DERIVED, BROOD_DERIVED, 65536, 16384);
    cr_expect_eq(brood_writer_set_limits(sender.writer, 5, 6), BROOD_EINVAL);
    check_limits(sender.writer, 7, 7, 7, 7);
    sender_close(&sender);
}

Test(writer, sem_58_new_limits_are_looked_at_at_once)
{
    struct sender sender;
    sender_open_full(&sender);
    cr_assert_eq(sender_write(&sender, 1000), 0);
    cr_assert_eq(brood_writer_set_limits(sender.writer, 999, 100), 0);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), BROOD_ETIMEDOUT);
    cr_assert_eq(brood_writer_set_limits(sender.writer, 5000, 999), 0);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), BROOD_ETIMEDOUT, "not low yet");
    cr_assert_eq(brood_writer_set_limits(sender.writer, 5000, 1000), 0);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), 0);
    cr_assert_eq(sender_write(&sender, 4000), 0);
    cr_assert_eq(sender_write(&sender, 1), 1);
    sender_close(&sender);
}

Test(writer, sem_58_with_a_high_mark_of_0_every_byte_that_is_buffered_is_over_it)
{
    struct sender sender;
    sender_open_full(&sender);
    cr_assert_eq(brood_writer_set_limits(sender.writer, 0, BROOD_DERIVED), 0);
    cr_assert_eq(brood_writer_drain(sender.writer, BROOD_NOWAIT), 0);
    cr_assert_eq(sender_write(&sender, 1), 1);
    test_settle(sender.loop);
    sender_take(&sender, sender.capacity);
    cr_assert_eq(brood_writer_drain(sender.writer, test_deadline()), 0);
    cr_assert_eq(brood_writer_buffered(sender.writer), 0);
    sender_close(&sender);
}
