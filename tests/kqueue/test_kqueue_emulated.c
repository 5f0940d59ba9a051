/* The emulation by itself: each row of what a real kernel does that src/backend_kqueue and
 * src/subproc/reap_bsd.c rely on.  What FreeBSD 12.1 was seen to do, and with
 * other manners what the other systems are known for. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/event.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulation.h"
#include "../loop/fake_host_posix.h"
#include "support.h"

SUITE(kqueue_emulated);

enum { ROOM = 8 };

#ifdef NOTE_EXITSTATUS
#define EXIT (NOTE_EXIT | NOTE_EXITSTATUS)
#else
#define EXIT NOTE_EXIT
#endif

static int kq;
static struct kevent events[ROOM];
static const struct timespec at_once;

static int change(int64_t ident, int filter, unsigned flags, unsigned fflags)
{
    struct kevent wanted;
    EV_SET(&wanted, (uintptr_t)ident, filter, flags, fflags, 0, &kq);
    return kevent(kq, &wanted, 1, NULL, 0, NULL) < 0 ? errno : 0;
}

static int look(void)
{
    return kevent(kq, NULL, 0, events, ROOM, &at_once);
}

static int await(void)
{
    static const struct timespec minute = {.tv_sec = 60};
    return kevent(kq, NULL, 0, events, ROOM, &minute);
}

static void begin(void)
{
    kq = kqueue();
    cr_assert_geq(kq, 0);
}

static void end(void)
{
    cr_assert_eq(close(kq), 0);
}

/* ---- descriptors that are closed ------------------------------------------------------ */

Test(kqueue_emulated, a_closed_descriptor_is_forgotten_and_its_number_may_come_again)
{
    int ends[2], again[2];
    begin();
    host_pipe(ends);
    host_put(ends[1], "x");
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    close(ends[0]);
    cr_expect_eq(look(), 0);
    close(ends[1]);
    host_pipe(again);
    cr_assert_eq(again[0], ends[0]);
    cr_expect_eq(change(again[0], EVFILT_READ, EV_DELETE, 0), ENOENT);
    cr_expect_eq(change(again[0], EVFILT_READ, EV_ADD, 0), 0);
    cr_expect_eq(look(), 0);
    host_put(again[1], "x");
    cr_expect_eq(look(), 1);
    host_pipe_close(again);
    end();
}

Test(kqueue_emulated, a_close_ends_the_registration_also_when_a_duplicate_is_open)
{
    int ends[2];
    begin();
    host_pipe(ends);
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    int duplicate = fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
    close(ends[0]);
    host_put(ends[1], "x");
    cr_expect_eq(look(), 0);
    close(duplicate);
    close(ends[1]);
    end();
}

/* ---- pipes ---------------------------------------------------------------------------- */

Test(kqueue_emulated, input_is_told_as_long_as_it_is_there_and_its_end_with_what_is_left)
{
    int ends[2];
    char byte;
    begin();
    host_pipe(ends);
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    host_put(ends[1], "xyz");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(look(), 1);
        cr_expect_eq(events[0].data, 3);
        cr_expect_eq(events[0].udata, &kq);
        cr_expect_eq(events[0].flags & (EV_EOF | EV_ADD), 0, "flags without EV_ADD");
    }
    close(ends[1]);
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].data, 2);
    cr_expect_neq(events[0].flags & EV_EOF, 0);
    close(ends[0]);
    end();
}

Test(kqueue_emulated, a_pipe_that_nobody_reads_takes_no_write_filter)
{
    int ends[2];
    begin();
    host_pipe(ends);
    close(ends[0]);
    cr_expect_eq(change(ends[1], EVFILT_WRITE, EV_ADD, 0), EPIPE);
    cr_expect_eq(look(), 0);
    close(ends[1]);
    end();
}

static void reader_goes(unsigned flags)
{
    int ends[2];
    begin();
    emulated_manners.gone_stays = false;
    host_pipe(ends);
    cr_assert_eq(change(ends[1], EVFILT_WRITE, EV_ADD | flags, 0), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].flags & (EV_EOF | EV_ONESHOT), 0);
    cr_expect_eq(look(), (flags & EV_CLEAR) != 0 ? 0 : 1);
    close(ends[0]);
    cr_assert_eq(await(), 1);
    cr_expect_eq(events[0].flags & (EV_EOF | EV_ONESHOT), EV_EOF | EV_ONESHOT);
    cr_expect_eq(events[0].fflags, 0);
    cr_expect_eq(look(), 0, "it has been deleted");
    cr_expect_eq(change(ends[1], EVFILT_WRITE, EV_DELETE, 0), ENOENT);
    close(ends[1]);
    end();
}

Test(kqueue_emulated, a_write_filter_ends_with_the_reader)
{
    reader_goes(0);
}

Test(kqueue_emulated, a_write_filter_that_clears_tells_of_room_once_and_of_the_end)
{
    reader_goes(EV_CLEAR);
}

Test(kqueue_emulated, on_other_systems_it_stays_and_a_late_one_is_refused_otherwise)
{
    int ends[2];
    begin();
    emulated_manners.gone_stays = emulated_manners.gone_is_ebadf = true;
    host_pipe(ends);
    cr_assert_eq(change(ends[1], EVFILT_WRITE, EV_ADD, 0), 0);
    close(ends[0]);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(await(), 1);
        cr_expect_eq(events[0].flags & (EV_EOF | EV_ONESHOT), EV_EOF);
    }
    cr_assert_eq(change(ends[1], EVFILT_WRITE, EV_DELETE, 0), 0);
    cr_expect_eq(change(ends[1], EVFILT_WRITE, EV_ADD, 0), EBADF);
    close(ends[1]);
    end();
}

Test(kqueue_emulated, adding_again_does_not_change_the_flags)
{
    int ends[2];
    begin();
    host_pipe(ends);
    cr_assert_eq(change(ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, 0), 0);
    cr_assert_eq(look(), 1);
    cr_assert_eq(change(ends[1], EVFILT_WRITE, EV_ADD, 0), 0);
    cr_expect_leq(look(), 1);
    cr_expect_eq(look(), 0, "it clears still");
    host_pipe_close(ends);
    end();
}

Test(kqueue_emulated, both_filters_of_one_descriptor_are_registrations_of_their_own)
{
    int ends[2];
    begin();
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    cr_assert_eq(change(ends[0], EVFILT_WRITE, EV_ADD, 0), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].filter, EVFILT_WRITE);
    host_put(ends[1], "x");
    cr_expect_eq(look(), 2);
    cr_assert_eq(change(ends[0], EVFILT_WRITE, EV_DELETE, 0), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].filter, EVFILT_READ);
    shutdown(ends[1], SHUT_WR);
    cr_assert_eq(look(), 1);
    cr_expect_neq(events[0].flags & EV_EOF, 0);
    host_pipe_close(ends);
    end();
}

/* ---- changes that fail, receipts --------------------------------------------------------- */

Test(kqueue_emulated, what_is_wrong_with_a_change_is_told)
{
    int ends[2];
    begin();
    host_pipe(ends);
    cr_expect_eq(change(ends[0], EVFILT_READ, EV_DELETE, 0), ENOENT);
    cr_expect_eq(change(ends[0], EVFILT_READ, 0, 0), ENOENT);
    cr_expect_eq(change(4000, EVFILT_READ, EV_ADD, 0), EBADF);
    cr_expect_eq(change(ends[0], -99, EV_ADD, 0), EINVAL);
    end();
    cr_expect_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), EBADF, "it has been closed");
    kq = ends[1];
    cr_expect_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), EBADF, "it is none");
    host_pipe_close(ends);
}

Test(kqueue_emulated, with_room_a_failed_change_is_an_entry_and_the_only_one)
{
    struct kevent changes[2];
    int ends[2];
    begin();
    host_pipe(ends);
    host_put(ends[1], "x");
    EV_SET(&changes[0], (uintptr_t)ends[0], EVFILT_READ, EV_ADD, 0, 0, NULL);
    EV_SET(&changes[1], 4000, EVFILT_READ, EV_ADD, 0, 0, NULL);
    cr_assert_eq(kevent(kq, changes, 2, events, ROOM, &at_once), 1);
    cr_expect_eq(events[0].ident, 4000);
    cr_expect_neq(events[0].flags & EV_ERROR, 0);
    cr_expect_eq(events[0].data, EBADF);
    cr_expect_eq(look(), 1);
    changes[0].flags |= EV_RECEIPT;
    cr_assert_eq(kevent(kq, changes, 1, events, ROOM, &at_once), 1);
    cr_expect_neq(events[0].flags & EV_ERROR, 0);
    cr_expect_eq(events[0].data, 0);
    host_pipe_close(ends);
    end();
}

/* ---- processes -------------------------------------------------------------------------- */

static pid_t start(int code)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(code);
    return pid;
}

static void wait_for_zombie(pid_t pid)
{
    siginfo_t info;
    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void expect_exit(pid_t pid, int code)
{
    cr_assert_eq(await(), 1);
    cr_expect_eq(events[0].ident, (uintptr_t)pid);
    cr_expect_eq(events[0].filter, EVFILT_PROC);
    cr_expect_eq(events[0].fflags, EXIT);
    cr_expect_eq(WEXITSTATUS((int)events[0].data), code);
    cr_expect_eq(look(), 0, "once");
    cr_expect_eq(change(pid, EVFILT_PROC, EV_DELETE, 0), ENOENT);
}

Test(kqueue_emulated, an_exit_comes_with_its_status_and_a_zombie_after_it)
{
    int status;
    begin();
    emulated_manners.zombies_are_unknown = false;
    pid_t pid = start(7);
    cr_assert_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), 0);
    expect_exit(pid, 7);
    cr_expect_eq(waitpid(pid, &status, WNOHANG), pid);
    end();
}

Test(kqueue_emulated, an_exit_comes_also_when_somebody_has_reaped_it_already)
{
    begin();
    emulated_manners.zombies_are_unknown = false;
    pid_t pid = start(7);
    cr_assert_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), 0);
    waitpid(pid, NULL, 0);
    cr_assert_eq(await(), 1);
    cr_expect_eq(events[0].fflags, EXIT);
    if (test_abilities().statuses_of_reaped)
        cr_expect_eq(WEXITSTATUS((int)events[0].data), 7);
    end();
}

Test(kqueue_emulated, a_zombie_is_told_of_at_once)
{
    begin();
    emulated_manners.zombies_are_unknown = false;
    pid_t pid = start(3);
    wait_for_zombie(pid);
    cr_assert_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), 0);
    expect_exit(pid, 3);
    waitpid(pid, NULL, 0);
    cr_expect_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), ESRCH, "and then it is nobody");
    end();
}

Test(kqueue_emulated, other_systems_do_not_know_a_zombie)
{
    begin();
    emulated_manners.zombies_are_unknown = true;
    pid_t pid = start(3);
    wait_for_zombie(pid);
    cr_expect_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), ESRCH);
    waitpid(pid, NULL, 0);
    end();
}

Test(kqueue_emulated, an_exit_may_be_told_early)
{
    begin();
    emulated_manners.exit_comes_early = true;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    cr_assert_eq(change(pid, EVFILT_PROC, EV_ADD, EXIT), 0);
    cr_assert_eq(await(), 1);
    cr_expect_eq(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    end();
}

/* ---- user events ------------------------------------------------------------------------- */

Test(kqueue_emulated, a_user_event_clears)
{
    begin();
    emulated_manners.no_user_events = false;
    cr_expect_eq(change(0, EVFILT_USER, 0, NOTE_TRIGGER), ENOENT);
    cr_assert_eq(change(0, EVFILT_USER, EV_ADD | EV_CLEAR, 0), 0);
    cr_expect_eq(look(), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(change(0, EVFILT_USER, 0, NOTE_TRIGGER), 0);
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].filter, EVFILT_USER);
    cr_expect_eq(look(), 0);
    end();
}

Test(kqueue_emulated, older_systems_have_none)
{
    begin();
    emulated_manners.no_user_events = true;
    cr_expect_eq(change(0, EVFILT_USER, EV_ADD | EV_CLEAR, 0), EINVAL);
    end();
}

/* ---- the kqueue itself ---------------------------------------------------------------------- */

Test(kqueue_emulated, can_be_polled_and_be_in_another_one)
{
    int ends[2], inner;
    begin();
    inner = kq;
    host_pipe(ends);
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    cr_expect_not(host_readable(inner));
    begin();
    cr_assert_eq(change(inner, EVFILT_READ, EV_ADD, 0), 0);
    cr_expect_eq(look(), 0);
    host_put(ends[1], "x");
    cr_expect(host_readable(inner));
    cr_expect(host_readable(kq));
    cr_assert_eq(look(), 1);
    cr_expect_eq(events[0].ident, (uintptr_t)inner);
    end();
    kq = inner;
    cr_expect_eq(look(), 1);
    end();
    host_pipe_close(ends);
}

Test(kqueue_emulated, is_not_inherited_by_fork)
{
    int ends[2], status;
    begin();
    host_pipe(ends);
    cr_assert_eq(change(ends[0], EVFILT_READ, EV_ADD, 0), 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool gone = fcntl(kq, F_GETFD) < 0 && look() == -1 && errno == EBADF;
        bool own = kqueue() >= 0;
        _exit(gone && own ? 0 : 1);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0);
    host_put(ends[1], "x");
    cr_expect_eq(look(), 1, "the parent's is as it was");
    host_pipe_close(ends);
    end();
}

Test(kqueue_emulated, a_wait_is_never_early)
{
    static const long spans[] = {1, 999, 1000000, 5000001};
    begin();
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        struct timespec span = {.tv_nsec = spans[i]};
        brood_time began = brood_now();
        cr_assert_eq(kevent(kq, NULL, 0, events, ROOM, &span), 0);
        cr_expect_geq(brood_now() - began, spans[i]);
    }
    end();
}
