/* The memory of stacks: a guard below each, which an overflow meets before anything
 * else; pages that nobody touches are not resident. */
#include "stack.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "loop.h"
#include "sanitizers.h"
#include "support.h"
#include "task.h"

SUITE(stack);

/* ---- by itself ----------------------------------------------------------------------- */

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

Test(stack, its_size_is_rounded_up_to_pages)
{
    size_t page = page_size();
    size_t sizes[] = {1, page - 1, page, page + 1, 16 * page};
    for (int i = 0; i < 5; i++) {
        struct brood__stack stack = {.bottom = NULL};
        cr_assert_eq(brood__stack_open(&stack, sizes[i]), 0);
        cr_expect_geq(stack.size, sizes[i]);
        cr_expect_lt(stack.size, sizes[i] + page);
        cr_expect_eq(stack.size % page, 0);
        cr_expect_eq((uintptr_t)stack.bottom % page, 0);
        stack.bottom[0] = stack.bottom[stack.size - 1] = 'x'; /* all of it can be used */
        brood__stack_close(&stack);
        cr_expect_null(stack.bottom);
        brood__stack_close(&stack);
    }
}

Test(stack, one_that_cannot_be_had_leaves_the_output_alone)
{
    struct brood__stack stack = {.bottom = NULL, .size = 5};
    cr_expect_eq(brood__stack_open(&stack, SIZE_MAX), BROOD_ENOMEM);
    /* more than half of a 32-bit address space, which might have room for that half */
    size_t most = sizeof(size_t) > 4 ? SIZE_MAX / 2 : SIZE_MAX / 2 + 1;
    cr_expect_eq(brood__stack_open(&stack, most), BROOD_ENOMEM);
    cr_expect_null(stack.bottom);
    cr_expect_eq(stack.size, 5);
}

static int touch(void *address)
{
    *(volatile char *)address = 'x';
    return 0;
}

/* The signal that ends a forked child which does this; 0: none. */
static int signal_of(int (*body)(void *), void *arg)
{
    int status;
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        signal(SIGSEGV, SIG_DFL); /* a sanitizer would exit instead */
        alarm(60);
        _exit(body(arg) == 0 ? 0 : 1);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "exit status %d",
              WEXITSTATUS(status));
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(stack, several_pages_below_it_are_guarded)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    cr_expect_eq(signal_of(touch, stack.bottom), 0);
    cr_expect_eq(signal_of(touch, stack.bottom - 1), SIGSEGV);
    cr_expect_eq(signal_of(touch, stack.bottom - 4 * page_size()), SIGSEGV);
    brood__stack_close(&stack);
}

/* ---- a task that needs too much ---------------------------------------------------------- */

enum { WORDS = 1024 };

struct neighbours {
    brood_loop *loop;
    brood_task *deep, *other;
    volatile uint32_t *words; /* on the other's stack */
};

static struct neighbours neighbours;

static int keep_words(void *arg)
{
    (void)arg;
    volatile uint32_t words[WORDS];
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = i * UINT32_C(2654435761);
    neighbours.words = words;
    return brood_sleep(NULL, BROOD_FOREVER);
}

/* On a stack of its own: looks around and lets the fault be repeated, without itself. */
__attribute__((no_sanitize("address", "thread"))) static void
look_around(int number, siginfo_t *info, void *context)
{
    (void)context;
    const struct brood__stack *stack = &neighbours.deep->stack;
    uintptr_t address = (uintptr_t)info->si_addr, bottom = (uintptr_t)stack->bottom;
    if (address >= bottom || address < bottom - 4 * page_size())
        _exit(2);
    for (uint32_t i = 0; i < WORDS; i++)
        if (neighbours.words[i] != i * UINT32_C(2654435761))
            _exit(3);
    signal(number, SIG_DFL);
}

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[700];
    frame[depth % 700] = (char)depth;
    return depth > 1 << 20 ? 0 : recurse(depth + 1) + frame[depth % 700];
}

static int overflow(void *arg)
{
    (void)arg;
    brood_sleep(NULL, BROOD_NOWAIT); /* the other one begins */
    return neighbours.words == NULL ? 0 : recurse(1);
}

/* The later stack lies right below the earlier one, as the system places mappings. */
static int run_neighbours(void *arg)
{
    static char room[65536];
    stack_t aside = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_sigaction = look_around, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)arg;
    if (sigaltstack(&aside, NULL) < 0 || sigaction(SIGSEGV, &action, NULL) < 0)
        return -1;
    if (brood_loop_open(&neighbours.loop, NULL) < 0 ||
        brood_task_start(neighbours.loop, overflow, NULL, &neighbours.deep) < 0 ||
        brood_task_start(neighbours.loop, keep_words, NULL, &neighbours.other) < 0)
        return -1;
    brood_task_join(neighbours.deep, NULL, test_deadline());
    return 0;
}

Test(stack, an_overflow_ends_the_program_and_damages_nothing)
{
    cr_expect_eq(signal_of(run_neighbours, NULL), SIGSEGV);
}

/* ---- what it costs ------------------------------------------------------------------------ */

enum { WAITING = 500 };

static int sleep_for_ever(void *arg)
{
    (void)arg;
    return brood_sleep(NULL, BROOD_FOREVER);
}

Test(stack, only_what_is_touched_is_resident)
{
    NOT_UNDER_VALGRIND("its own records of the memory are resident too");
    if (UNDER_ASAN || UNDER_TSAN)
        cr_skip_test("a sanitizer's records of the memory are resident too");
    brood_loop *loop = test_loop();
    cr_assert_eq(brood_task_start(loop, sleep_for_ever, NULL, NULL), 0);
    test_settle(loop);
    size_t before = test_resident_bytes();
    for (int i = 0; i < WAITING; i++)
        cr_assert_eq(brood_task_start(loop, sleep_for_ever, NULL, NULL), 0);
    test_settle(loop);
    size_t grown = test_resident_bytes() - before;
    cr_expect_lt(grown, WAITING * BROOD_TASK_STACK_SIZE / 10, "%zu bytes a task", grown / WAITING);
    cr_expect_geq(grown, WAITING * page_size(), "they have been measured at all");
    test_loop_close(loop);
}

Test(stack, what_is_closed_is_given_back)
{
    NOT_UNDER_VALGRIND("its own records of the memory are resident too");
    if (UNDER_ASAN || UNDER_TSAN)
        cr_skip_test("a sanitizer's records of the memory are resident too");
    size_t before = test_resident_bytes();
    for (int i = 0; i < 20; i++) {
        struct brood__stack stack;
        cr_assert_eq(brood__stack_open(&stack, (size_t)4 << 20), 0);
        memset(stack.bottom, 'x', stack.size);
        brood__stack_close(&stack);
    }
    size_t after = test_resident_bytes();
    cr_expect_lt(after, before + ((size_t)8 << 20), "of 80 MiB that were touched");
}
