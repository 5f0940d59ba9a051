/* run: a process from its start to its end in one call. */
#include <inttypes.h>

#include "processes.h"

SUITE(run);

static int run(brood_loop *loop, brood_spawn_options options, const char *const *argv,
               const char *input, brood_result *result)
{
    options.argv = argv;
    return brood_run(loop, &options, input, input == NULL ? 0 : strlen(input), result,
                     test_deadline());
}

/* ---- to the end ------------------------------------------------------------------- */

Test(run, it_gives_the_code_and_both_outputs)
{
    brood_loop *loop = test_loop();
    brood_result result;
    cr_assert_eq(run(loop, (brood_spawn_options){PIPE_OUT, PIPE_ERR},
                     CHILD("out", "o", "err", "e", "exit", "3"), NULL, &result),
                 0);
    cr_expect_eq(result.returncode, 3);
    cr_expect(holds(&result.out, "o"));
    cr_expect(holds(&result.err, "e"));
    cr_expect_not(result.cut);
    brood_result_free(&result);
    cr_expect_null(result.out.data);
    brood_result_free(&result);
    brood_result_free(NULL);
    test_loop_close(loop);
}

Test(run, input_makes_a_pipe_of_an_inherited_stdin)
{
    brood_loop *loop = test_loop();
    brood_result result;
    cr_assert_eq(run(loop, (brood_spawn_options){PIPE_OUT}, CHILD("cat"), "through", &result), 0);
    cr_expect(holds(&result.out, "through"));
    brood_result_free(&result);
    cr_assert_eq(run(loop, (brood_spawn_options){PIPE_OUT}, CHILD("cat", "out", "."), "", &result),
                 0);
    cr_expect(holds(&result.out, "."), "so does an empty one");
    brood_result_free(&result);
    test_loop_close(loop);
}

Test(run, without_input_stdin_is_what_the_options_say)
{
    brood_loop *loop = test_loop();
    brood_result result;
    scratch_begin();
    brood_spawn_options options = {
        .in = {.kind = BROOD_FILE, .path = make_file("input", "from a file", 0600)}, PIPE_OUT};
    cr_assert_eq(run(loop, options, CHILD("show", "0"), NULL, &result), 0);
    cr_expect(holds(&result.out, "from a file"));
    brood_result_free(&result);
    scratch_end();
    test_loop_close(loop);
}

Test(run, what_is_no_pipe_is_not_collected)
{
    brood_loop *loop = test_loop();
    brood_result result;
    brood_spawn_options options = {.out.kind = BROOD_DEVNULL, .err.kind = BROOD_DEVNULL};
    cr_assert_eq(run(loop, options, CHILD("out", "x", "err", "y", "exit", "6"), NULL, &result), 0);
    cr_expect_eq(result.returncode, 6);
    cr_expect_null(result.out.data);
    cr_expect_null(result.err.data);
    test_loop_close(loop);
}

Test(run, it_tells_what_the_child_has_used)
{
    NEEDS_USAGE;
    brood_loop *loop = test_loop();
    brood_result result;
    cr_assert_eq(
        run(loop, (brood_spawn_options){0}, CHILD("touch", "16", "busy", "30"), NULL, &result), 0);
    cr_expect_geq(result.usage.user_seconds, 0.02);
    cr_expect_geq(result.usage.max_rss_bytes, (uint64_t)16 << 20);
    brood_result_free(&result);
    test_loop_close(loop);
}

Test(run, much_in_and_much_out)
{
    enum { MUCH = 2 << 20 };
    brood_loop *loop = test_loop();
    brood_result result;
    char *input = alphabet(MUCH);
    cr_assert_eq(run(loop, (brood_spawn_options){PIPE_OUT}, CHILD("cat"), input, &result), 0);
    cr_expect_eq(result.out.len, MUCH);
    cr_expect(is_alphabet(result.out.data, result.out.len));
    brood_result_free(&result);
    free(input);
    test_loop_close(loop);
}

/* ---- cut short ------------------------------------------------------------------------ */

/* With twice the time, until the child has had enough to speak. */
static void cut_by_deadline(brood_loop *loop, brood_spawn_options options, brood_result *result)
{
    for (double seconds = 0.02; seconds < 60; seconds *= 2) {
        memset(result, 0, sizeof *result);
        cr_assert_eq(brood_run(loop, &options, "input", 5, result, brood_in(seconds)),
                     BROOD_ETIMEDOUT);
        for (brood_time end = test_deadline(); test_has_children() && brood_now() < end;)
            cr_assert_eq(brood_loop_step(loop, brood_in(0.01)), 0); /* a tree takes a round */
        cr_expect_not(test_has_children());
        if (result->out.len > 0 && result->err.len > 0)
            return;
        brood_result_free(result);
    }
    cr_assert_fail("the child has said nothing");
}

Test(run, at_the_deadline_the_child_is_killed_and_what_came_so_far_is_there)
{
    brood_loop *loop = test_loop();
    brood_result result;
    brood_spawn_options options = {
        PIPE_OUT, PIPE_ERR, .argv = CHILD("ignore", "15", "cat", "busy", "1", "err", "e", "pause")};
    cut_by_deadline(loop, options, &result);
    cr_expect_eq(result.returncode, code_killed);
    cr_expect(holds(&result.out, "input"));
    cr_expect(holds(&result.err, "e"));
    cr_expect(result.usage.max_rss_bytes > 0 || !usage_is_told());
    cr_expect_not(result.cut);
    brood_result_free(&result);
    test_loop_close(loop);
}

Test(run, at_the_deadline_a_grandchild_is_not_waited_for)
{
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_result result;
    brood_spawn_options options = {PIPE_OUT, PIPE_ERR, GATE(&gate),
                                   .argv =
                                       CHILD("fork", "eof", gate.name, "--", "err", "e", "pause")};
    cut_by_deadline(loop, options, &result);
    cr_expect_eq(result.returncode, code_killed);
    cr_expect(holds(&result.err, "e"));
    brood_result_free(&result);
    gate_end(&gate);
    test_loop_close(loop);
}

Test(run, a_tree_is_killed_at_the_deadline)
{
    brood_loop *loop = test_loop();
    brood_result result;
    brood_spawn_options options = {PIPE_OUT, PIPE_ERR, .kill_tree = true,
                                   .argv = CHILD("fork", "pause", "--", "err", "e", "pause")};
    cut_by_deadline(loop, options, &result);
    cr_expect_eq(result.returncode, code_killed);
    cr_assert_gt(result.out.len, 0);
    test_wait_gone(atoi(result.out.data));
    brood_result_free(&result);
    test_loop_close(loop);
}

/* A run in a task, whose child says its number through a gate.  A thread hears it, while
 * the loop runs, and posts the call. */
struct tasked {
    brood_loop *loop;
    brood_task *task;
    struct gate gate, told;
    brood_callback *call;
    int64_t child;
    brood_result result;
};

static int run_in_task(void *arg)
{
    struct tasked *tasked = arg;
    brood_spawn_options options = {PIPE_ERR, GATE(&tasked->gate),
                                   .out = {.kind = BROOD_FD, .fd = tasked->told.childs},
                                   .argv = CHILD("err", "so far", "report", "session", "byte",
                                                 tasked->gate.name, "exit", "5")};
    return brood_run(tasked->loop, &options, NULL, 0, &tasked->result, test_deadline());
}

static void *listen_for_child(void *arg)
{
    struct tasked *tasked = arg;
    char text[128];
    gate_hear(&tasked->told, text, sizeof text);
    sscanf(text, "pid %" SCNd64, &tasked->child);
    brood_call_soon_threadsafe(tasked->loop, tasked->call, tasked);
    return NULL;
}

/* What the run gives, which the call cancels. */
static void run_until_told(struct tasked *tasked, brood_callback *call)
{
    *tasked = (struct tasked){
        .loop = test_loop(), .gate = gate_make(), .told = gate_make_back(), .call = call};
    test_thread *thread = test_thread_start(listen_for_child, tasked);
    tasked->task = start_task(tasked->loop, run_in_task, tasked);
    cr_expect_eq(join_task(tasked->task), BROOD_ECANCELED);
    test_thread_join(thread);
    cr_expect(holds(&tasked->result.err, "so far"));
    brood_result_free(&tasked->result);
    gate_end(&tasked->gate);
    gate_end(&tasked->told);
    test_loop_close(tasked->loop);
}

static void cancel_it(void *arg)
{
    const struct tasked *tasked = arg;
    brood_task_cancel(tasked->task);
}

Test(run, a_cancelled_one_kills_the_child_and_keeps_what_came_so_far)
{
    struct tasked tasked;
    run_until_told(&tasked, cancel_it);
    cr_expect_eq(tasked.result.returncode, code_killed);
}

static void end_child_and_cancel(void *arg)
{
    const struct tasked *tasked = arg;
    cr_assert_gt(tasked->child, 0);
    gate_pass(&tasked->gate);
    wait_zombie(tasked->child);
    brood_task_cancel(tasked->task);
}

static void set_timer(void *arg)
{
    struct tasked *tasked = arg;
    cr_assert_eq(brood_call_at(tasked->loop, brood_now(), end_child_and_cancel, tasked, NULL), 0);
}

/* The task goes on before the loop has looked at its children. */
Test(run, one_that_ended_by_itself_right_before_keeps_its_own_code)
{
    struct tasked tasked;
    run_until_told(&tasked, set_timer);
    cr_expect_eq(tasked.result.returncode, 5, "%s", brood_errname((int)tasked.result.returncode));
}

Test(run, a_loop_that_is_stopped_cancels_it)
{
    brood_loop *loop = test_loop();
    brood_result result = {0};
    brood_loop_stop(loop);
    cr_expect_eq(run(loop, (brood_spawn_options){PIPE_OUT}, CHILD("pause"), NULL, &result),
                 BROOD_ECANCELED);
    cr_expect_eq(result.returncode, code_killed);
    cr_expect_not(test_has_children());
    brood_result_free(&result);
    test_loop_close(loop);
}

/* ---- failures --------------------------------------------------------------------------- */

static int run_refused(brood_loop *loop, brood_spawn_options options, const void *input, size_t len)
{
    brood_result result, untouched;
    unsigned born = count_births();
    memset(&untouched, 0x5a, sizeof untouched);
    memcpy(&result, &untouched, sizeof result);
    int error = brood_run(loop, &options, input, len, &result, test_deadline());
    cr_expect_eq(memcmp(&result, &untouched, sizeof result), 0);
    if (options.argv == NULL || strcmp(options.argv[0], test_child()) == 0)
        cr_expect_eq(count_births(), born, "a process was created");
    test_settle(loop);
    cr_expect_not(test_has_children());
    return error;
}

Test(run, after_a_failure_the_result_is_untouched)
{
    brood_loop *loop = test_loop();
    brood_spawn_failure failure = {0};
    brood_spawn_options options = {.argv = ARGV("/nonexistent"), PIPE_OUT, .failure = &failure};
    cr_expect_eq(run_refused(loop, options, "x", 1), BROOD_ENOENT);
    cr_expect_str_eq(failure.step, "exec");
    cr_expect_eq(run_refused(loop, (brood_spawn_options){0}, NULL, 0), BROOD_EINVAL);
    cr_expect_eq(brood_run(loop, NULL, NULL, 0, &(brood_result){0}, BROOD_NOWAIT), BROOD_EINVAL);
    options.argv = CHILD("exit", "0");
    cr_expect_eq(brood_run(loop, &options, NULL, 0, NULL, BROOD_NOWAIT), BROOD_EINVAL);
    test_loop_close(loop);
}

Test(run, sem_74_input_without_a_pipe_is_refused_before_anything_is_started)
{
    brood_loop *loop = test_loop();
    brood_spawn_options options = {.argv = CHILD("exit", "0"), .in.kind = BROOD_DEVNULL};
    cr_expect_eq(run_refused(loop, options, "x", 1), BROOD_EINVAL);
    cr_expect_eq(run_refused(loop, options, NULL, 1), BROOD_EINVAL);
    test_loop_close(loop);
}

struct called {
    brood_loop *loop;
    int result;
    bool over;
};

static void run_in_callback(void *arg)
{
    struct called *called = arg;
    brood_result result;
    brood_spawn_options options = {.argv = CHILD("pause"), ALL_PIPES};
    called->result = brood_run(called->loop, &options, NULL, 0, &result, test_deadline());
    called->over = true;
}

Test(run, in_a_callback_it_cannot_wait)
{
    struct called called = {.loop = test_loop()};
    cr_assert_eq(brood_call_soon(called.loop, run_in_callback, &called, NULL), 0);
    test_run_until(called.loop, &called.over);
    cr_expect_eq(called.result, BROOD_EWAIT);
    brood_time deadline = test_deadline();
    while (test_has_children() && brood_now() < deadline)
        cr_assert_eq(brood_loop_step(called.loop, brood_in(0.01)), 0);
    cr_expect_not(test_has_children());
    test_loop_close(called.loop);
}

/* ---- in tasks --------------------------------------------------------------------------------- */

enum { MANY = 30 };

static brood_result results[MANY];

static int run_one(void *arg)
{
    brood_result *result = arg;
    char number[16];
    snprintf(number, sizeof number, "%d", (int)(result - results));
    return run(NULL, (brood_spawn_options){PIPE_OUT}, CHILD("cat", "exit", number), number, result);
}

Test(run, many_at_once_in_tasks)
{
    brood_loop *loop = test_loop();
    brood_group *group;
    int failed = 1;
    cr_assert_eq(brood_group_open(loop, 8, &group), 0);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(brood_group_start(group, run_one, &results[i]), 0);
    cr_assert_eq(brood_group_join(group, &failed, test_deadline()), 0);
    cr_expect_eq(failed, 0);
    for (int i = 0; i < MANY; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        cr_expect_eq(results[i].returncode, i);
        cr_expect(holds(&results[i].out, number));
        brood_result_free(&results[i]);
    }
    test_loop_close(loop);
}
