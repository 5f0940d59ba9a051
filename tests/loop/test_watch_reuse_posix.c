/* Descriptors of the host that are closed right after they were removed, while the
 * loop still has something in flight for them, and whose number comes back. */
#include <fcntl.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "support.h"

SUITE(watch_reuse);

/* `old` is watched, closed, and its number then given to `fresh`, which has a byte. */
static brood_loop *loop;
static int old[2], fresh[2], number;
static int calls_of_old, calls_of_fresh;

static void set_up(void)
{
    loop = test_loop();
    host_pipe(old);
    host_pipe(fresh);
    host_put(old[1], "x");
    host_put(fresh[1], "x");
    number = old[0];
    cr_assert_eq(brood_add_reader(loop, number, host_count, &calls_of_old), 0);
}

static void tear_down(void)
{
    test_loop_close(loop);
    host_pipe_close(old);
    host_pipe_close(fresh);
}

/* dup3 closes what had the number, as close would. */
static void reuse_number(void)
{
    cr_assert_eq(dup3(fresh[0], number, O_CLOEXEC), number);
}

static void replace_descriptor(void)
{
    cr_assert_eq(brood_remove_reader(loop, number), 0);
    reuse_number();
    cr_assert_eq(brood_add_reader(loop, number, host_count, &calls_of_fresh), 0);
}

static void expect_calls_of_fresh(void)
{
    int before = calls_of_old;
    calls_of_fresh = 0;
    test_settle(loop);
    cr_expect_gt(calls_of_fresh, 0, "the new descriptor is watched in vain");
    cr_expect_eq(calls_of_old, before);
    cr_expect_eq(brood_remove_reader(loop, number), 0);
    test_settle(loop);
    cr_expect_not(host_readable(brood_loop_fd(loop)), "something is still registered");
}

Test(watch_reuse, between_rounds)
{
    set_up();
    replace_descriptor();
    expect_calls_of_fresh();
    cr_assert_eq(calls_of_old, 0);
    tear_down();
}

Test(watch_reuse, between_rounds_after_having_been_called)
{
    set_up();
    test_settle(loop);
    replace_descriptor();
    expect_calls_of_fresh();
    tear_down();
}

static void replace_in_callback(void *arg)
{
    ++*(int *)arg;
    replace_descriptor();
}

Test(watch_reuse, inside_its_own_callback)
{
    set_up();
    brood_add_reader(loop, number, replace_in_callback, &calls_of_old);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_assert_eq(calls_of_old, 1);
    expect_calls_of_fresh();
    tear_down();
}

/* Both are ready in one round; the first one's callback replaces the second. */
Test(watch_reuse, inside_the_callback_of_another_while_it_is_ready)
{
    int first[2], calls = 0;
    set_up();
    host_pipe(first);
    host_put(first[1], "x");
    brood_remove_reader(loop, number);
    test_settle(loop);
    brood_add_reader(loop, first[0], replace_in_callback, &calls);
    brood_add_reader(loop, number, host_count, &calls_of_old);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_assert_eq(calls, 1);
    cr_assert_eq(brood_remove_reader(loop, first[0]), 0);
    expect_calls_of_fresh();
    tear_down();
    host_pipe_close(first);
}

/* A copy keeps the file open: closing the number alone does not end what the
 * system was asked for. */
static void remove_and_close(void *arg)
{
    ++*(int *)arg;
    cr_expect_eq(brood_remove_reader(loop, number), 0);
    close(number);
}

Test(watch_reuse, closed_inside_its_callback_with_a_copy_open)
{
    set_up();
    int copy = fcntl(number, F_DUPFD_CLOEXEC, 0);
    brood_add_reader(loop, number, remove_and_close, &calls_of_old);
    test_settle(loop);
    cr_expect_eq(calls_of_old, 1);
    cr_expect_not(host_readable(brood_loop_fd(loop)), "the loop would spin for ever");
    test_loop_close(loop);
    close(copy);
    close(old[1]);
    host_pipe_close(fresh);
}

Test(watch_reuse, closed_between_rounds_with_a_copy_open)
{
    set_up();
    int copy = fcntl(number, F_DUPFD_CLOEXEC, 0);
    test_settle(loop);
    remove_and_close(&calls_of_old);
    test_settle(loop);
    cr_expect_not(host_readable(brood_loop_fd(loop)));
    test_loop_close(loop);
    close(copy);
    close(old[1]);
    host_pipe_close(fresh);
}

/* What could not be watched must not stand in the way of what comes after it. */
Test(watch_reuse, after_a_file_that_was_refused)
{
    set_up();
    brood_remove_reader(loop, number);
    test_settle(loop);
    int file = open(test_child(), O_RDONLY | O_CLOEXEC);
    cr_assert_eq(dup3(file, number, O_CLOEXEC), number);
    close(file);
    cr_assert_eq(brood_add_reader(loop, number, host_count, &calls_of_old), BROOD_EPERM);
    reuse_number();
    cr_assert_eq(brood_add_reader(loop, number, host_count, &calls_of_fresh), 0);
    expect_calls_of_fresh();
    tear_down();
}

Test(watch_reuse, by_a_file_that_cannot_be_watched)
{
    set_up();
    brood_remove_reader(loop, number);
    int file = open(test_child(), O_RDONLY | O_CLOEXEC);
    cr_assert_eq(dup3(file, number, O_CLOEXEC), number);
    close(file);
    cr_expect_eq(brood_add_reader(loop, number, host_count, &calls_of_fresh), BROOD_EPERM);
    tear_down();
}

Test(watch_reuse, a_number_that_was_closed_is_a_bad_one)
{
    set_up();
    brood_remove_reader(loop, number);
    close(number);
    cr_expect_eq(brood_add_reader(loop, number, host_count, &calls_of_fresh), BROOD_EBADF);
    test_loop_close(loop);
    close(old[1]);
    host_pipe_close(fresh);
}

/* The number goes to a pipe of the library itself: cleaning up after the removed
 * watch must not touch that one's registration. */
static void remove_and_connect(void *arg)
{
    static const brood_pipe_protocol protocol = {.connection_lost = NULL};
    brood_pipe **pipe = arg;
    cr_expect_eq(brood_remove_reader(loop, number), 0);
    int spare = dup(fresh[1]);
    cr_expect_eq(dup3(spare, number, O_CLOEXEC), number);
    close(spare);
    cr_expect_eq(brood_connect_write_pipe(loop, number, &protocol, NULL, pipe), 0);
}

Test(watch_reuse, by_a_pipe_of_the_loop)
{
    set_up();
    brood_pipe *pipe = NULL;
    brood_add_reader(loop, number, remove_and_connect, &pipe);
    test_settle(loop);
    cr_assert_not_null(pipe);
    cr_assert_not(brood_pipe_is_closing(pipe));
    close(fresh[0]); /* and now the loop has to notice */
    test_settle(loop);
    cr_expect(brood_pipe_is_closing(pipe));
    test_loop_close(loop);
    close(old[1]);
    close(fresh[1]);
}
