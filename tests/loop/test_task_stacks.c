/* The stacks of tasks as a host meets them: their size, many of them, used again;
 * and what is refused or runs out. */
#include "fake_host.h"
#include "live_numbers.h"
#include "loop.h"
#include "sanitizers.h"
#include "support.h"

SUITE(task_stacks);

static brood_loop *open_with_stacks(size_t size)
{
    brood_loop_options options = {.child_watcher = test_watcher(), .task_stack_size = size};
    brood_loop *loop;
    cr_assert_eq(brood_loop_open(&loop, &options), 0);
    return loop;
}

/* ---- what lives on them ------------------------------------------------------------ */

enum { MIXERS = 20 };

struct mixing {
    uint32_t seed;
    int failed_waits;
    brood_task *task;
};

static void let_others_go_on(void *arg)
{
    struct mixing *mixing = arg;
    mixing->failed_waits += brood_sleep(NULL, BROOD_NOWAIT) < 0;
}

static int mix_among_others(void *arg)
{
    struct mixing *mixing = arg;
    double mixed = mix_numbers(mixing->seed, let_others_go_on, mixing);
    return mixed == mix_numbers(mixing->seed, stay, NULL);
}

Test(task_stacks, numbers_live_across_waits)
{
    static struct mixing mixings[MIXERS];
    brood_loop *loop = test_loop();
    for (uint32_t i = 0; i < MIXERS; i++) {
        mixings[i].seed = i;
        cr_assert_eq(brood_task_start(loop, mix_among_others, &mixings[i], &mixings[i].task), 0);
    }
    for (int i = 0; i < MIXERS; i++) {
        int same = 0;
        cr_assert_eq(brood_task_join(mixings[i].task, &same, test_deadline()), 0);
        cr_expect_eq(same, 1, "task %d", i);
        cr_expect_eq(mixings[i].failed_waits, 0);
    }
    test_loop_close(loop);
}

/* ---- many ------------------------------------------------------------------------ */

/* To ThreadSanitizer each of them is a thread. */
enum { MANY = UNDER_TSAN ? 200 : 2000, SMALL_STACK = 32768 };

struct crowd {
    brood_loop *loop;
    brood_future *gate;
    int inside, most, sum;
};

struct member {
    struct crowd *crowd;
    int number;
    brood_task *task;
};

static int pass_the_gate(void *arg)
{
    struct member *member = arg;
    struct crowd *crowd = member->crowd;
    if (++crowd->inside > crowd->most)
        crowd->most = crowd->inside;
    int status = brood_future_wait(crowd->gate, NULL, BROOD_FOREVER);
    crowd->inside--;
    crowd->sum += member->number;
    return status < 0 ? status : member->number;
}

Test(task_stacks, thousands_wait_at_the_same_time)
{
    static struct member members[MANY];
    struct crowd crowd = {.loop = open_with_stacks(SMALL_STACK)};
    cr_assert_eq(brood_future_open(crowd.loop, &crowd.gate), 0);
    for (int i = 0; i < MANY; i++) {
        members[i] = (struct member){.crowd = &crowd, .number = i};
        cr_assert_eq(brood_task_start(crowd.loop, pass_the_gate, &members[i], &members[i].task), 0);
    }
    cr_assert_eq(brood_loop_step(crowd.loop, BROOD_NOWAIT), 0);
    cr_assert_eq(crowd.inside, MANY);
    brood_future_set(crowd.gate, 0, NULL);
    for (int i = 0; i < MANY; i++) {
        int result = -1;
        cr_assert_eq(brood_task_join(members[i].task, &result, test_deadline()), 0);
        cr_assert_eq(result, i);
    }
    cr_expect_eq(crowd.most, MANY);
    cr_expect_eq(crowd.sum, MANY * (MANY - 1) / 2);
    cr_expect_eq(crowd.loop->spare_stack_count, BROOD__SPARE_STACKS, "kept for the next ones");
    brood_future_close(crowd.gate);
    test_loop_close(crowd.loop);
}

static int tell_frame(void *frame)
{
    *(uintptr_t *)frame = (uintptr_t)__builtin_frame_address(0);
    return 0;
}

Test(task_stacks, one_after_another_they_use_the_same_stack)
{
    brood_loop *loop = open_with_stacks(0);
    uintptr_t first = 0, frame;
    for (int i = 0; i < MANY; i++) {
        frame = 0;
        cr_assert_eq(brood_task_start(loop, tell_frame, &frame, NULL), 0);
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
        cr_assert_neq(frame, 0);
        if (i == 0)
            first = frame;
        cr_assert_eq(frame, first);
    }
    cr_expect_eq(loop->spare_stack_count, 1);
    test_loop_close(loop);
}

static int hold_frame(void *arg)
{
    tell_frame(arg);
    return brood_sleep(NULL, BROOD_FOREVER);
}

Test(task_stacks, those_that_wait_have_each_their_own)
{
    enum { COUNT = 10, SIZE = 65536 };
    uintptr_t frames[COUNT] = {0};
    brood_loop *loop = open_with_stacks(SIZE);
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(brood_task_start(loop, hold_frame, &frames[i], NULL), 0);
    cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < i; j++)
            cr_expect_geq(frames[i] > frames[j] ? frames[i] - frames[j] : frames[j] - frames[i],
                          SIZE);
    test_loop_close(loop);
}

/* ---- sizes ----------------------------------------------------------------------- */

Test(task_stacks, a_size_below_the_least_one_is_refused)
{
    brood_loop_options options = {.child_watcher = test_watcher()};
    brood_loop *loop = NULL;
    static const size_t sizes[] = {1, 4096, BROOD_TASK_STACK_MIN - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        options.task_stack_size = sizes[i];
        cr_expect_eq(brood_loop_open(&loop, &options), BROOD_EINVAL, "%zu", sizes[i]);
        cr_assert_null(loop);
    }
}

/* Of `size` bytes, all but what calls and alignment need can be used. */
static int use_most_of_it(void *size)
{
    size_t most = *(size_t *)size - 8192;
    volatile char *bytes = __builtin_alloca(most);
    for (size_t i = 0; i < most; i += 512)
        bytes[i] = (char)i;
    int error = brood_sleep(NULL, BROOD_NOWAIT);
    for (size_t i = 0; i < most; i += 512)
        if (bytes[i] != (char)i)
            return -1;
    return error;
}

Test(task_stacks, a_size_is_what_can_be_used)
{
    static const size_t sizes[] = {BROOD_TASK_STACK_MIN, BROOD_TASK_STACK_MIN + 1, 100000, 0,
                                   (size_t)8 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        brood_loop *loop = open_with_stacks(sizes[i]);
        size_t size = sizes[i] == 0 ? BROOD_TASK_STACK_SIZE : sizes[i];
        int result = 99;
        brood_task *task;
        cr_assert_eq(brood_task_start(loop, use_most_of_it, &size, &task), 0);
        cr_assert_eq(brood_task_join(task, &result, test_deadline()), 0);
        cr_expect_eq(result, 0, "%zu bytes", size);
        test_loop_close(loop);
    }
}

static int never(void *arg)
{
    cr_expect_fail("it has been started");
    return arg == NULL;
}

Test(task_stacks, a_stack_that_cannot_be_had_fails_the_start)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2 + 1, SIZE_MAX - 4096, SIZE_MAX / 2,
                                   SIZE_MAX / 16 + 1};
    size_t count = sizeof(size_t) > 4 ? 5 : 3; /* 32 bits of addresses might have room */
    for (size_t i = 0; i < count; i++) {
        brood_loop *loop = open_with_stacks(sizes[i]);
        brood_group *group;
        brood_task *task = NULL;
        cr_assert_eq(brood_group_open(loop, 1, &group), 0);
        size_t before = test_live_allocations();
        cr_expect_eq(brood_task_start(loop, never, NULL, &task), BROOD_ENOMEM, "%zu", sizes[i]);
        cr_expect_null(task);
        cr_expect_eq(brood_group_start(group, never, NULL), BROOD_ENOMEM);
        cr_expect_eq(test_live_allocations(), before);
        cr_expect_eq(brood_group_join(group, NULL, BROOD_NOWAIT), 0, "nothing is in the group");
        test_settle(loop);
        test_loop_close(loop);
    }
}
