/* Loops with tasks in several threads at once, and results that come to tasks from
 * other threads. */
#include "fake_host.h"
#include "support.h"

SUITE(task_threads);

enum { THREADS = 4, TASKS = 50, ROUNDS = 20 };

/* No assertions outside the test's own thread: what went wrong is counted. */
struct worker {
    test_thread *thread;
    brood_loop *loop; /* NULL: the thread's own */
    int number, errors;
    long sum;
};

static int add_and_yield(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < ROUNDS; i++) {
        worker->sum += worker->number;
        if (brood_sleep(NULL, BROOD_NOWAIT) != 0)
            worker->errors++;
    }
    return worker->number;
}

static void run_tasks(struct worker *worker)
{
    brood_task *tasks[TASKS];
    for (int i = 0; i < TASKS; i++)
        worker->errors += brood_task_start(worker->loop, add_and_yield, worker, &tasks[i]) != 0;
    for (int i = 0; i < TASKS && worker->errors == 0; i++) {
        int result = 99;
        worker->errors += brood_task_join(tasks[i], &result, test_deadline()) != 0;
        worker->errors += result != worker->number;
    }
}

static void *work_on_own_loop(void *arg)
{
    struct worker *worker = arg;
    brood_loop_options options = {.child_watcher = test_watcher()};
    if (brood_loop_open(&worker->loop, &options) < 0)
        worker->errors++;
    else
        run_tasks(worker);
    brood_loop_close(worker->loop);
    return NULL;
}

static void *work_on_default_loop(void *arg)
{
    run_tasks(arg);
    return NULL;
}

static void run_threads(struct worker *workers, void *(*body)(void *))
{
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i + 1;
        workers[i].thread = test_thread_start(body, &workers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        test_thread_join(workers[i].thread);
    for (int i = 0; i < THREADS; i++) {
        cr_expect_eq(workers[i].errors, 0);
        cr_expect_eq(workers[i].sum, (long)(i + 1) * TASKS * ROUNDS);
    }
}

Test(task_threads, each_thread_runs_the_tasks_of_its_loop)
{
    struct worker workers[THREADS] = {{.loop = NULL}};
    run_threads(workers, work_on_own_loop);
}

Test(task_threads, each_thread_runs_the_tasks_of_its_default_loop)
{
    struct worker workers[THREADS] = {{.loop = NULL}};
    run_threads(workers, work_on_default_loop);
}

/* A loop with tasks stays where it was run first; before that it may move. */
static void *work_on_given_loop(void *arg)
{
    run_tasks(arg);
    return NULL;
}

Test(task_threads, a_loop_may_be_made_here_and_run_there)
{
    struct worker workers[THREADS] = {{.loop = NULL}};
    for (int i = 0; i < THREADS; i++)
        workers[i].loop = test_loop();
    run_threads(workers, work_on_given_loop);
    for (int i = 0; i < THREADS; i++)
        test_loop_close(workers[i].loop);
}

/* ---- results from other threads ---------------------------------------------------------- */

struct result {
    brood_loop *loop;
    brood_future *future;
    int status;
};

enum { RESULTS = 200 };

static struct result results[THREADS][RESULTS];

static void set_result(void *arg)
{
    struct result *result = arg;
    brood_future_set(result->future, result->status, result);
}

static void *send_results(void *arg)
{
    struct result *mine = arg;
    for (int i = 0; i < RESULTS; i++)
        if (brood_call_soon_threadsafe(mine[i].loop, set_result, &mine[i]) != 0)
            return arg;
    return NULL;
}

static int add_results(void *arg)
{
    struct result *mine = arg;
    int sum = 0;
    for (int i = 0; i < RESULTS; i++) {
        void *value = NULL;
        int status = brood_future_wait(mine[i].future, &value, test_deadline());
        if (status < 0 || value != &mine[i])
            return -1;
        sum += status;
    }
    return sum;
}

static void open_results(brood_loop *loop)
{
    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < RESULTS; j++) {
            results[i][j] = (struct result){.loop = loop, .status = i + j};
            cr_assert_eq(brood_future_open(loop, &results[i][j].future), 0);
        }
}

static void close_results(void)
{
    for (int i = 0; i < THREADS; i++)
        for (int j = 0; j < RESULTS; j++)
            brood_future_close(results[i][j].future);
}

Test(task_threads, results_come_from_other_threads)
{
    brood_loop *loop = test_loop();
    brood_task *tasks[THREADS];
    test_thread *threads[THREADS];
    open_results(loop);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(brood_task_start(loop, add_results, results[i], &tasks[i]), 0);
    for (int i = 0; i < THREADS; i++)
        threads[i] = test_thread_start(send_results, results[i]);
    for (int i = 0; i < THREADS; i++) {
        int sum = -1;
        cr_assert_eq(brood_task_join(tasks[i], &sum, test_deadline()), 0);
        cr_expect_eq(sum, i * RESULTS + RESULTS * (RESULTS - 1) / 2);
    }
    for (int i = 0; i < THREADS; i++)
        cr_expect_null(test_thread_join(threads[i]));
    close_results();
    test_loop_close(loop);
}

Test(task_threads, a_wait_outside_is_ended_from_another_thread)
{
    brood_loop *loop = test_loop();
    open_results(loop);
    test_thread *thread = test_thread_start(send_results, results[3]);
    cr_expect_eq(add_results(results[3]), 3 * RESULTS + RESULTS * (RESULTS - 1) / 2);
    test_thread_join(thread);
    close_results();
    test_loop_close(loop);
}

/* ---- back and forth ---------------------------------------------------------------------- */

/* Two loops in two threads pass a number to each other, a task on each side. */
struct player {
    struct player *other;
    brood_loop *loop;
    brood_future *turn;
    int count, errors;
};

static void take_turn(void *arg)
{
    struct player *player = arg;
    player->errors += brood_future_set(player->turn, 0, NULL) != 0;
}

static int play(void *arg)
{
    struct player *player = arg;
    for (; player->count < ROUNDS; player->count++) {
        if (brood_future_wait(player->turn, NULL, test_deadline()) != 0)
            return -1;
        brood_future_close(player->turn);
        player->errors += brood_future_open(NULL, &player->turn) != 0;
        player->errors += brood_call_soon_threadsafe(player->other->loop, take_turn, player->other);
    }
    return 0;
}

static void *play_in_thread(void *arg)
{
    struct player *player = arg;
    brood_task *task;
    int result = 99;
    if (brood_task_start(player->loop, play, player, &task) != 0 ||
        brood_task_join(task, &result, test_deadline()) != 0 || result != 0)
        player->errors++;
    return NULL;
}

Test(task_threads, tasks_in_two_threads_wake_each_other)
{
    struct player players[2] = {{.other = &players[1]}, {.other = &players[0]}};
    for (int i = 0; i < 2; i++) {
        players[i].loop = test_loop();
        cr_assert_eq(brood_future_open(players[i].loop, &players[i].turn), 0);
    }
    cr_assert_eq(brood_call_soon_threadsafe(players[0].loop, take_turn, &players[0]), 0);
    test_thread *thread = test_thread_start(play_in_thread, &players[1]);
    play_in_thread(&players[0]);
    test_thread_join(thread);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(players[i].count, ROUNDS);
        cr_expect_eq(players[i].errors, 0);
        brood_future_close(players[i].turn);
        test_loop_close(players[i].loop);
    }
}
