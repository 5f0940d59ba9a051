/* The calls at the bottom (src/loop/io_posix.c, io_linux.c): codes for errors,
 * no SIGPIPE for the host, and descriptors that keep out of 0, 1 and 2. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "faults.h"
#include "full_device.h"
#include "io_posix.h"
#include "pipe_recorder.h"

SUITE(io);

typedef ptrdiff_t writev_function(int fd, const struct iovec *parts, int count);
static writev_function *const ways[] = {brood__io_writev, brood__io_writev_guarded};
enum { WAYS = sizeof ways / sizeof *ways };

static struct iovec letters(void)
{
    static char text[] = "abc";
    return (struct iovec){.iov_base = text, .iov_len = 3};
}

/* The write end of a pipe that nobody reads. */
static int broken_pipe(void)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    close(ends[0]);
    return ends[1];
}

static bool write_breaks(writev_function *way)
{
    struct iovec part = letters();
    int fd = broken_pipe();
    ptrdiff_t result = way(fd, &part, 1);
    close(fd);
    return result == BROOD_EPIPE;
}

/* ---- reading and writing ------------------------------------------------------------ */

Test(io, a_read_tells_bytes_end_and_errors)
{
    char byte;
    int ends[2];
    make_pipe(ends);
    cr_assert_eq(brood__io_set_nonblocking(ends[0], true), 0);
    cr_assert_eq(brood__io_read(ends[0], &byte, 1), BROOD_EAGAIN);
    put(ends[1], "x");
    cr_assert_eq(brood__io_read(ends[0], &byte, 1), 1);
    cr_assert_eq(byte, 'x');
    close(ends[1]);
    cr_assert_eq(brood__io_read(ends[0], &byte, 1), 0);
    close(ends[0]);
    cr_assert_eq(brood__io_read(ends[0], &byte, 1), BROOD_EBADF);
}

Test(io, a_write_tells_bytes_and_errors)
{
    for (int i = 0; i < WAYS; i++) {
        char got[8] = "";
        struct iovec parts[2] = {letters(), letters()};
        int ends[2];
        make_pipe(ends);
        cr_assert_eq(ways[i](ends[1], parts, 2), 6);
        cr_assert_eq(read(ends[0], got, sizeof got), 6);
        cr_assert_str_eq(got, "abcabc");
        cr_assert_eq(brood__io_set_nonblocking(ends[1], true), 0);
        while (ways[i](ends[1], parts, 2) > 0)
            ;
        cr_assert_eq(ways[i](ends[1], parts, 2), BROOD_EAGAIN);
        close(ends[0]);
        close(ends[1]);
        cr_assert_eq(ways[i](ends[1], parts, 2), BROOD_EBADF);
    }
}

Test(io, a_device_is_written_and_closing_nothing_is_fine)
{
    struct iovec part = letters();
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < WAYS; i++)
        cr_assert_eq(ways[i](fd, &part, 1), 3);
    brood__io_close(fd);
    brood__io_close(-1);
}

Test(io, a_socket_is_written_in_parts_and_tells_errors)
{
    char got[8] = "";
    struct iovec parts[2] = {letters(), letters()};
    int ends[2];
    cr_assert_eq(brood__io_sockets(ends), 0);
    cr_assert_eq(brood__io_send(ends[1], parts, 2), 6);
    cr_assert_eq(read(ends[0], got, sizeof got), 6);
    cr_assert_str_eq(got, "abcabc");
    cr_assert_eq(brood__io_set_nonblocking(ends[1], true), 0);
    while (brood__io_send(ends[1], parts, 2) > 0)
        ;
    cr_assert_eq(brood__io_send(ends[1], parts, 2), BROOD_EAGAIN);
    close(ends[0]);
    close(ends[1]);
    cr_assert_eq(brood__io_send(ends[1], parts, 2), BROOD_EBADF);
}

/* ---- SIGPIPE --------------------------------------------------------------------- */

static bool send_breaks(void)
{
    int ends[2];
    struct iovec part = letters();
    if (brood__io_sockets(ends) < 0)
        return false;
    brood__io_quiet(ends[1]); /* as those of a child are */
    close(ends[0]);
    ptrdiff_t result = brood__io_send(ends[1], &part, 1);
    close(ends[1]);
    return result == BROOD_EPIPE;
}

static bool survive_by_default(void)
{
    signal(SIGPIPE, SIG_DFL);
    return send_breaks() && write_breaks(brood__io_writev) &&
           write_breaks(brood__io_writev_guarded) && write_breaks(brood__io_writev);
}

Test(io, a_broken_pipe_does_not_end_a_host_with_the_default_disposition)
{
    cr_assert(holds_in_a_fork(survive_by_default));
}

/* One write to a file that takes no flags, and every later write goes the slow way. */
static bool survive_after_a_refused_flag(void)
{
    signal(SIGPIPE, SIG_DFL);
    struct iovec part = letters();
    int fd = open_full_device();
    ptrdiff_t result = brood__io_writev(fd, &part, 1);
    close(fd);
    return result == BROOD_ENOSPC && write_breaks(brood__io_writev);
}

Test(io, a_file_that_takes_no_flags_is_written_without_them)
{
    NEEDS_FULL_DEVICE;
    cr_assert(holds_in_a_fork(survive_after_a_refused_flag));
}

static volatile sig_atomic_t caught;

static void catch (int number)
{
    caught = number;
}

Test(io, a_handler_of_the_host_is_never_called)
{
    signal(SIGPIPE, catch);
    for (int i = 0; i < WAYS; i++)
        cr_assert(write_breaks(ways[i]));
    cr_assert_eq(caught, 0);
    raise(SIGPIPE);
    cr_assert_eq(caught, SIGPIPE, "and it is still there");
}

static bool is_pending(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void block_sigpipe(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    cr_assert_eq(pthread_sigmask(how, &set, NULL), 0);
}

Test(io, a_pending_signal_of_the_host_stays_pending)
{
    signal(SIGPIPE, catch);
    block_sigpipe(SIG_BLOCK);
    for (int i = 0; i < WAYS; i++) {
        cr_assert(write_breaks(ways[i]));
        cr_assert_not(is_pending(), "nothing is left behind");
        raise(SIGPIPE);
        cr_assert(write_breaks(ways[i]));
        cr_assert(is_pending());
        block_sigpipe(SIG_UNBLOCK);
        cr_assert_eq(caught, SIGPIPE);
        caught = 0;
        block_sigpipe(SIG_BLOCK);
    }
}

Test(io, the_mask_of_the_host_is_what_it_was)
{
    struct iovec part = letters();
    sigset_t before, after;
    for (int blocked = 0; blocked < 2; blocked++) {
        block_sigpipe(blocked ? SIG_BLOCK : SIG_UNBLOCK);
        pthread_sigmask(SIG_SETMASK, NULL, &before);
        cr_assert(write_breaks(brood__io_writev_guarded));
        cr_assert_eq(brood__io_writev_guarded(-1, &part, 1), BROOD_EBADF);
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        for (int number = 1; number < 65; number++)
            cr_assert_eq(sigismember(&before, number), sigismember(&after, number));
    }
}

/* ---- descriptors ------------------------------------------------------------------ */

Test(io, the_blocking_mode_goes_on_and_off)
{
    int ends[2];
    make_pipe(ends);
    for (int twice = 0; twice < 2; twice++)
        cr_assert_eq(brood__io_set_nonblocking(ends[0], true), 0);
    cr_assert_not(is_blocking(ends[0]));
    cr_assert_eq(brood__io_set_nonblocking(ends[0], false), 0);
    cr_assert(is_blocking(ends[0]));
    test_fail_call(FAULT_FCNTL, 2, EIO, 0);
    cr_assert_eq(brood__io_set_nonblocking(ends[0], true), BROOD_EIO);
    close(ends[0]);
    close(ends[1]);
    cr_assert_eq(brood__io_set_nonblocking(ends[0], true), BROOD_EBADF);
}

Test(io, a_low_descriptor_is_moved_out_of_the_way)
{
    cr_assert_eq(brood__io_keep_clear(-7), -7);
    int keep = fcntl(0, F_DUPFD_CLOEXEC, 100), high = fcntl(0, F_DUPFD_CLOEXEC, 3);
    cr_assert_eq(brood__io_keep_clear(high), high);
    close(high);

    int clear = brood__io_keep_clear(0);
    cr_assert_geq(clear, 3);
    cr_assert_eq(fcntl(clear, F_GETFD), FD_CLOEXEC);
    cr_assert_eq(fcntl(0, F_GETFD), -1, "the low one is free again");
    close(clear);
    cr_assert_eq(dup2(keep, 0), 0);

    int ends[2];
    close(0);
    cr_assert_eq(brood__io_sockets(ends), 0);
    cr_assert(ends[0] > 2 && ends[1] > 2);
    close(ends[0]);
    close(ends[1]);
    cr_assert_eq(dup2(keep, 0), 0);

    test_fail_call(FAULT_FCNTL, 1, EMFILE, 0);
    cr_assert_eq(brood__io_keep_clear(0), BROOD_EMFILE);
    cr_assert_eq(fcntl(0, F_GETFD), -1, "nothing leaks in a failure");
    cr_assert_eq(dup2(keep, 0), 0);
    close(keep);
}
