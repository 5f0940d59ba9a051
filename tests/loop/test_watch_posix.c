/* Descriptors of the host: add_reader and add_writer. */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "support.h"

SUITE(watch);

/* A loop, a pipe with a byte in it, and what the callbacks write down. */
static brood_loop *loop;
static int ends[2];
static struct trace trace;

static void set_up(void)
{
    loop = test_loop();
    host_pipe(ends);
    host_put(ends[1], "x");
}

static void tear_down(void)
{
    test_loop_close(loop);
    host_pipe_close(ends);
}

static void step(int rounds)
{
    for (int i = 0; i < rounds; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
}

static void note_word(void *word)
{
    trace_word(&trace, word);
}

static char a[] = "a", b[] = "b";

/* ---- being called ------------------------------------------------------------------ */

Test(watch, a_reader_is_called_once_a_round_while_it_is_ready)
{
    set_up();
    int count = 0;
    char byte;
    cr_assert_eq(brood_add_reader(loop, ends[0], host_count, &count), 0);
    cr_assert_eq(count, 0, "never inline");
    step(3);
    cr_assert_eq(count, 3);
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    step(3);
    cr_assert_eq(count, 3);
    cr_assert_not(host_readable(brood_loop_fd(loop)));
    host_put(ends[1], "y");
    cr_assert(host_readable(brood_loop_fd(loop)));
    step(1);
    cr_assert_eq(count, 4);
    tear_down();
}

Test(watch, a_writer_is_called_once_a_round_while_there_is_room)
{
    static char block[65536];
    set_up();
    int count = 0;
    cr_assert_eq(brood_add_writer(loop, ends[1], host_count, &count), 0);
    step(3);
    cr_assert_eq(count, 3);
    while (write(ends[1], block, sizeof block) > 0)
        ;
    step(3);
    cr_assert_eq(count, 3);
    tear_down();
}

Test(watch, the_end_of_the_other_side_is_readiness)
{
    set_up();
    int other[2], readers = 0, writers = 0;
    host_pipe(other);
    brood_add_reader(loop, ends[0], host_count, &readers);
    brood_add_writer(loop, other[1], host_count, &writers);
    close(other[0]);
    step(2);
    cr_assert_eq(readers, 2);
    cr_assert_eq(writers, 2);
    test_loop_close(loop);
    close(other[1]);
    host_pipe_close(ends);
}

Test(watch, a_second_add_replaces_the_callback)
{
    set_up();
    cr_assert_eq(brood_add_reader(loop, ends[0], note_word, a), 0);
    cr_assert_eq(brood_add_reader(loop, ends[0], note_word, b), 0);
    step(1);
    cr_assert_str_eq(trace.text, "b");
    cr_assert_eq(brood_remove_reader(loop, ends[0]), 0);
    step(1);
    cr_assert_str_eq(trace.text, "b");
    cr_assert_eq(brood_remove_reader(loop, ends[0]), BROOD_ENOENT);
    tear_down();
}

Test(watch, one_removed_is_not_called_any_more)
{
    set_up();
    brood_add_reader(loop, ends[0], note_word, a);
    cr_assert_eq(brood_remove_reader(loop, ends[0]), 0);
    step(2);
    brood_add_reader(loop, ends[0], note_word, a);
    step(1);
    cr_assert_eq(brood_remove_reader(loop, ends[0]), 0);
    step(2);
    cr_assert_str_eq(trace.text, "a");
    cr_assert_not(host_readable(brood_loop_fd(loop)));
    cr_assert_eq(brood_loop_next(loop), BROOD_FOREVER);
    tear_down();
}

Test(watch, one_removed_and_added_at_once_is_called)
{
    set_up();
    brood_add_reader(loop, ends[0], note_word, a);
    brood_remove_reader(loop, ends[0]);
    cr_assert_eq(brood_add_reader(loop, ends[0], note_word, b), 0);
    step(3); /* one of which sees the end of the first */
    cr_assert_arr_eq(trace.text, "b b", 3);
    tear_down();
}

/* ---- changes inside callbacks ------------------------------------------------------ */

static int sockets[2];

static void set_up_sockets(void)
{
    loop = test_loop();
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets), 0);
    host_put(sockets[1], "x");
}

static void tear_down_sockets(void)
{
    test_loop_close(loop);
    host_pipe_close(sockets);
}

static void remove_reader(void *word)
{
    note_word(word);
    cr_expect_eq(brood_remove_reader(loop, sockets[0]), 0);
}

static void remove_writer(void *word)
{
    note_word(word);
    cr_expect_eq(brood_remove_writer(loop, sockets[0]), 0);
}

static void add_writer(void *word)
{
    note_word(word);
    cr_expect_eq(brood_add_writer(loop, sockets[0], note_word, b), 0);
}

static void replace_reader(void *word)
{
    note_word(word);
    cr_expect_eq(brood_add_reader(loop, sockets[0], note_word, b), 0);
}

static void renew_reader(void *word)
{
    remove_reader(word);
    replace_reader(word);
}

Test(watch, a_callback_may_remove_itself)
{
    set_up_sockets();
    brood_add_reader(loop, sockets[0], remove_reader, a);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    cr_assert_eq(brood_remove_reader(loop, sockets[0]), BROOD_ENOENT);
    cr_assert_not(host_readable(brood_loop_fd(loop)));
    tear_down_sockets();
}

Test(watch, a_callback_may_remove_the_other_direction)
{
    set_up_sockets();
    brood_add_writer(loop, sockets[0], note_word, b);
    brood_add_reader(loop, sockets[0], remove_writer, a);
    step(1);
    cr_assert_str_eq(trace.text, "a", "both were ready, and the reader came first");
    brood_add_reader(loop, sockets[0], note_word, a);
    step(2);
    cr_assert_str_eq(trace.text, "a a a");
    tear_down_sockets();
}

Test(watch, a_callback_may_add_the_other_direction)
{
    set_up_sockets();
    brood_add_reader(loop, sockets[0], add_writer, a);
    step(1);
    cr_assert_str_eq(trace.text, "a");
    step(1);
    cr_assert_str_eq(trace.text, "a a b");
    tear_down_sockets();
}

Test(watch, a_callback_may_replace_itself)
{
    set_up_sockets();
    brood_add_reader(loop, sockets[0], replace_reader, a);
    step(2);
    cr_assert_str_eq(trace.text, "a b");
    tear_down_sockets();
}

Test(watch, a_callback_may_remove_itself_and_add_another)
{
    set_up_sockets();
    brood_add_reader(loop, sockets[0], renew_reader, a);
    step(2);
    cr_assert_str_eq(trace.text, "a a b");
    tear_down_sockets();
}

Test(watch, both_directions_come_in_one_round)
{
    set_up_sockets();
    brood_add_reader(loop, sockets[0], note_word, a);
    brood_add_writer(loop, sockets[0], note_word, b);
    step(1);
    cr_assert_str_eq(trace.text, "a b");
    cr_assert_eq(brood_remove_reader(loop, sockets[0]), 0);
    step(1);
    cr_assert_str_eq(trace.text, "a b b");
    cr_assert_eq(brood_remove_writer(loop, sockets[0]), 0);
    tear_down_sockets();
}

/* ---- what is refused --------------------------------------------------------------- */

Test(watch, wrong_descriptors_are_refused)
{
    set_up();
    int file = open(test_child(), O_RDONLY | O_CLOEXEC);
    cr_assert_geq(file, 0);
    cr_expect_eq(brood_add_reader(loop, file, note_word, a), BROOD_EPERM);
    cr_expect_eq(brood_remove_reader(loop, file), BROOD_ENOENT);
    cr_expect_eq(brood_add_writer(loop, file, note_word, a), BROOD_EPERM);
    cr_expect_eq(brood_add_reader(loop, -1, note_word, a), BROOD_EBADF);
    cr_expect_eq(brood_add_reader(loop, 9999, note_word, a), BROOD_EBADF);
    cr_expect_eq(brood_add_writer(loop, 9999, note_word, a), BROOD_EBADF);
    cr_expect_eq(brood_remove_reader(loop, ends[0]), BROOD_ENOENT);
    cr_expect_eq(brood_remove_writer(loop, ends[0]), BROOD_ENOENT);
    cr_expect_eq(brood_remove_reader(loop, -1), BROOD_ENOENT);
    brood_add_reader(loop, ends[0], note_word, a);
    cr_expect_eq(brood_remove_writer(loop, ends[0]), BROOD_ENOENT, "the other direction");
    cr_expect_eq(brood_add_reader(loop, ends[0], NULL, a), BROOD_EINVAL);
    close(file);
    tear_down();
}

Test(watch, no_memory_leaves_nothing_behind)
{
    set_up();
    int error;
    for (size_t nth = 1;; nth++) {
        test_fail_allocation(nth, false);
        error = brood_add_reader(loop, ends[0], note_word, a);
        if (!test_allocation_failed())
            break;
        cr_assert_eq(error, BROOD_ENOMEM);
        cr_assert_eq(brood_remove_reader(loop, ends[0]), BROOD_ENOENT);
    }
    test_fail_allocation(0, false);
    cr_assert_eq(error, 0);
    step(1);
    cr_assert_str_eq(trace.text, "a");
    tear_down();
}

Test(watch, closing_the_loop_leaves_the_descriptor_open)
{
    set_up();
    brood_add_reader(loop, ends[0], note_word, a);
    brood_add_writer(loop, ends[1], note_word, b);
    test_loop_close(loop);
    cr_assert_geq(fcntl(ends[0], F_GETFD), 0);
    cr_assert_geq(fcntl(ends[1], F_GETFD), 0);
    cr_assert_str_eq(trace.text, "");
    host_pipe_close(ends);
}

Test(watch, hundreds_of_descriptors_are_each_called)
{
    enum { MANY = 300 };
    static int many[MANY][2], counts[MANY];
    loop = test_loop();
    if (!test_raise_descriptor_limit(2 * MANY + 64))
        cr_skip_test("not so many descriptors");
    for (int i = 0; i < MANY; i++) {
        host_pipe(many[i]);
        host_put(many[i][1], "x");
        cr_assert_eq(brood_add_reader(loop, many[i][0], host_count, &counts[i]), 0);
    }
    step(9); /* at least three rounds for each: 128 events a round */
    for (int i = 0; i < MANY; i++) {
        cr_expect_geq(counts[i], 2, "number %d", i);
        cr_expect_eq(brood_remove_reader(loop, many[i][0]), 0);
        host_pipe_close(many[i]);
    }
    test_loop_close(loop);
}
