/* Processes, and what happens while somebody waits for them: cancellations, closings,
 * deadlines, and answers that are there already. */
#include "processes.h"

SUITE(process_meanwhile);

enum { MUCH = 8 << 20, BESIDE = 60000 };

/* ---- cancelled and closed in one round ------------------------------------------------ */

struct waiter {
    brood_process *process;
    int first, second;
};

static int read_and_go_on(void *arg)
{
    struct waiter *waiter = arg;
    brood_slice line;
    waiter->first =
        (int)brood_reader_readline(brood_process_stdout(waiter->process), &line, test_deadline());
    waiter->second = brood_sleep(NULL, BROOD_NOWAIT);
    return 0;
}

static int await_and_go_on(void *arg)
{
    struct waiter *waiter = arg;
    waiter->first = brood_process_wait(waiter->process, NULL, test_deadline());
    waiter->second = brood_sleep(NULL, BROOD_NOWAIT);
    return 0;
}

static int communicate_and_go_on(void *arg)
{
    struct waiter *waiter = arg;
    waiter->first =
        brood_process_communicate(waiter->process, NULL, 0, NULL, NULL, test_deadline());
    waiter->second = brood_sleep(NULL, BROOD_NOWAIT);
    return 0;
}

Test(process_meanwhile, a_cancellation_is_not_lost_when_the_process_is_closed)
{
    static brood_task_main *const waits[] = {read_and_go_on, await_and_go_on,
                                             communicate_and_go_on};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++) {
        struct waiter waiter = {.process =
                                    spawn(loop, (brood_spawn_options){PIPE_OUT}, CHILD("pause"))};
        brood_task *task = start_task(loop, waits[i], &waiter);
        test_settle(loop);
        brood_task_cancel(task);
        brood_process_close(waiter.process);
        join_task(task);
        cr_expect_eq(waiter.first, BROOD_ECLOSED, "%d: %s", i, brood_errname(waiter.first));
        cr_expect_eq(waiter.second, BROOD_ECANCELED, "%d: %s", i, brood_errname(waiter.second));
    }
    test_loop_close(loop);
}

/* ---- communicate ------------------------------------------------------------------------ */

Test(process_meanwhile, a_lent_line_can_be_communicated)
{
    static const char said[] = "hello, who is there?\n";
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    brood_process *process =
        spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT, GATE(&gate)},
              CHILD("out", said, "byte", gate.name, "fill", "1", "60000", "cat"));
    brood_reader *reader = brood_process_stdout(process);
    brood_slice line;
    brood_buffer out = {0};
    cr_assert_eq(brood_reader_readline(reader, &line, test_deadline()), 21);
    gate_pass(&gate);
    for (brood_time end = test_deadline(); brood_reader_buffered(reader) < BESIDE;) {
        cr_assert_lt(brood_now(), end);
        cr_assert_eq(brood_loop_step(loop, end), 0);
    }
    cr_expect_eq(
        brood_process_communicate(process, line.data, line.len, &out, NULL, test_deadline()), 0);
    cr_assert_eq(out.len, BESIDE + 21);
    cr_expect(is_alphabet(out.data, BESIDE));
    cr_expect_str_eq(out.data + BESIDE, said);
    brood_buffer_free(&out);
    gate_end(&gate);
    close_all(process, loop);
}

static int read_too_much(void *process)
{
    char bytes[100];
    return (int)brood_reader_readexactly(brood_process_stdout(process), bytes, sizeof bytes, NULL,
                                         test_deadline());
}

Test(process_meanwhile, communicate_goes_on_without_a_reader_that_was_closed_in_a_read)
{
    brood_loop *loop = test_loop();
    brood_buffer out = {0}, err = {0};
    brood_process *process =
        spawn(loop, (brood_spawn_options){ALL_PIPES}, CHILD("cat", "err", "heard"));
    brood_task *task = start_task(loop, read_too_much, process);
    test_settle(loop);
    brood_reader_close(brood_process_stdout(process));
    cr_expect_eq(join_task(task), BROOD_ECLOSED);
    int error = brood_process_communicate(process, "", 0, &out, &err, test_deadline());
    cr_expect_eq(error, 0, "%s", brood_errname(error));
    cr_expect(holds(&out, ""));
    cr_expect(holds(&err, "heard"));
    brood_buffer_free(&err);
    close_all(process, loop);
}

/* ---- run ---------------------------------------------------------------------------------- */

struct refused {
    brood_loop *loop;
    brood_result result;
    bool called, left_a_child;
    int error;
};

static void run_in_callback(void *arg)
{
    struct refused *refused = arg;
    brood_spawn_options options = {.argv = CHILD("pause")};
    refused->error = brood_run(refused->loop, &options, NULL, 0, &refused->result, BROOD_FOREVER);
    refused->left_a_child = test_has_children();
    refused->called = true;
}

Test(process_meanwhile, run_is_refused_in_a_callback_before_it_starts_anything)
{
    brood_loop *loop = test_loop();
    for (int named = 0; named < 2; named++) {
        struct refused refused = {.loop = named ? loop : NULL, .result.returncode = 77};
        cr_assert_eq(brood_call_soon(loop, run_in_callback, &refused, NULL), 0);
        test_run_until(loop, &refused.called);
        cr_expect_eq(refused.error, BROOD_EWAIT);
        cr_expect_not(refused.left_a_child);
        cr_expect_eq(refused.result.returncode, 77, "untouched");
    }
    test_loop_close(loop);
}

struct running {
    brood_result result;
    brood_task *task;
    int run, next, after;
};

static int run_too_long(void *arg)
{
    struct running *running = arg;
    brood_spawn_options options = {PIPE_OUT, .argv = CHILD("pause")};
    running->run = brood_run(NULL, &options, NULL, 0, &running->result, BROOD_NOWAIT);
    running->next = brood_sleep(NULL, BROOD_NOWAIT);
    running->after = brood_sleep(NULL, BROOD_NOWAIT);
    return 0;
}

/* It goes on right behind the one that kills, in the same round: no end was seen yet. */
static int cancel_at_the_deadline(void *arg)
{
    const struct running *running = arg;
    brood_sleep(NULL, BROOD_NOWAIT);
    brood_task_cancel(running->task);
    return 0;
}

Test(process_meanwhile, a_cancellation_while_run_kills_is_told_to_the_next_wait)
{
    brood_loop *loop = test_loop();
    struct running running = {.run = 99};
    running.task = start_task(loop, run_too_long, &running);
    brood_task *canceller = start_task(loop, cancel_at_the_deadline, &running);
    join_task(canceller);
    join_task(running.task);
    cr_expect_eq(running.run, BROOD_ETIMEDOUT, "%s", brood_errname(running.run));
    cr_expect_eq(running.next, BROOD_ECANCELED, "%s", brood_errname(running.next));
    cr_expect_eq(running.after, 0, "once");
    brood_result_free(&running.result);
    test_loop_close(loop);
}

Test(process_meanwhile, run_says_of_a_child_that_was_not_seen_to_end_that_time_was_up)
{
    brood_loop *loop = test_loop();
    struct running running = {.run = 99};
    running.task = start_task(loop, run_too_long, &running);
    brood_task *canceller = start_task(loop, cancel_at_the_deadline, &running);
    join_task(canceller);
    join_task(running.task);
    cr_expect_eq(running.result.returncode, BROOD_ETIMEDOUT);
    brood_result_free(&running.result);
    test_loop_close(loop);
}

/* ---- large inputs -------------------------------------------------------------------------- */

static size_t largest; /* of what the library has asked for */

static void *bounded(void *memory, size_t size)
{
    largest = size > largest ? size : largest;
    return size > MUCH / 2 ? NULL : realloc(memory, size);
}

Test(process_meanwhile, run_does_not_copy_what_is_left_of_its_input_at_the_deadline)
{
    cr_assert_eq(brood_set_allocator(bounded, free), 0);
    brood_loop *loop = test_loop();
    char *input = alphabet(MUCH);
    brood_result result;
    brood_spawn_options options = {PIPE_OUT, .argv = CHILD("pause")};
    int error = brood_run(loop, &options, input, MUCH, &result, BROOD_NOWAIT);
    cr_assert_eq(error, BROOD_ETIMEDOUT, "%s", brood_errname(error));
    cr_expect_eq(result.returncode, code_killed);
    cr_expect_lt(largest, MUCH / 8);
    brood_result_free(&result);
    free(input);
    test_loop_close(loop);
}

struct feeding {
    brood_process *process;
    const char *input;
};

static int feed_much(void *arg)
{
    struct feeding *feeding = arg;
    return brood_process_communicate(feeding->process, feeding->input, MUCH, NULL, NULL,
                                     test_deadline());
}

Test(process_meanwhile, close_does_not_copy_the_input_of_a_child_that_it_kills)
{
    cr_assert_eq(brood_set_allocator(bounded, free), 0);
    brood_loop *loop = test_loop();
    char *input = alphabet(MUCH);
    struct feeding feeding = {spawn(loop, (brood_spawn_options){PIPE_IN}, CHILD("pause")), input};
    brood_task *task = start_task(loop, feed_much, &feeding);
    test_settle(loop);
    brood_process_close(feeding.process);
    cr_expect_eq(join_task(task), BROOD_ECLOSED);
    cr_expect_lt(largest, MUCH / 8);
    free(input);
    test_loop_close(loop);
}

/* ---- answers that are there already --------------------------------------------------------- */

static int end_at_once(void *arg)
{
    return arg == NULL ? 0 : 1;
}

struct listener {
    brood_process *process;
    brood_future *future;
    ptrdiff_t got;
};

static int read_line(void *arg)
{
    struct listener *listener = arg;
    brood_slice line;
    listener->got =
        brood_reader_readline(brood_process_stdout(listener->process), &line, test_deadline());
    return 0;
}

Test(process_meanwhile, waits_that_are_answered_at_once_do_not_starve_a_childs_output)
{
    enum { JOINS_MAX = 1000 };
    brood_loop *loop = test_loop();
    struct gate gate = gate_make();
    struct listener listener = {.process = spawn(loop, (brood_spawn_options){PIPE_OUT, GATE(&gate)},
                                                 CHILD("byte", gate.name, "out", "x\n"))};
    brood_task *reading = start_task(loop, read_line, &listener);
    int joins = 0;
    test_settle(loop);
    gate_pass(&gate);
    wait_zombie(brood_process_pid(listener.process)); /* what it said is in the pipe */
    for (; listener.got == 0 && joins < JOINS_MAX; joins++)
        cr_assert_eq(join_task(start_task(loop, end_at_once, NULL)), 0);
    cr_expect_eq(listener.got, 2, "after %d joins", joins);
    join_task(reading);
    gate_end(&gate);
    close_all(listener.process, loop);
}

static int look_once(void *arg)
{
    struct listener *listener = arg;
    char bytes[10];
    listener->got = brood_reader_read(brood_process_stdout(listener->process), bytes, sizeof bytes,
                                      BROOD_NOWAIT);
    return 0;
}

static int set_it(void *arg)
{
    const struct listener *listener = arg;
    return brood_future_set(listener->future, 0, NULL);
}

Test(process_meanwhile, a_look_in_a_task_asks_the_system_though_the_round_is_answered)
{
    brood_loop *loop = test_loop();
    struct listener listener = {
        .process = spawn(loop, (brood_spawn_options){PIPE_OUT}, CHILD("out", "x"))};
    cr_assert_eq(brood_future_open(loop, &listener.future), 0);
    wait_zombie(brood_process_pid(listener.process));
    brood_task *looking = start_task(loop, look_once, &listener);
    brood_task *setting = start_task(loop, set_it, &listener);
    cr_expect_eq(brood_future_wait(listener.future, NULL, test_deadline()), 0);
    join_task(looking);
    join_task(setting);
    cr_expect_eq(listener.got, 1, "%s", brood_errname((int)listener.got));
    brood_future_close(listener.future);
    close_all(listener.process, loop);
}

/* ---- grace ------------------------------------------------------------------------------------ */

Test(process_meanwhile, the_shortest_grace_is_not_for_ever)
{
    static const double graces[] = {1e-10, 1e-9, 5e-324};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++) {
        struct gate gate = gate_make();
        brood_process *process = spawn(
            loop, (brood_spawn_options){PIPE_OUT, GATE(&gate), .pipe_grace_seconds = graces[i]},
            CHILD("fork", "eof", gate.name, "--", "exit", "5"));
        brood_returncode code = -1000;
        cr_expect_eq(brood_process_wait_finished(process, &code, test_deadline()), 0);
        cr_expect_eq(code, 5);
        cr_expect(brood_process_was_cut(process));
        gate_end(&gate);
        brood_process_close(process);
    }
    test_loop_close(loop);
}
