/* Closing processes: while they run, while others wait for them, from a task that has
 * just been woken, and with their loop. */
#include "processes.h"

SUITE(process_close);

static const brood_spawn_options all_pipes = {ALL_PIPES};

/* ---- what runs is killed ------------------------------------------------------------ */

Test(process_close, a_running_child_is_killed_and_reaped)
{
    brood_loop *loop = test_loop();
    for (int rounds = 0; rounds < 3; rounds++) {
        brood_process *process = spawn(loop, all_pipes, CHILD("ignore", "15", "pause"));
        int64_t pid = brood_process_pid(process);
        for (int i = 0; i < rounds; i++) /* also one whose loop has not run yet */
            brood_loop_step(loop, BROOD_NOWAIT);
        brood_process_close(process);
        wait_zombie(pid);
        test_settle(loop);
        test_wait_gone(pid);
        cr_expect_not(test_has_children());
    }
    test_loop_close(loop);
}

Test(process_close, nothing_is_left_once_it_has_been_reaped)
{
    brood_loop *loop = test_loop();
    brood_process_close(spawn(loop, all_pipes, CHILD("exit", "0")));
    test_settle(loop);
    while (test_has_children())
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    test_settle(loop);
    int descriptors = test_count_descriptors();
    size_t allocations = test_live_allocations();
    for (int i = 0; i < 5; i++) {
        brood_process *process = spawn(loop, all_pipes, CHILD("out", "unread", "pause"));
        cr_assert_eq(brood_reader_wait_eof(brood_process_stdout(process), brood_in(0.01)),
                     BROOD_ETIMEDOUT);
        brood_process_close(process);
    }
    while (test_has_children())
        cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    test_settle(loop);
    cr_expect_eq(test_count_descriptors(), descriptors);
    cr_expect_eq(test_live_allocations(), allocations);
    test_loop_close(loop);
}

Test(process_close, a_child_that_has_ended_is_closed_in_any_state)
{
    brood_loop *loop = test_loop();
    for (int state = 0; state < 3; state++) {
        brood_process *process = spawn(loop, all_pipes, CHILD("out", "unread", "exit", "0"));
        wait_zombie(brood_process_pid(process));
        if (state == 1)
            cr_assert_eq(brood_process_wait(process, NULL, test_deadline()), 0);
        if (state == 2)
            cr_assert_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
        brood_process_close(process);
        test_settle(loop);
        cr_expect_not(test_has_children(), "%d", state);
    }
    test_loop_close(loop);
}

/* asyncio's transport goes on to answer after its close; here its end is asked for by
 * kill, and a closed process is gone. */
Test(process_close, sem_33_after_a_kill_wait_gives_the_signal_and_stdout_its_end)
{
    brood_loop *loop = test_loop();
    char byte;
    brood_process *process = spawn(loop, all_pipes, CHILD("pause"));
    cr_expect_eq(brood_process_kill(process), 0);
    cr_expect_eq(code_of(process), code_killed);
    cr_expect_eq(brood_reader_read(brood_process_stdout(process), &byte, 1, test_deadline()), 0);
    cr_expect_eq(brood_reader_read(brood_process_stderr(process), &byte, 1, test_deadline()), 0);
    cr_expect_eq(brood_process_wait_finished(process, NULL, test_deadline()), 0);
    close_all(process, loop);
}

/* ---- while others wait ------------------------------------------------------------------ */

static char much[1 << 20];

static int in_wait(void *process)
{
    return brood_process_wait(process, NULL, test_deadline());
}

static int in_wait_finished(void *process)
{
    return brood_process_wait_finished(process, NULL, test_deadline());
}

static int in_readline(void *process)
{
    brood_slice line;
    return (int)brood_reader_readline(brood_process_stdout(process), &line, test_deadline());
}

static int in_read_all(void *process)
{
    brood_buffer out = {0};
    int result =
        (int)brood_reader_read_all(brood_process_stderr(process), &out, SIZE_MAX, test_deadline());
    brood_buffer_free(&out);
    return result;
}

static int in_readexactly(void *process)
{
    char bytes[10];
    return (int)brood_reader_readexactly(brood_process_stdout(process), bytes, sizeof bytes, NULL,
                                         test_deadline());
}

static int in_wait_eof(void *process)
{
    return brood_reader_wait_eof(brood_process_stdout(process), test_deadline());
}

static int in_drain(void *process)
{
    brood_writer_write(brood_process_stdin(process), much, sizeof much);
    return brood_writer_drain(brood_process_stdin(process), test_deadline());
}

static int in_flush(void *process)
{
    brood_writer_write(brood_process_stdin(process), much, sizeof much);
    return brood_writer_flush(brood_process_stdin(process), test_deadline());
}

static int in_wait_closed(void *process)
{
    return brood_writer_wait_closed(brood_process_stdin(process), test_deadline());
}

static int in_communicate(void *process)
{
    brood_buffer out = {0};
    int result = brood_process_communicate(process, much, sizeof much, &out, NULL, test_deadline());
    cr_expect_null(out.data);
    return result;
}

static int in_recv(void *process)
{
    char byte;
    return (int)brood_process_recv(process, &byte, 1, test_deadline());
}

static int in_asyncread(void *process)
{
    brood_buffer out = {0};
    return (int)brood_process_asyncread(process, 2, &out, 60);
}

static int in_asyncwrite(void *process)
{
    while (brood_process_send(process, much, sizeof much, BROOD_NOWAIT) > 0)
        ;
    return (int)brood_process_asyncwrite(process, much, sizeof much, test_deadline());
}

static int in_file_read(void *process)
{
    char byte;
    brood_file *file;
    cr_expect_eq(brood_file_open(process, 60, &file), 0);
    int result = (int)brood_file_read(file, &byte, 1);
    cr_expect_eq(brood_file_close(file), BROOD_ECLOSED);
    return result;
}

static int in_file_write(void *process)
{
    brood_file *file;
    cr_expect_eq(brood_file_open(process, 60, &file), 0);
    cr_expect_eq(brood_file_write(file, much, sizeof much), 0, "accepted, to go out later");
    return brood_file_close(file);
}

static const struct {
    const char *name;
    brood_task_main *wait;
} waits[] = {
    {"wait", in_wait},
    {"wait_finished", in_wait_finished},
    {"readline", in_readline},
    {"read_all", in_read_all},
    {"readexactly", in_readexactly},
    {"wait_eof", in_wait_eof},
    {"drain", in_drain},
    {"flush", in_flush},
    {"wait_closed", in_wait_closed},
    {"communicate", in_communicate},
    {"recv", in_recv},
    {"asyncread", in_asyncread},
    {"asyncwrite", in_asyncwrite},
    {"file_read", in_file_read},
    {"file_write", in_file_write},
};
enum { WAITS = sizeof waits / sizeof waits[0] };

Test(process_close, whoever_waits_is_told)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < WAITS; i++) {
        brood_process *process = spawn(loop, all_pipes, CHILD("pause"));
        brood_task *task = start_task(loop, waits[i].wait, process);
        test_settle(loop);
        brood_process_close(process);
        int result = join_task(task);
        cr_expect_eq(result, BROOD_ECLOSED, "%s: %s", waits[i].name, brood_errname(result));
    }
    test_loop_close(loop);
}

Test(process_close, whoever_waits_for_a_detached_one_is_told)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < WAITS; i++) {
        struct gate gate = gate_make();
        brood_process *process =
            spawn(loop, (brood_spawn_options){ALL_PIPES, GATE(&gate)}, CHILD("eof", gate.name));
        int64_t pid = brood_process_pid(process);
        brood_task *task = start_task(loop, waits[i].wait, process);
        test_settle(loop);
        brood_process_detach(process);
        int result = join_task(task);
        cr_expect_eq(result, BROOD_ECLOSED, "%s: %s", waits[i].name, brood_errname(result));
        gate_end(&gate);
        while (test_process_exists(pid))
            cr_assert_eq(brood_loop_step(loop, test_deadline()), 0);
    }
    test_loop_close(loop);
}

/* ---- between the waking and the going on ------------------------------------------------------ */

struct pair {
    brood_process *process;
    int first, second;
};

static int close_when_woken(void *arg)
{
    struct pair *pair = arg;
    pair->first = brood_process_wait(pair->process, NULL, test_deadline());
    brood_process_close(pair->process);
    return 0;
}

static int wait_second(void *arg)
{
    struct pair *pair = arg;
    pair->second = brood_process_wait(pair->process, NULL, test_deadline());
    return 0;
}

static int read_second(void *arg)
{
    struct pair *pair = arg;
    pair->second = in_readline(pair->process);
    return 0;
}

static int flush_second(void *arg)
{
    struct pair *pair = arg;
    pair->second = brood_writer_wait_closed(brood_process_stdin(pair->process), test_deadline());
    return 0;
}

/* The exit wakes both; the first to go on closes the process under the second. */
Test(process_close, one_that_was_woken_already_is_told_too)
{
    brood_task_main *const seconds[] = {wait_second, read_second, flush_second};
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++) {
        struct pair pair = {.process = spawn(loop, all_pipes, CHILD("pause"))};
        brood_task *first = start_task(loop, close_when_woken, &pair);
        brood_task *second = start_task(loop, seconds[i], &pair);
        brood_loop_step(loop, BROOD_NOWAIT); /* both wait */
        cr_assert_eq(brood_process_kill(pair.process), 0);
        wait_zombie(brood_process_pid(pair.process));
        cr_expect_eq(join_task(first), 0);
        cr_expect_eq(join_task(second), 0);
        cr_expect_eq(pair.first, 0);
        if (i == 0)
            cr_expect_eq(pair.second, BROOD_ECLOSED, "%s", brood_errname(pair.second));
        else /* the end of the pipe may have come in a round before */
            cr_expect(pair.second == BROOD_ECLOSED || pair.second == 0, "%s",
                      brood_errname(pair.second));
    }
    test_loop_close(loop);
}

/* ---- with the loop ---------------------------------------------------------------------------- */

static char report[256];

static void take_report(void *arg, const char *message)
{
    (void)arg;
    snprintf(report, sizeof report, "%s", message);
}

Test(process_close, a_loop_that_is_closed_ends_its_processes_and_reports_them)
{
    brood_loop *loop;
    brood_loop_options options = {
        .child_watcher = test_watcher(), .debug = true, .log = take_report};
    int64_t pids[3];
    cr_assert_eq(brood_loop_open(&loop, &options), 0);
    for (int i = 0; i < 3; i++)
        pids[i] = brood_process_pid(spawn(loop, all_pipes, CHILD("out", "unread", "pause")));
    test_settle(loop);
    cr_assert_eq(brood_loop_close(loop), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_not(test_process_exists(pids[i]));
    cr_expect_not(test_has_children());
    cr_expect_str_eq(report, "closed with the loop: a subprocess");
}

struct ending {
    brood_process *process;
    int result;
};

static int wait_to_the_end(void *arg)
{
    struct ending *ending = arg;
    ending->result = brood_process_wait(ending->process, NULL, test_deadline());
    return 0;
}

Test(process_close, those_who_wait_when_the_loop_is_closed_are_cancelled)
{
    brood_loop *loop = test_loop();
    struct ending ending = {.process = spawn(loop, all_pipes, CHILD("pause"))};
    cr_assert_eq(brood_task_start(loop, wait_to_the_end, &ending, NULL), 0);
    for (int i = 0; i < WAITS; i++) {
        if (waits[i].wait == in_file_read)
            continue; /* expects another end */
        brood_process *process = spawn(loop, all_pipes, CHILD("pause"));
        cr_assert_eq(brood_task_start(loop, waits[i].wait, process, NULL), 0);
    }
    test_settle(loop);
    test_loop_close(loop);
    cr_expect_eq(ending.result, BROOD_ECANCELED);
    cr_expect_not(test_has_children());
}

Test(process_close, one_that_was_closed_just_before_the_loop_is_no_leftover)
{
    brood_loop *loop = test_loop();
    for (int i = 0; i < 3; i++)
        brood_process_close(spawn(loop, all_pipes, CHILD(i == 0 ? "pause" : "exit", "0")));
    test_loop_close(loop);
    cr_expect_not(test_has_children());
}
