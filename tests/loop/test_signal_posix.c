/* Signal handlers of the host: installing, chaining, restoring.
 *
 * A departure from asyncio: the loop of any thread may handle signals, and a
 * handler is refused only where it could not work.  And of 89, that exceptions in
 * callbacks do not stop the loop, nothing remains: C has no exceptions. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "faults.h"
#include "support.h"

SUITE(signal);

static struct trace trace;

static void note_word(void *word)
{
    trace_word(&trace, word);
}

static char a[] = "a", b[] = "b";

/* To the system it is ignored: the flag speaks of a function that is not there. */
Test(signal, one_that_is_ignored_with_the_flag_of_a_function_is_ignored)
{
    static void (*const none[])(int) = {SIG_IGN, SIG_DFL};
    for (size_t i = 0; i < 2; i++) {
        brood_loop *loop = test_loop();
        struct sigaction action = {.sa_handler = none[i], .sa_flags = SA_SIGINFO};
        trace = (struct trace){0};
        cr_assert_eq(sigaction(SIGUSR1, &action, NULL), 0);
        cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, a), 0);
        raise(SIGUSR1);
        test_settle(loop);
        cr_expect_str_eq(trace.text, "a");
        test_loop_close(loop);
    }
}

/* ---- what is refused ------------------------------------------------------------- */

Test(signal, sem_86_signals_that_cannot_be_handled_are_refused)
{
    static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static const int unknown[] = {-1, 0, 65, 32, 33, INT32_MAX, INT32_MIN}; /* 32, 33: libc's own */
    brood_loop *loop = test_loop();
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct sigaction before = host_disposition(refused[i]);
        cr_expect_eq(brood_add_signal_handler(loop, refused[i], note_word, a), BROOD_EINVAL);
        struct sigaction after = host_disposition(refused[i]);
        cr_expect(host_same_disposition(&before, &after), "signal %d", refused[i]);
        cr_expect_eq(brood_remove_signal_handler(loop, refused[i]), BROOD_ENOENT);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect_eq(brood_add_signal_handler(loop, unknown[i], note_word, a), BROOD_EINVAL);
    cr_expect_eq(brood_add_signal_handler(loop, SIGUSR1, NULL, a), BROOD_EINVAL);
    test_loop_close(loop);
}

Test(signal, sem_86_a_failure_rolls_everything_back)
{
    brood_loop *loop = test_loop();
    struct sigaction before = host_disposition(SIGUSR1);
    for (unsigned nth = 1; nth < 10; nth++) {
        unsigned faults = test_faults(FAULT_SIGACTION);
        test_fail_call(FAULT_SIGACTION, nth, EINVAL, 0);
        int error = brood_add_signal_handler(loop, SIGUSR1, note_word, a);
        test_fail_call(FAULT_SIGACTION, 0, 0, 0);
        if (test_faults(FAULT_SIGACTION) == faults)
            break;
        struct sigaction after = host_disposition(SIGUSR1);
        cr_assert_eq(error, BROOD_EINVAL);
        cr_assert(host_same_disposition(&before, &after));
        cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), BROOD_ENOENT);
    }
    cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), 0);
    test_fail_allocation(1, false);
    cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, a), BROOD_ENOMEM);
    struct sigaction after = host_disposition(SIGUSR1);
    cr_assert(host_same_disposition(&before, &after));
    test_loop_close(loop);
}

/* ---- adding and removing ----------------------------------------------------------- */

Test(signal, a_callback_comes_from_the_loop_once_for_many)
{
    brood_loop *loop = test_loop();
    cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, a), 0);
    for (int i = 0; i < 5; i++)
        raise(SIGUSR1);
    cr_assert_str_eq(trace.text, "");
    cr_assert(host_readable(brood_loop_fd(loop)));
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    raise(SIGUSR1);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a a");
    test_loop_close(loop);
}

Test(signal, a_second_add_replaces_the_callback)
{
    brood_loop *loop = test_loop();
    brood_add_signal_handler(loop, SIGUSR1, note_word, a);
    raise(SIGUSR1);
    cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, b), 0);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "b");
    cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), 0);
    cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), BROOD_ENOENT);
    cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR2), BROOD_ENOENT);
    test_loop_close(loop);
}

Test(signal, a_real_time_signal_can_be_handled)
{
    NOT_UNDER_EMULATOR("qemu-user gives real-time signals other numbers");
    NOT_UNDER_VALGRIND("Valgrind keeps signal 64 for itself");
    brood_loop *loop = test_loop();
    cr_assert_eq(brood_add_signal_handler(loop, 64, note_word, a), 0);
    raise(64);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    test_loop_close(loop);
}

static void ignore_it(int number)
{
    (void)number;
}

static void check_restored(const struct sigaction *before, bool by_closing)
{
    brood_loop *loop = test_loop();
    cr_assert_eq(sigaction(SIGUSR1, before, NULL), 0);
    struct sigaction exact = host_disposition(SIGUSR1);
    cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, a), 0);
    struct sigaction ours = host_disposition(SIGUSR1);
    cr_expect_not(host_same_disposition(&exact, &ours));
    if (!by_closing)
        cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), 0);
    test_loop_close(loop);
    struct sigaction after = host_disposition(SIGUSR1);
    cr_expect(host_same_disposition(&exact, &after));
}

Test(signal, sem_86_removing_restores_the_disposition_exactly)
{
    struct sigaction some = {.sa_handler = ignore_it, .sa_flags = SA_RESTART | SA_NODEFER};
    sigaddset(&some.sa_mask, SIGUSR2);
    sigaddset(&some.sa_mask, SIGTERM);
    check_restored(&some, false);
    check_restored(&some, true);
    some.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    check_restored(&some, false);
    check_restored(&(struct sigaction){.sa_handler = SIG_IGN}, false);
    check_restored(&(struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_RESTART}, true);
}

Test(signal, sem_86_an_interrupt_goes_back_to_its_default)
{
    brood_loop *loop = test_loop();
    cr_assert_eq(sigaction(SIGINT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL), 0);
    cr_assert_eq(brood_add_signal_handler(loop, SIGINT, note_word, a), 0);
    raise(SIGINT);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    cr_assert_eq(brood_remove_signal_handler(loop, SIGINT), 0);
    struct sigaction after = host_disposition(SIGINT);
    cr_assert(after.sa_handler == SIG_DFL && (after.sa_flags & SA_SIGINFO) == 0);
    test_loop_close(loop);
}

/* ---- chaining ---------------------------------------------------------------------- */

static volatile sig_atomic_t plain_number, plain_calls, info_number, info_sender, info_calls;
static struct sigaction below; /* of a handler that the host puts on top */

static void plain_handler(int number)
{
    plain_number = number;
    plain_calls++;
    errno = EDOM;
}

static void info_handler(int number, siginfo_t *info, void *context)
{
    info_number = number;
    info_sender = info->si_pid;
    info_calls += context != NULL;
}

static void top_handler(int number, siginfo_t *info, void *context)
{
    plain_calls++;
    if ((below.sa_flags & SA_SIGINFO) != 0)
        below.sa_sigaction(number, info, context);
}

Test(signal, the_earlier_handler_is_called_at_delivery)
{
    brood_loop *loop = test_loop();
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = plain_handler}, NULL);
    brood_add_signal_handler(loop, SIGUSR1, note_word, a);
    errno = ERANGE;
    raise(SIGUSR1);
    cr_assert_eq(errno, ERANGE, "a handler is not noticed");
    cr_assert_eq(plain_number, SIGUSR1);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    cr_assert_eq(plain_calls, 1);
    brood_remove_signal_handler(loop, SIGUSR1);
    raise(SIGUSR1);
    cr_assert_eq(plain_calls, 2);
    test_loop_close(loop);
}

Test(signal, the_earlier_handler_gets_its_arguments)
{
    brood_loop *loop = test_loop();
    sigaction(SIGUSR2, &(struct sigaction){.sa_sigaction = info_handler, .sa_flags = SA_SIGINFO},
              NULL);
    brood_add_signal_handler(loop, SIGUSR2, note_word, a);
    cr_assert_eq(kill(getpid(), SIGUSR2), 0);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    cr_assert(info_number == SIGUSR2 && info_sender == getpid() && info_calls == 1);
    test_loop_close(loop);
}

static void put_on_top(void)
{
    struct sigaction top = {.sa_sigaction = top_handler, .sa_flags = SA_SIGINFO};
    cr_assert_eq(sigaction(SIGUSR1, &top, &below), 0);
}

Test(signal, a_handler_over_ours_is_left_alone)
{
    brood_loop *loop = test_loop();
    sigaction(SIGUSR1, &(struct sigaction){.sa_sigaction = info_handler, .sa_flags = SA_SIGINFO},
              NULL);
    brood_add_signal_handler(loop, SIGUSR1, note_word, a);
    put_on_top();
    raise(SIGUSR1);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a");
    cr_assert_eq(plain_calls, 1);

    cr_assert_eq(brood_remove_signal_handler(loop, SIGUSR1), 0);
    struct sigaction now = host_disposition(SIGUSR1);
    cr_assert_eq(now.sa_sigaction, top_handler);
    raise(SIGUSR1); /* it still calls ours, which calls the earliest */
    cr_assert_eq(plain_calls, 2);
    cr_assert_eq(info_calls, 2);
    test_loop_close(loop);
    raise(SIGUSR1);
    cr_assert_eq(info_calls, 3);
}

/* The handler on top calls ours, and is what ours finds when it is installed anew:
 * a circle, unless it is noticed.  Two copies of the library in one program do
 * the same to each other. */
Test(signal, adding_again_below_a_chaining_handler_makes_no_circle)
{
    brood_loop *loop = test_loop();
    brood_add_signal_handler(loop, SIGUSR1, note_word, a);
    put_on_top();
    brood_remove_signal_handler(loop, SIGUSR1);
    cr_assert_eq(brood_add_signal_handler(loop, SIGUSR1, note_word, b), 0);
    raise(SIGUSR1);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "b");
    cr_assert_eq(plain_calls, 1);
    test_loop_close(loop);
}

/* ---- several loops, and inside callbacks ------------------------------------------- */

Test(signal, two_loops_share_a_signal)
{
    brood_loop *one = test_loop(), *two = test_loop();
    struct sigaction before = host_disposition(SIGUSR1);
    brood_add_signal_handler(one, SIGUSR1, note_word, a);
    brood_add_signal_handler(two, SIGUSR1, note_word, b);
    raise(SIGUSR1);
    test_settle(two);
    test_settle(one);
    cr_assert_str_eq(trace.text, "b a");

    brood_remove_signal_handler(one, SIGUSR1);
    raise(SIGUSR1);
    test_settle(one);
    test_settle(two);
    cr_assert_str_eq(trace.text, "b a b");
    brood_remove_signal_handler(two, SIGUSR1);
    struct sigaction after = host_disposition(SIGUSR1);
    cr_assert(host_same_disposition(&before, &after));
    test_loop_close(one);
    test_loop_close(two);
}

static brood_loop *shared;

static void remove_other(void *word)
{
    note_word(word);
    cr_expect_eq(brood_remove_signal_handler(shared, SIGUSR2), 0);
}

static void remove_self(void *word)
{
    note_word(word);
    cr_expect_eq(brood_remove_signal_handler(shared, SIGUSR1), 0);
}

Test(signal, a_callback_may_remove_another_that_is_due)
{
    shared = test_loop();
    brood_add_signal_handler(shared, SIGUSR1, remove_other, a);
    brood_add_signal_handler(shared, SIGUSR2, note_word, b);
    raise(SIGUSR2);
    raise(SIGUSR1);
    test_settle(shared);
    cr_assert_str_eq(trace.text, "a");
    test_loop_close(shared);
}

Test(signal, a_callback_may_remove_itself)
{
    shared = test_loop();
    brood_add_signal_handler(shared, SIGUSR1, remove_self, a);
    brood_add_signal_handler(shared, SIGUSR2, note_word, b);
    raise(SIGUSR1);
    raise(SIGUSR2);
    test_settle(shared);
    cr_assert_str_eq(trace.text, "a b");
    cr_assert_eq(brood_remove_signal_handler(shared, SIGUSR1), BROOD_ENOENT);
    test_loop_close(shared);
}
