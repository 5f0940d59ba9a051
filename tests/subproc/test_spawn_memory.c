/* Memory that a spawn needs is refused at its first use, its second, and so on: every
 * failure is clean, and afterwards all is well. */
#include "processes.h"

SUITE(spawn_memory);

static const char *const environment[] = {"SYSTEM=1", "OTHER=2", NULL};
static const char *const arguments[] = {"out", "x", "eof", "0", "exit", "3", NULL};

/* A spawn that needs something of everything. */
static brood_spawn_options rich(void)
{
    return (brood_spawn_options){
        .in.kind = BROOD_PIPE,
        .out.kind = BROOD_PIPE,
        .err = {.kind = BROOD_FILE, .path = in_scratch("err"), .append = true},
        .env = environment,
        .cwd = scratch,
        .pipe_size = 8192,
        .kill_tree = true,
    };
}

static void expect_running(brood_loop *loop, struct kid *kid, size_t nth)
{
    brood_loop_step(loop, BROOD_NOWAIT);
    brood_pipe_close(brood_subprocess_pipe(kid->transport, 0));
    cr_assert(run_until(loop, &kid->lost), "%zu", nth);
    cr_expect_eq(kid->code, 3, "%zu: %lld", nth, (long long)kid->code);
    cr_expect_str_eq(kid->text.len > 0 ? kid->text.data : "", "x", "%zu", nth);
    brood_subprocess_close(kid->transport);
    brood_loop_step(loop, BROOD_NOWAIT);
    brood_buffer_free(&kid->text);
}

/* With the nth use refused; false: there was no nth use. */
static bool spawn_without(size_t nth)
{
    brood_loop *loop = test_loop();
    brood_spawn_failure failure = {0};
    brood_spawn_options options = rich();
    struct kid kid = {0}, next = {0};
    options.failure = &failure;
    test_fail_allocation(nth, false);
    int error = kid_start(loop, &kid, options, arguments);
    bool struck = test_allocation_failed();
    test_fail_allocation(0, false);
    if (error == 0) { /* not struck, or done without what was refused */
        expect_running(loop, &kid, nth);
    } else {
        cr_expect(struck);
        cr_expect_eq(error, BROOD_ENOMEM, "%zu: %s %s", nth, brood_errname(error), failure.step);
        cr_expect_eq(failure.error, error);
        cr_expect_not_null(failure.step, "%zu", nth);
        cr_expect_null(kid.transport);
        test_settle(loop);
        cr_expect_eq(kid.calls, 0);
        cr_expect_not(test_has_children(), "%zu: a child is left", nth);
        options.failure = NULL;
        cr_assert_eq(kid_start(loop, &next, options, arguments), 0);
        expect_running(loop, &next, nth);
    }
    test_loop_close(loop);
    return struck;
}

Test(spawn_memory, each_use_may_be_refused)
{
    size_t nth = 1;
    scratch_begin();
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    while (nth < 200 && spawn_without(nth)) {
        cr_expect_eq(test_count_descriptors(), descriptors, "%zu: descriptors", nth);
        cr_expect_eq(test_live_allocations(), allocations, "%zu: memory", nth);
        nth++;
    }
    scratch_end();
    cr_expect_gt(nth - 1, 3);
}

/* What cannot be watched is not started. */
Test(spawn_memory, sem_05_without_memory_for_the_watcher_no_process_is_created)
{
    brood_spawn_failure failure = {0};
    brood_spawn_options options = {.failure = &failure};
    struct kid kid = {0};
    brood_loop *loop = test_loop();
    unsigned born = count_births();
    test_fail_allocation(1, false); /* the watcher is made with the first child */
    cr_expect_eq(kid_start(loop, &kid, options, ARGV("exit", "0")), BROOD_ENOMEM);
    test_fail_allocation(0, false);
    cr_expect_str_eq(failure.step, "watch");
    cr_expect_eq(count_births(), born, "a process was created");
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("exit", "0")), 0);
    cr_expect_eq(count_births(), born + 1);
    cr_expect(kid_finish(loop, &kid));
}
