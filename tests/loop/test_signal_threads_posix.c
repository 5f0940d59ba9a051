/* Signals and threads: the loop of any thread hears of every delivery. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "gate.h"
#include "support.h"

SUITE(signal_threads);

/* Many more deliveries than any descriptor could hold bytes for. */
Test(signal_threads, sem_87_floods_of_signals_neither_block_nor_get_lost)
{
    brood_loop *loop = test_loop();
    int count = 0, other = 0;
    brood_add_signal_handler(loop, SIGUSR1, host_count, &count);
    brood_add_signal_handler(loop, SIGUSR2, host_count, &other);
    for (int i = 0; i < 100000; i++)
        raise(SIGUSR1);
    raise(SIGUSR2);
    test_settle(loop);
    cr_assert_eq(count, 1);
    cr_assert_eq(other, 1);
    raise(SIGUSR1);
    test_settle(loop);
    cr_assert_eq(count, 2);
    test_loop_close(loop);
}

enum { ROUNDS = 200 };

static struct gate answered;

static void mask_usr1(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(how, &set, NULL);
}

static void *send_often(void *arg)
{
    mask_usr1(SIG_UNBLOCK);
    for (int i = 0; i < ROUNDS; i++) {
        kill(getpid(), SIGUSR1); /* only this thread can take it */
        gate_wait(&answered);
    }
    return arg;
}

struct answerer {
    brood_loop *loop;
    int answers;
};

static void answer(void *arg)
{
    struct answerer *answerer = arg;
    if (++answerer->answers == ROUNDS)
        brood_loop_stop(answerer->loop);
    gate_post(&answered);
}

Test(signal_threads, a_delivery_to_another_thread_wakes_a_waiting_loop)
{
    pthread_t thread;
    struct answerer answerer = {.loop = test_loop()};
    gate_open(&answered);
    mask_usr1(SIG_BLOCK);
    brood_add_signal_handler(answerer.loop, SIGUSR1, answer, &answerer);
    cr_assert_eq(pthread_create(&thread, NULL, send_often, NULL), 0);
    cr_assert_eq(brood_loop_run(answerer.loop), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(answerer.answers, ROUNDS);
    test_loop_close(answerer.loop);
    gate_close(&answered);
}

static struct gate ready;

/* The loop of a thread of its own; the handler is removed by closing it. */
static void *run_loop(void *arg)
{
    brood_loop_options options = {.child_watcher = test_watcher()};
    brood_loop *loop;
    if (brood_loop_open(&loop, &options) != 0)
        return arg;
    int error = brood_add_signal_handler(loop, SIGUSR1, host_stop, loop);
    gate_post(&ready);
    if (error == 0)
        error = brood_loop_run(loop);
    brood_loop_close(loop);
    return error == 0 ? NULL : arg;
}

Test(signal_threads, sem_86_loops_of_other_threads_hear_of_it_too)
{
    enum { LOOPS = 4 };
    pthread_t threads[LOOPS];
    struct sigaction before = host_disposition(SIGUSR1);
    gate_open(&ready);
    for (int i = 0; i < LOOPS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_loop, &ready), 0);
    for (int i = 0; i < LOOPS; i++)
        gate_wait(&ready);
    raise(SIGUSR1);
    for (int i = 0; i < LOOPS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    struct sigaction after = host_disposition(SIGUSR1);
    cr_assert(host_same_disposition(&before, &after));
    gate_close(&ready);
}

static atomic_bool enough;

static void *raise_on(void *arg)
{
    while (!enough)
        raise(SIGUSR1);
    return arg;
}

static void ignore_it(int number)
{
    (void)number;
}

/* A handler on another thread never looks at a watch that has been freed. */
Test(signal_threads, handlers_come_and_go_while_signals_arrive)
{
#ifdef __arm__ /* with two kinds of frames for handlers */
    NOT_UNDER_EMULATOR("qemu-user changes a handler and its flags one after the other");
#endif
    pthread_t threads[2];
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = ignore_it}, NULL);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, raise_on, NULL), 0);
    brood_loop *one = test_loop(), *two = test_loop();
    int count = 0;
    for (int i = 0; i < 2000; i++) {
        cr_assert_eq(brood_add_signal_handler(one, SIGUSR1, host_count, &count), 0);
        cr_assert_eq(brood_add_signal_handler(two, SIGUSR1, host_count, &count), 0);
        cr_assert_eq(brood_loop_step(one, BROOD_NOWAIT), 0);
        cr_assert_eq(brood_remove_signal_handler(one, SIGUSR1), 0);
        cr_assert_eq(brood_remove_signal_handler(two, SIGUSR1), 0);
    }
    enough = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    test_loop_close(one);
    test_loop_close(two);
}
