/* Calls soon, at a time, and from other threads. */
#include "fake_host.h"
#include "support.h"

SUITE(posted);

static struct trace trace;

static void note_word(void *word)
{
    trace_word(&trace, word);
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d", e[] = "e";

/* ---- soon ------------------------------------------------------------------------ */

Test(posted, calls_come_in_order_and_never_inline)
{
    brood_loop *loop = test_loop();
    brood_handle *handle = NULL;
    cr_assert_eq(brood_call_soon(loop, note_word, a, NULL), 0);
    cr_assert_eq(brood_call_soon(loop, note_word, b, &handle), 0);
    cr_assert_eq(brood_call_soon(loop, note_word, c, NULL), 0);
    cr_assert_not_null(handle);
    cr_assert_str_eq(trace.text, "");
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a b c");
    test_loop_close(loop);
}

Test(posted, a_cancelled_call_is_not_made)
{
    brood_loop *loop = test_loop();
    brood_handle *soon, *at, *past;
    brood_call_soon(loop, note_word, a, &soon);
    brood_call_soon(loop, note_word, b, NULL);
    brood_call_at(loop, brood_in(3600), note_word, c, &at);
    brood_call_at(loop, BROOD_NOWAIT, note_word, d, &past);
    brood_handle_cancel(soon);
    brood_handle_cancel(at);
    brood_handle_cancel(past);
    brood_handle_cancel(NULL);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "b");
    cr_assert_eq(brood_loop_next(loop), BROOD_FOREVER);
    test_loop_close(loop);
}

static brood_handle *victims[2];

static void cancel_victims(void *word)
{
    note_word(word);
    brood_handle_cancel(victims[0]);
    brood_handle_cancel(victims[1]);
}

Test(posted, a_call_cancels_others_of_its_batch)
{
    brood_loop *loop = test_loop();
    brood_call_soon(loop, cancel_victims, a, NULL);
    brood_call_soon(loop, note_word, b, &victims[0]);
    brood_call_soon(loop, note_word, c, NULL);
    brood_call_soon(loop, note_word, d, &victims[1]);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a c");
    test_loop_close(loop);
}

Test(posted, a_timer_cancels_others_of_its_batch_and_a_posted_call)
{
    brood_loop *loop = test_loop();
    brood_call_at(loop, 1, cancel_victims, a, NULL);
    brood_call_at(loop, 2, note_word, b, &victims[0]);
    brood_call_at(loop, 3, note_word, c, NULL);
    brood_call_soon(loop, note_word, d, &victims[1]);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "a c");
    test_loop_close(loop);
}

/* The handle of a call is given up before the call is entered. */
static void post_next(void *arg)
{
    brood_loop *loop = arg;
    brood_handle *handle;
    cr_expect_eq(brood_call_soon(loop, note_word, a, &handle), 0);
    cr_expect_eq(brood_call_soon(loop, note_word, b, NULL), 0);
    brood_handle_cancel(handle);
}

Test(posted, a_call_may_post_and_cancel)
{
    brood_loop *loop = test_loop();
    brood_call_soon(loop, post_next, loop, NULL);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "b");
    test_loop_close(loop);
}

Test(posted, wrong_arguments_are_refused)
{
    brood_loop *loop = test_loop();
    brood_handle *handle = NULL;
    cr_assert_eq(brood_call_soon(loop, NULL, a, &handle), BROOD_EINVAL);
    cr_assert_eq(brood_call_at(loop, 0, NULL, a, &handle), BROOD_EINVAL);
    cr_assert_eq(brood_call_soon_threadsafe(loop, NULL, a), BROOD_EINVAL);
    cr_assert_null(handle);
    test_loop_close(loop);
}

Test(posted, no_memory_leaves_nothing_behind)
{
    brood_loop *loop = test_loop();
    brood_handle *handle = NULL;
    test_fail_allocation(1, true);
    cr_assert_eq(brood_call_soon(loop, note_word, a, &handle), BROOD_ENOMEM);
    cr_assert_eq(brood_call_at(loop, 0, note_word, a, &handle), BROOD_ENOMEM);
    cr_assert_eq(brood_call_soon_threadsafe(loop, note_word, a), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_assert_null(handle);
    cr_assert_eq(brood_loop_next(loop), BROOD_FOREVER);
    test_settle(loop);
    cr_assert_str_eq(trace.text, "");
    test_loop_close(loop);
}

/* More than the loop keeps for later. */
Test(posted, thousands_at_once_are_all_made_and_freed)
{
    enum { MANY = 5000 };
    brood_loop *loop = test_loop();
    int count = 0;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < MANY; i++)
            cr_assert_eq(brood_call_soon(loop, host_count, &count, NULL), 0);
    test_settle(loop);
    cr_assert_eq(count, 2 * MANY);
    cr_assert_lt(test_live_allocations(), MANY);
    test_loop_close(loop);
}

/* ---- at a time -------------------------------------------------------------------- */

Test(posted, times_give_the_order)
{
    brood_loop *loop = test_loop();
    brood_time now = brood_now();
    brood_call_at(loop, now + 2000000, host_stop, loop, NULL);
    brood_call_at(loop, now + 1000000, note_word, e, NULL);
    brood_call_at(loop, now - 5, note_word, b, NULL);
    brood_call_at(loop, now - 5, note_word, c, NULL);
    brood_call_at(loop, INT64_MIN, note_word, a, NULL);
    brood_call_at(loop, now - 4, note_word, d, NULL);
    brood_call_at(loop, BROOD_FOREVER, note_word, a, NULL);
    cr_assert_str_eq(trace.text, "");
    cr_assert_eq(brood_loop_run(loop), 0);
    cr_assert_str_eq(trace.text, "a b c d e");
    test_loop_close(loop);
}

struct appointment {
    brood_time when;
    int *kept;
};

static void keep(void *arg)
{
    const struct appointment *appointment = arg;
    cr_expect_geq(brood_now(), appointment->when);
    ++*appointment->kept;
}

Test(posted, no_call_is_early)
{
    enum { MANY = 100 };
    brood_loop *loop = test_loop();
    struct appointment appointments[MANY];
    int kept = 0;
    brood_time now = brood_now();
    for (int i = 0; i < MANY; i++) {
        appointments[i] = (struct appointment){.when = now + 77777 * i, .kept = &kept};
        brood_call_at(loop, appointments[i].when, keep, &appointments[i], NULL);
    }
    brood_call_at(loop, now + 77777 * MANY, host_stop, loop, NULL);
    cr_assert_eq(brood_loop_run(loop), 0);
    cr_assert_eq(kept, MANY);
    test_loop_close(loop);
}

/* ---- from other threads ------------------------------------------------------------ */

enum { THREADS = 4, EACH = 10000 };

static struct remote {
    int thread, number;
} remotes[THREADS][EACH];

static int arrived[THREADS], arrivals, disorder;
static brood_loop *shared;

static void arrive(void *arg)
{
    const struct remote *remote = arg;
    if (arrived[remote->thread]++ != remote->number)
        disorder++;
    if (++arrivals == THREADS * EACH)
        brood_loop_stop(shared);
}

static void *post_many(void *arg)
{
    int thread = *(int *)arg;
    size_t failures = 0;
    for (int i = 0; i < EACH; i++) {
        remotes[thread][i] = (struct remote){.thread = thread, .number = i};
        if (brood_call_soon_threadsafe(shared, arrive, &remotes[thread][i]) != 0)
            failures++;
    }
    return failures == 0 ? NULL : arg;
}

Test(posted, threads_lose_nothing_and_keep_their_order)
{
    test_thread *threads[THREADS];
    int numbers[THREADS];
    shared = test_loop();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        threads[i] = test_thread_start(post_many, &numbers[i]);
    }
    cr_assert_eq(brood_loop_run(shared), 0);
    for (int i = 0; i < THREADS; i++) {
        cr_assert_null(test_thread_join(threads[i]));
        cr_assert_eq(arrived[i], EACH);
    }
    cr_assert_eq(disorder, 0);
    test_loop_close(shared);
}

static int steps_to_go = 200;
static _Atomic int turn; /* odd: the thread's */

static void give_turn(void *arg)
{
    (void)arg;
    if (--steps_to_go == 0)
        brood_loop_stop(shared);
    turn++;
}

static void *wake_often(void *arg)
{
    for (int i = 0; i < 200; i++) {
        while (turn != 2 * i + 1)
            test_nap(0);
        turn++;
        brood_call_soon_threadsafe(shared, give_turn, NULL);
    }
    return arg;
}

/* Each call is posted while the loop waits, or is about to. */
Test(posted, a_call_from_a_thread_wakes_a_waiting_loop)
{
    shared = test_loop();
    turn = 1;
    test_thread *thread = test_thread_start(wake_often, NULL);
    cr_assert_eq(brood_loop_run(shared), 0);
    test_thread_join(thread);
    cr_assert_eq(steps_to_go, 0);
    test_loop_close(shared);
}

/* ---- the end ----------------------------------------------------------------------- */

Test(posted, what_is_left_is_freed_with_the_loop)
{
    brood_loop *loop = test_loop();
    brood_call_soon(loop, note_word, a, NULL);
    brood_call_at(loop, BROOD_FOREVER, note_word, a, NULL);
    brood_call_at(loop, BROOD_NOWAIT, note_word, a, NULL);
    brood_call_at(loop, brood_in(60), note_word, a, NULL);
    brood_call_soon_threadsafe(loop, note_word, a);
    test_loop_close(loop);
    cr_assert_str_eq(trace.text, "");
    cr_assert_eq(test_live_allocations(), 0);
}
