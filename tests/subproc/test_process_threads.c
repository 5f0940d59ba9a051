/* Children of several threads: each with a loop of its own, or one loop that the
 * others feed.  What asyncio asks for - a loop that runs in the main thread, a watcher
 * that is attached to it - is not needed here. */
#include <stdatomic.h>

#include "helpers.h"

SUITE(process_threads);

enum { THREADS = 4, RUNS = 6 };

/* Everything of the thread's own: 0, or the line that went wrong. */
struct worker {
    test_thread *thread;
    int number;
    int wrong;
};

/* A run whose answer nobody else gets. */
static int run_one(int number, int round)
{
    char text[32], code[16];
    snprintf(text, sizeof text, "thread %d round %d", number, round);
    snprintf(code, sizeof code, "%d", number * 10 + round);
    brood_spawn_options options = {.argv = ARGV(test_child(), "cat", "exit", code),
                                   .out.kind = BROOD_PIPE};
    brood_result result;
    NEED(brood_run(NULL, &options, text, strlen(text), &result, test_deadline()) == 0);
    NEED(result.returncode == number * 10 + round);
    NEED(result.out.len == strlen(text) && strcmp(result.out.data, text) == 0);
    brood_result_free(&result);
    return 0;
}

static void each_thread(struct worker workers[THREADS], void *(*main)(void *))
{
    test_child(); /* finds out its path */
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.number = i};
        workers[i].thread = test_thread_start(main, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(workers[i].thread);
        cr_expect_eq(workers[i].wrong, 0, "thread %d: line %d", i, workers[i].wrong);
    }
}

/* ---- each its own loop ---------------------------------------------------------------- */

static void *run_in_thread(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < RUNS && worker->wrong == 0; i++)
        worker->wrong = run_one(worker->number, i);
    return NULL;
}

Test(process_threads, runs_in_four_threads_each_on_its_own_loop)
{
    struct worker workers[THREADS];
    each_thread(workers, run_in_thread);
}

struct job {
    int number, round, wrong;
};

static int run_job(void *arg)
{
    struct job *job = arg;
    job->wrong = run_one(job->number, job->round);
    return 0;
}

static int run_jobs(int number)
{
    struct job jobs[RUNS];
    brood_group *group;
    int result = 1;
    NEED(brood_group_open(NULL, 0, &group) == 0);
    for (int i = 0; i < RUNS; i++) {
        jobs[i] = (struct job){.number = number, .round = i, .wrong = -1};
        NEED(brood_group_start(group, run_job, &jobs[i]) == 0);
    }
    NEED(brood_group_join(group, &result, test_deadline()) == 0 && result == 0);
    for (int i = 0; i < RUNS; i++)
        if (jobs[i].wrong != 0)
            return jobs[i].wrong;
    return 0;
}

static void *group_in_thread(void *arg)
{
    struct worker *worker = arg;
    worker->wrong = run_jobs(worker->number);
    return NULL;
}

Test(process_threads, tasks_in_four_threads)
{
    struct worker workers[THREADS];
    each_thread(workers, group_in_thread);
}

/* Children that run when their threads end. */
static void *leave_child(void *arg)
{
    struct worker *worker = arg;
    brood_process *process;
    brood_spawn_options options = {.argv = ARGV(test_child(), "pause"), .in.kind = BROOD_PIPE};
    worker->wrong = brood_spawn(NULL, &options, &process) == 0 ? 0 : __LINE__;
    return NULL;
}

Test(process_threads, what_a_thread_leaves_ends_with_it)
{
    struct worker workers[THREADS];
    each_thread(workers, leave_child);
    cr_expect_not(test_has_children());
}

/* ---- while the main thread runs nothing, or something else ------------------------------- */

static int converse(brood_process *process)
{
    brood_slice line;
    for (int i = 0; i < 20; i++) {
        char text[32];
        int length = snprintf(text, sizeof text, "line %d\n", i);
        NEED(brood_writer_write(brood_process_stdin(process), text, (size_t)length) == 0);
        NEED(brood_reader_readline(brood_process_stdout(process), &line, test_deadline()) ==
             length);
        NEED(memcmp(line.data, text, (size_t)length) == 0);
    }
    brood_writer_close(brood_process_stdin(process));
    NEED(brood_process_wait_finished(process, NULL, test_deadline()) == 0);
    return 0;
}

static int converse_in_own_loop(void)
{
    brood_loop *loop = open_loop(test_watcher());
    brood_process *process;
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    NEED(loop != NULL && brood_spawn(loop, &options, &process) == 0);
    int wrong = converse(process);
    brood_process_close(process);
    NEED(brood_loop_close(loop) == 0);
    return wrong;
}

static void *converse_in_thread(void *arg)
{
    struct worker *worker = arg;
    worker->wrong = converse_in_own_loop();
    return NULL;
}

Test(process_threads, threads_need_no_loop_in_the_main_one)
{
    struct worker workers[THREADS];
    each_thread(workers, converse_in_thread);
}

/* ---- from hand to hand ------------------------------------------------------------------------ */

struct handed {
    brood_loop *loop;
    brood_process *process;
    int wrong;
};

static int start_handed(struct handed *handed)
{
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat"), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE};
    handed->loop = open_loop(test_watcher());
    NEED(handed->loop != NULL);
    NEED(brood_spawn(handed->loop, &options, &handed->process) == 0);
    NEED(brood_loop_step(handed->loop, BROOD_NOWAIT) == 0);
    return 0;
}

static void *start_in_thread(void *arg)
{
    struct handed *handed = arg;
    handed->wrong = start_handed(handed);
    return NULL;
}

static void *finish_in_thread(void *arg)
{
    struct handed *handed = arg;
    handed->wrong = converse(handed->process);
    return NULL;
}

/* Started in one thread that is gone, used in another, closed in a third. */
Test(process_threads, a_loop_and_its_children_may_change_hands)
{
    struct handed handed = {.wrong = -1};
    test_child();
    test_thread_join(test_thread_start(start_in_thread, &handed));
    cr_assert_eq(handed.wrong, 0, "line %d", handed.wrong);
    test_thread_join(test_thread_start(finish_in_thread, &handed));
    cr_expect_eq(handed.wrong, 0, "line %d", handed.wrong);
    brood_process_close(handed.process);
    test_loop_close(handed.loop);
}

/* ---- one loop, fed by many ---------------------------------------------------------------------- */

struct shared {
    brood_loop *loop;
    struct job jobs[THREADS * RUNS];
    int over; /* the loop's thread's */
    bool all;
};
static struct shared shared;

static int run_shared(void *arg)
{
    run_job(arg);
    shared.all = ++shared.over == THREADS * RUNS;
    return 0;
}

static void start_shared(void *arg)
{
    struct job *job = arg;
    if (brood_task_start(NULL, run_shared, job, NULL) < 0)
        job->wrong = __LINE__;
}

static void *feed(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < RUNS; i++) {
        struct job *job = &shared.jobs[worker->number * RUNS + i];
        *job = (struct job){.number = worker->number, .round = i, .wrong = -1};
        if (brood_call_soon_threadsafe(shared.loop, start_shared, job) < 0)
            worker->wrong = __LINE__;
    }
    return NULL;
}

Test(process_threads, one_loop_runs_what_other_threads_post)
{
    struct worker workers[THREADS];
    test_child();
    shared = (struct shared){.loop = test_loop()};
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.number = i};
        workers[i].thread = test_thread_start(feed, &workers[i]);
    }
    test_run_until(shared.loop, &shared.all);
    for (int i = 0; i < THREADS; i++) {
        test_thread_join(workers[i].thread);
        cr_expect_eq(workers[i].wrong, 0);
    }
    for (int i = 0; i < THREADS * RUNS; i++)
        cr_expect_eq(shared.jobs[i].wrong, 0, "job %d: line %d", i, shared.jobs[i].wrong);
    test_loop_close(shared.loop);
}
