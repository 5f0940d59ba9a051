/* Fibers as the stacks of tasks: what becomes of the host's thread, and of its default
 * loop; what lives across a switch; the guard below each. */
#include <stdatomic.h>

#include "context.h"
#include "fake_host.h"
#include "support.h"
#include "system_windows.h"

/* GetCurrentFiber: see context_windows.c. */
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif

SUITE(stack_windows);

/* ---- memory --------------------------------------------------------------------------- */

Test(stack_windows, one_that_cannot_be_had_leaves_the_output_alone)
{
    struct brood__stack stack = {.bottom = NULL, .size = 5};
    cr_expect_eq(brood__stack_open(&stack, SIZE_MAX), BROOD_ENOMEM);
    cr_expect_eq(brood__stack_open(&stack, SIZE_MAX / 2), BROOD_ENOMEM);
    test_fail_allocation(1, false);
    cr_expect_eq(brood__stack_open(&stack, 65536), BROOD_ENOMEM);
    cr_expect_null(stack.bottom);
    cr_expect_eq(stack.size, 5);
}

Test(stack_windows, may_be_closed_twice)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    brood__stack_close(&stack);
    cr_expect_null(stack.bottom);
    brood__stack_close(&stack);
}

/* ---- the host's thread ------------------------------------------------------------------ */

struct looks {
    brood_loop *loop;
    int in_task, in_callback;
};

static void look_in_callback(void *arg)
{
    struct looks *looks = arg;
    looks->in_callback += IsThreadAFiber() ? 100 : 1;
}

static int look_in_task(void *arg)
{
    struct looks *looks = arg;
    looks->in_task += IsThreadAFiber() ? 1 : 100;
    brood_call_soon(looks->loop, look_in_callback, looks, NULL);
    int error = brood_sleep(looks->loop, BROOD_NOWAIT);
    looks->in_task += IsThreadAFiber() ? 1 : 100;
    return error;
}

static int look_and_sleep_on(void *arg)
{
    look_in_task(arg);
    return brood_sleep(NULL, BROOD_FOREVER);
}

Test(stack_windows, a_thread_is_a_fiber_only_while_a_task_runs)
{
    struct looks looks = {.loop = test_loop()};
    brood_task *task;
    cr_assert_not(IsThreadAFiber());
    cr_assert_eq(brood_task_start(looks.loop, look_in_task, &looks, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, test_deadline()), 0);
    cr_expect_not(IsThreadAFiber());
    cr_assert_eq(brood_task_start(looks.loop, look_and_sleep_on, &looks, NULL), 0);
    test_settle(looks.loop);
    cr_expect_not(IsThreadAFiber(), "while a task waits");
    test_loop_close(looks.loop);
    cr_expect_not(IsThreadAFiber());
    cr_expect_eq(looks.in_task, 4);
    cr_expect_eq(looks.in_callback, 2);
}

/* A host's own fibers, and what it stores with them. */
struct host {
    void *main, *second, *seen;
    brood_loop *loop;
    struct looks looks;
    int joined;
};

static void join_a_task(struct host *host)
{
    brood_task *task;
    host->looks.loop = host->loop;
    host->joined += brood_task_start(host->loop, look_in_task, &host->looks, &task) == 0 &&
                    brood_task_join(task, NULL, test_deadline()) == 0;
}

static void CALLBACK run_second(void *arg)
{
    struct host *host = arg;
    join_a_task(host);
    host->seen = GetCurrentFiber();
    SwitchToFiber(host->main);
}

Test(stack_windows, a_host_that_is_a_fiber_stays_that_one)
{
    struct host host = {.loop = test_loop()};
    host.main = ConvertThreadToFiberEx(&host, FIBER_FLAG_FLOAT_SWITCH);
    cr_assert_not_null(host.main);
    host.second = CreateFiberEx(0, 0, FIBER_FLAG_FLOAT_SWITCH, run_second, &host);
    cr_assert_not_null(host.second);
    join_a_task(&host);
    cr_expect(IsThreadAFiber());
    cr_expect_eq(GetCurrentFiber(), host.main);
    cr_expect_eq(GetFiberData(), &host);
    SwitchToFiber(host.second);
    cr_expect_eq(host.seen, host.second);
    cr_expect_eq(GetCurrentFiber(), host.main);
    join_a_task(&host);
    cr_expect_eq(host.joined, 3, "on one of its fibers as on the other");
    cr_expect_eq(host.looks.in_callback, 300, "callbacks are made on the host's fiber");
    DeleteFiber(host.second);
    test_loop_close(host.loop);
    cr_expect(IsThreadAFiber());
    cr_assert(ConvertFiberToThread());
}

/* ---- the default loop --------------------------------------------------------------------- */

struct thread {
    brood_loop *loop, *own;
    bool close_here;
    int slept;
};

static int sleep_in_own_loop(void *arg)
{
    struct thread *thread = arg;
    thread->slept = brood_sleep(NULL, BROOD_FOREVER);
    return 0;
}

/* The first to ask for the thread's loop, in a task of another one. */
static int ask_first(void *arg)
{
    struct thread *thread = arg;
    int error = brood_loop_default(&thread->own);
    return error < 0 ? error : brood_task_start(thread->own, sleep_in_own_loop, thread, NULL);
}

static void *ask_in_task(void *arg)
{
    struct thread *thread = arg;
    brood_task *task;
    int result = 99;
    if (brood_task_start(thread->loop, ask_first, thread, &task) != 0 ||
        brood_task_join(task, &result, test_deadline()) != 0 || result != 0)
        return arg;
    if (thread->close_here && brood_loop_close(thread->loop) != 0)
        return arg;
    return brood_sleep(thread->own, BROOD_NOWAIT) == 0 ? NULL : arg;
}

static void expect_closed_with_thread(bool close_here)
{
    struct thread thread = {.loop = test_loop(), .close_here = close_here, .slept = 99};
    cr_expect_null(test_thread_join(test_thread_start(ask_in_task, &thread)));
    cr_expect_not_null(thread.own);
    cr_expect_eq(thread.slept, BROOD_ECANCELED, "it was closed in order, with its tasks");
    if (!close_here)
        test_loop_close(thread.loop);
}

Test(stack_windows, a_default_loop_that_a_task_asked_for_outlives_the_stack_of_that_task)
{
    expect_closed_with_thread(true);
}

Test(stack_windows, a_default_loop_that_a_task_asked_for_ends_with_the_thread)
{
    expect_closed_with_thread(false);
}

/* ---- overflow ------------------------------------------------------------------------------- */

enum { WORDS = 1024 };

static brood_loop *loop;
static volatile uint32_t *words_of_neighbour;
static CONTEXT before;
static atomic_int overflows;

static int keep_words(void *arg)
{
    (void)arg;
    volatile uint32_t words[WORDS];
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = i * UINT32_C(2654435761);
    words_of_neighbour = words;
    int slept = brood_sleep(NULL, BROOD_FOREVER);
    words_of_neighbour = NULL;
    return slept;
}

/* Goes on where the depth began. */
static LONG CALLBACK come_back(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW)
        return EXCEPTION_CONTINUE_SEARCH;
    overflows++;
    *exception->ContextRecord = before;
    return EXCEPTION_CONTINUE_EXECUTION;
}

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[700];
    frame[depth % 700] = (char)depth;
    return depth > 1 << 20 ? 0 : recurse(depth + 1) + frame[depth % 700];
}

static int overflow(void *arg)
{
    brood_sleep(NULL, BROOD_NOWAIT); /* the other ones begin */
    RtlCaptureContext(&before);
    if (overflows == 0)
        return recurse(1) + (arg != NULL);
    return 7;
}

Test(stack_windows, an_overflow_is_the_systems_exception_and_damages_nothing)
{
    brood_task *deep;
    int result = 99;
    loop = test_loop();
    void *handler = AddVectoredExceptionHandler(1, come_back);
    cr_assert_eq(brood_task_start(loop, overflow, NULL, &deep), 0);
    cr_assert_eq(brood_task_start(loop, keep_words, NULL, NULL), 0);
    cr_assert_eq(brood_task_join(deep, &result, test_deadline()), 0);
    RemoveVectoredExceptionHandler(handler);
    cr_expect_eq(overflows, 1);
    cr_expect_eq(result, 7);
    cr_assert_not_null(words_of_neighbour);
    for (uint32_t i = 0; i < WORDS; i++)
        cr_assert_eq(words_of_neighbour[i], i * UINT32_C(2654435761));
    test_loop_close(loop);
}
