/* What the loop, its writes and its stacks do without on an older kernel; and that the
 * filter, which all of these tests rely on, hides what it says and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "faults.h"
#include "hide_calls_linux.h"
#include "io_posix.h"
#include "poller.h"
#include "stack.h"
#include "support.h"

SUITE(old_kernel_loop);

static void with_filter(int (*body)(void *))
{
    if (!hide_is_possible())
        cr_skip_test("system calls cannot be filtered here");
    int line = host_fork(body, NULL);
    cr_assert_eq(line, 0, "line %d", line);
}

/* ---- the filter ------------------------------------------------------------------------ */

static char *page;

static bool refused(long result, int error)
{
    return result < 0 && errno == error;
}

static long write_with(int flags)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    struct iovec part = {.iov_base = page, .iov_len = 1};
    long n = syscall(SYS_pwritev2, fd, &part, 1L, -1L, -1L, (long)flags);
    int error = errno;
    close(fd);
    errno = error;
    return n;
}

static int all_is_hidden(void *arg)
{
    siginfo_t info;
    char room[64] = {0};
    (void)arg;
    CHILD_CHECK(hide_calls(HIDE_ALL));
    CHILD_CHECK(refused(syscall(424, -1, 0, NULL, 0), ENOSYS)); /* pidfd_send_signal */
    CHILD_CHECK(refused(syscall(434, getpid(), 0), ENOSYS));    /* pidfd_open */
    CHILD_CHECK(refused(syscall(435, room, 64L), ENOSYS));      /* clone3 */
    CHILD_CHECK(refused(syscall(436, 900, 901, 0), ENOSYS));    /* close_range */
    CHILD_CHECK(refused(syscall(441, -1, room, 1L, NULL, NULL, 0L), ENOSYS)); /* epoll_pwait2 */
    CHILD_CHECK(refused(syscall(SYS_clone, 0x1000 | SIGCHLD, NULL, room, NULL, NULL), EINVAL));
    CHILD_CHECK(refused(syscall(SYS_waitid, 3, -1, &info, WEXITED, NULL), EINVAL));
    CHILD_CHECK(refused(madvise(page, 4096, 102), EINVAL));
    CHILD_CHECK(refused(syscall(SYS_ioctl, -1, _IOWR(0xFF, 11, room), NULL), ENOTTY));
    CHILD_CHECK(refused(write_with(0x100), EOPNOTSUPP));
    return 0;
}

static int the_rest_is_there(void *arg)
{
    siginfo_t info;
    int waiting = 0, ends[2];
    (void)arg;
    CHILD_CHECK(pipe(ends) == 0);
    CHILD_CHECK(hide_calls(HIDE_ALL));
    CHILD_CHECK(waitid(P_ALL, 0, &info, WEXITED) < 0 && errno == ECHILD);
    CHILD_CHECK(madvise(page, 4096, MADV_DONTNEED) == 0);
    CHILD_CHECK(ioctl(ends[0], FIONREAD, &waiting) == 0);
    CHILD_CHECK(write_with(0) == 1);
    CHILD_CHECK(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(refused(syscall(434, getpid(), 0), ENOSYS) ? 3 : 4); /* it is inherited */
    CHILD_CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0 && info.si_status == 3);
    return 0;
}

Test(old_kernel_loop, the_filter_hides_what_it_says)
{
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    with_filter(all_is_hidden);
    with_filter(the_rest_is_there);
    munmap(page, 4096);
}

/* ---- time-outs in milliseconds ----------------------------------------------------------- */

static int never_early(void *arg)
{
    static const brood_time spans[] = {1, 999, 1000, 65536, 999999, 1000001, 5000000, 1234567};
    struct brood__poller *poller;
    struct brood__event events[4];
    (void)arg;
    CHILD_CHECK(hide_calls(HIDE_EPOLL_PWAIT2));
    CHILD_CHECK(brood__poller_open(&poller) == 0);
    unsigned before = test_calls(FAULT_POLLER_WAIT);
    for (unsigned i = 0; i < sizeof spans / sizeof *spans; i++) {
        brood_time began = brood_now();
        CHILD_CHECK(poller->table->wait(poller, spans[i], events, 4) == 0);
        CHILD_CHECK(brood_now() - began >= spans[i]);
    }
    CHILD_CHECK(test_calls(FAULT_POLLER_WAIT) == before + sizeof spans / sizeof *spans);
    poller->table->wake(poller);
    CHILD_CHECK(poller->table->wait(poller, BROOD_FOREVER - 1, events, 4) == 0);
    poller->table->close(poller, false);
    return 0;
}

Test(old_kernel_loop, without_epoll_pwait2_no_time_out_is_early)
{
    with_filter(never_early);
}

static int sleeps_in_full(void *arg)
{
    brood_loop *loop;
    (void)arg;
    CHILD_CHECK(hide_calls(HIDE_EPOLL_PWAIT2));
    CHILD_CHECK(brood_loop_open(&loop, NULL) == 0);
    for (int i = 1; i <= 5; i++) {
        brood_time until = brood_now() + i * 300001;
        CHILD_CHECK(brood_sleep(loop, until) == 0 && brood_now() >= until);
    }
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(old_kernel_loop, without_epoll_pwait2_a_sleep_is_slept_in_full)
{
    with_filter(sleeps_in_full);
}

/* ---- SIGPIPE ------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;

static void catch_it(int number)
{
    caught = number;
}

static int write_to_nobody(void)
{
    struct iovec part = {.iov_base = page, .iov_len = 1};
    int ends[2];
    sigset_t pending;
    CHILD_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    CHILD_CHECK(brood__io_writev(ends[1], &part, 1) == 1);
    close(ends[0]);
    CHILD_CHECK(brood__io_writev(ends[1], &part, 1) == BROOD_EPIPE);
    close(ends[1]);
    CHILD_CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 0);
    return 0;
}

static int keeps_sigpipe_away(void *arg)
{
    char letter = 'x';
    (void)arg;
    page = &letter;
    CHILD_CHECK(hide_calls(HIDE_RWF_NOSIGNAL));
    signal(SIGPIPE, SIG_DFL); /* one would end this process */
    for (int i = 0; i < 3; i++)
        CHILD_CHECK(write_to_nobody() == 0);
    signal(SIGPIPE, catch_it);
    CHILD_CHECK(write_to_nobody() == 0 && caught == 0);
    raise(SIGPIPE);
    return caught == SIGPIPE ? 0 : __LINE__;
}

Test(old_kernel_loop, without_rwf_nosignal_no_sigpipe_comes_either)
{
    with_filter(keeps_sigpipe_away);
}

/* ---- the guard below a stack ------------------------------------------------------------------ */

/* Whether a forked process that writes there is ended by it. */
static bool is_guarded(char *address)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would exit instead */
        *(volatile char *)address = 'x';
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static int deep_enough(void *arg)
{
    volatile char room[65536];
    for (size_t i = 0; i < sizeof room; i += 512)
        room[i] = 'x';
    return brood_sleep(arg, brood_in(0.001)) == 0 ? room[0] : -1;
}

static int guards_by_mprotect(void *arg)
{
    struct brood__stack stack;
    brood_loop *loop;
    brood_task *task;
    int result = 0;
    (void)arg;
    CHILD_CHECK(hide_calls(HIDE_GUARD_INSTALL));
    CHILD_CHECK(brood__stack_open(&stack, 65536) == 0);
    CHILD_CHECK(!is_guarded(stack.bottom));
    CHILD_CHECK(is_guarded(stack.bottom - 1));
    CHILD_CHECK(is_guarded(stack.bottom - 4 * sysconf(_SC_PAGESIZE)));
    brood__stack_close(&stack);
    CHILD_CHECK(brood_loop_open(&loop, NULL) == 0);
    CHILD_CHECK(brood_task_start(loop, deep_enough, loop, &task) == 0);
    CHILD_CHECK(brood_task_join(task, &result, brood_in(60)) == 0 && result == 'x');
    return brood_loop_close(loop) == 0 ? 0 : __LINE__;
}

Test(old_kernel_loop, without_guard_regions_a_stack_is_guarded_by_mprotect)
{
    with_filter(guards_by_mprotect);
}
