/* The event loop: opening, running and closing one.  `round_of` is the heart. */
#include "loop.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "future.h"
#include "memory.h"
#include "task.h"

/* How many rounds in a row may do without asking the system. */
enum { UNPOLLED_MAX = 16 };

/* How many tasks go on after one event, before the next event has its turn. */
enum { WOKEN_MAX = 16 };

/* ---- one round ---------------------------------------------------------- */

/* These two tell whether they have called anything. */
static bool run_timers(brood_loop *loop);
static bool run_posts(brood_loop *loop);
static void run_finished(brood_loop *loop, struct brood__op_list *ripe);
static void run_signals(brood_loop *loop);
static void run_closings(brood_loop *loop);
static brood_time timeout_of(const brood_loop *loop, brood_time deadline);

/* Every callback may turn out to have forked: the child that it returns into does
 * nothing more here, and gets BROOD_EFORK. */
static int round_of(brood_loop *loop, brood_time deadline)
{
    struct brood__op_list ripe;
    brood__op_list_init(&ripe);
    loop->round++;

    bool ran = run_timers(loop);
    if (brood__posted_pending(loop))
        brood__posted_collect(loop);
    ran = run_posts(loop) || ran;
    if (ran && loop->stepping)
        deadline = BROOD_NOWAIT;
    int error = brood__loop_check(loop);
    if (error < 0)
        return error;

    /* An answer that is there already needs no look at the system, now and then. */
    bool answered = loop->awaited != NULL && *loop->awaited;
    if (!answered || ++loop->unpolled >= UNPOLLED_MAX) {
        brood_time timeout = answered ? 0 : timeout_of(loop, deadline);
        loop->unpolled = 0;
        loop->polls++;
        error = loop->backend->table->wait(loop->backend, timeout, &ripe);
        run_finished(loop, &ripe);
        run_signals(loop);
    }
    run_closings(loop);
    return brood__loop_check(loop) < 0 ? BROOD_EFORK : error;
}

/* Debug: complains when what began at `began` took long. */
static BROOD__COLD void report_duration(const brood_loop *loop, brood_time began, const char *what)
{
    double limit = loop->options.slow_callback_seconds;
    double took = (double)(brood_now() - began) / 1e9;
    if (took >= (limit > 0 ? limit : 0.1))
        brood__loop_log(loop, "slow callback: %s took %.3f s", what, took);
}

static void check_duration(const brood_loop *loop, brood_time began, const char *what)
{
    if (loop->options.debug)
        report_duration(loop, began, what);
}

static brood_time stopwatch(const brood_loop *loop)
{
    return loop->options.debug ? brood_now() : 0;
}

static bool run_timers(brood_loop *loop)
{
    bool ran = false;
    if (loop->timers.count == 0) /* a look at the clock is not free */
        return false;
    brood__timers_expire(&loop->timers, brood__loop_now(loop));
    struct brood__timer *timer;
    while (brood__loop_check(loop) == 0 && (timer = brood__timers_take(&loop->timers)) != NULL) {
        brood_time began = stopwatch(loop);
        timer->fire(timer);
        check_duration(loop, began, "a timer");
        ran = true;
    }
    return ran;
}

static void run_post(brood_loop *loop, struct brood__link *link)
{
    struct brood__post *post = BROOD__CONTAINER(link, struct brood__post, link);
    brood_time began = stopwatch(loop);
    post->run(post);
    check_duration(loop, began, "a posted call");
}

/* Those that are in the list now; what they post waits for the next round. */
static bool run_posts(brood_loop *loop)
{
    bool ran = false;
    struct brood__link *link;
    if (brood__list_empty(&loop->posts))
        return false;
    brood__list_move(&loop->batch, &loop->posts);
    while (brood__loop_check(loop) == 0 && (link = brood__list_take(&loop->batch)) != NULL) {
        run_post(loop, link);
        ran = true;
    }
    return ran;
}

/* When the loop itself has something to do. */
static brood_time next_of(const brood_loop *loop)
{
    if (!brood__list_empty(&loop->posts) || !brood__list_empty(&loop->closings) ||
        brood__posted_pending(loop) || atomic_load(&loop->signalled))
        return BROOD_NOWAIT;
    return loop->timers.count == 0 ? BROOD_FOREVER : brood__timers_next(&loop->timers);
}

static brood_time timeout_of(const brood_loop *loop, brood_time deadline)
{
    brood_time next = next_of(loop);
    if (next > deadline)
        next = deadline;
    if (loop->stopping || next == BROOD_NOWAIT)
        return 0;
    if (next == BROOD_FOREVER)
        return BROOD_FOREVER;
    brood_time now = brood__loop_now(loop);
    return next > now ? next - now : 0;
}

static void prepare(struct brood__op *op, struct brood__span *span)
{
    int error =
        op->state == BROOD__RIPE && op->type->prepare != NULL ? op->type->prepare(op, span) : 0;
    if (error < 0) {
        op->state = BROOD__SETTLED;
        op->result = error;
    }
}

/* The tasks that an event has woken go on right after it: its bytes are in the cache, and
 * their memory can be the next event's.  All posted calls stay in their order: tasks are
 * taken as long as they come first.  They may wake each other: hence a few at most. */
static void run_woken(brood_loop *loop)
{
    for (int i = 0; i < WOKEN_MAX && !brood__list_empty(&loop->posts); i++) {
        struct brood__link *first = loop->posts.next;
        if (!brood__task_is_posted(BROOD__CONTAINER(first, struct brood__post, link)) ||
            brood__loop_check(loop) < 0)
            return;
        brood__list_remove(first);
        run_post(loop, first);
    }
}

static void run_finished(brood_loop *loop, struct brood__op_list *ripe)
{
    struct brood__op *op;
    while (brood__loop_check(loop) == 0 && (op = brood__op_list_take(ripe)) != NULL) {
        struct brood__span span = {0};
        prepare(op, &span);
        if (!loop->backend->table->finish(loop->backend, op, &span))
            continue;
        brood_time began = stopwatch(loop);
        op->type->done(op, span.data);
        check_duration(loop, began, "an event of a pipe or child");
        run_woken(loop);
    }
}

/* They only free memory. */
static void run_closings(brood_loop *loop)
{
    struct brood__link *link;
    while ((link = brood__list_take(&loop->closings)) != NULL) {
        struct brood__post *post = BROOD__CONTAINER(link, struct brood__post, link);
        post->run(post);
    }
}

static void run_signals(brood_loop *loop)
{
    if (brood__loop_check(loop) < 0 || !atomic_load(&loop->signalled))
        return;
    brood_time began = stopwatch(loop);
    brood__signals_dispatch(loop);
    check_duration(loop, began, "the handlers of signals");
}

/* ---- running ------------------------------------------------------------ */

static const void *this_thread(void)
{
    static _Thread_local char here;
    return &here;
}

static _Thread_local brood_loop *running_here;

/* In a forked child that of the parent does not count. */
brood_loop *brood__loop_running(void)
{
    return brood__loop_check(running_here) == 0 ? running_here : NULL;
}

/* Every way of running begins and ends here. */
static int enter(brood_loop *loop)
{
    int error = brood__loop_check(loop);
    if (error < 0)
        return error;
    if (loop->running)
        return BROOD_EBUSY;
    loop->running = true;
    loop->runner = this_thread();
    loop->outer = running_here;
    running_here = loop;
    return 0;
}

static int leave(brood_loop *loop, int result)
{
    loop->running = false;
    loop->awaited = NULL;
    running_here = loop->outer;
    return result;
}

/* Rounds until *over: 0.  BROOD_ETIMEDOUT after one step, or the round that has looked after
 * the deadline; BROOD_ECANCELED: stopped.  The only place that a round is called from, and
 * so a part of: see BROOD__INLINE. */
static int run_rounds(brood_loop *loop, const bool *over, brood_time deadline)
{
    bool last = false;
    loop->awaited = over;
    while (over == NULL || !*over) {
        if (last)
            return BROOD_ETIMEDOUT;
        last = loop->stepping || (deadline != BROOD_FOREVER && brood__loop_now(loop) >= deadline);
        int error = round_of(loop, deadline);
        bool stopped = loop->stopping;
        loop->stopping = false;
        if (error < 0)
            return error;
        if (stopped && (over == NULL || !*over))
            return BROOD_ECANCELED;
    }
    return 0;
}

int brood_loop_run(brood_loop *loop)
{
    int error = brood__loop_resolve(&loop);
    if (error == 0)
        error = enter(loop);
    if (error < 0)
        return error;
    error = run_rounds(loop, NULL, BROOD_FOREVER);
    return leave(loop, error == BROOD_ECANCELED ? 0 : error);
}

int brood__loop_drive(brood_loop *loop, const bool *over, brood_time deadline)
{
    int error = enter(loop);
    return error < 0 ? error : leave(loop, run_rounds(loop, over, deadline));
}

int brood_loop_run_until(brood_loop *loop, brood_future *future, brood_time deadline)
{
    if (future == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (future->loop == NULL && !future->done)
        return BROOD_ECLOSED;
    struct brood__wait wait;
    brood__wait_begin(&wait, loop, deadline, "brood_loop_run_until");
    while (!future->done) {
        error = brood__wait_outside(&wait, &future->waiters);
        if (error < 0) /* the future may be gone */
            return error;
    }
    return loop->running ? BROOD_EBUSY : brood_future_result(future, NULL);
}

int brood_loop_step(brood_loop *loop, brood_time deadline)
{
    int error = brood__loop_resolve(&loop);
    if (error == 0)
        error = enter(loop);
    if (error < 0)
        return error;
    loop->stepping = true;
    error = run_rounds(loop, NULL, deadline);
    loop->stepping = false;
    return leave(loop, error == BROOD_ETIMEDOUT || error == BROOD_ECANCELED ? 0 : error);
}

void brood_loop_stop(brood_loop *loop)
{
    if (loop == NULL)
        loop = running_here; /* not made only to be stopped */
    if (loop != NULL)
        loop->stopping = true;
}

intptr_t brood_loop_fd(brood_loop *loop)
{
    if (loop == NULL && brood__loop_resolve(&loop) < 0)
        return -1;
    return loop->backend->table->descriptor(loop->backend);
}

brood_time brood_loop_next(brood_loop *loop)
{
    if (loop == NULL && brood__loop_resolve(&loop) < 0)
        return BROOD_FOREVER;
    return loop->backend->table->pending(loop->backend) ? BROOD_NOWAIT : next_of(loop);
}

/* ---- opening and closing ------------------------------------------------ */

int brood_loop_open(brood_loop **loop, const brood_loop_options *options)
{
    if (loop == NULL)
        return BROOD_EINVAL;
    struct brood__backend *backend;
    int error = brood__fork_watch();
    if (error < 0)
        return error;
    error = brood__backend_open(&backend);
    if (error < 0)
        return error;
    struct brood__reserve reserve = {0};
    error = brood__reserve_open(&reserve, (int)backend->table->descriptor(backend));
    if (error == 0)
        error = brood__loop_open_with(loop, options, backend);
    if (error < 0) {
        brood__reserve_close(&reserve);
        backend->table->close(backend);
        return error;
    }
    (*loop)->reserve = reserve;
    return 0;
}

int brood__loop_open_with(brood_loop **loop, const brood_loop_options *options,
                          struct brood__backend *backend)
{
    static const brood_loop_options defaults = {0};
    if (options == NULL)
        options = &defaults;
    if ((options->child_watcher != BROOD_WATCH_SIGCHLD &&
         options->child_watcher != BROOD_WATCH_PROCFD) ||
        !(options->slow_callback_seconds >= 0) ||
        (options->task_stack_size > 0 && options->task_stack_size < BROOD_TASK_STACK_MIN))
        return BROOD_EINVAL;

    if (options->child_watcher == BROOD_WATCH_PROCFD) {
        int error = brood__procfd_check();
        if (error < 0)
            return error;
    }

    brood_loop *made = brood__alloc(sizeof *made);
    if (made == NULL)
        return BROOD_ENOMEM;
    made->backend = backend;
    made->options = *options;
    if (options->task_stack_size == 0)
        made->options.task_stack_size = BROOD_TASK_STACK_SIZE;
    made->forks = brood__forks;
    brood__timers_init(&made->timers, backend->table->now(backend));
    struct brood__link *lists[] = {&made->posts,   &made->batch,   &made->closings, &made->owned,
                                   &made->signals, &made->foreign, &made->tasks};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        brood__list_init(lists[i]);
    *loop = made;
    return 0;
}

int brood_loop_close(brood_loop *loop)
{
    if (loop == NULL)
        return 0;
    /* In a forked child, whoever ran it may be a thread that is not here. */
    if (loop->running && (brood__loop_check(loop) == 0 || loop->runner == this_thread()))
        return BROOD_EBUSY;
    if (enter(loop) == 0) {
        loop->closing = true;
        brood__tasks_finish(loop);
        leave(loop, 0);
    }
    brood__tasks_drop(loop);
    run_closings(loop);

    /* The latest first: the child watcher is older than its children. */
    struct brood__link *link;
    while ((link = brood__list_take_last(&loop->owned)) != NULL) {
        struct brood__owned *owned = BROOD__CONTAINER(link, struct brood__owned, link);
        if (owned->kind != NULL)
            brood__loop_log(loop, "closed with the loop: a %s", owned->kind);
        owned->destroy(owned);
    }
    brood__signals_close(loop);
    brood__foreign_close(loop);
    brood__posted_discard(loop);
    brood__reserve_close(&loop->reserve);
    loop->backend->table->close(loop->backend);
    if (loop->owner != NULL)
        *loop->owner = NULL;
    brood__free(loop->spare_block);
    brood__free(loop);
    return 0;
}

int brood__loop_resolve(brood_loop **loop)
{
    if (*loop == NULL)
        *loop = running_here;
    return *loop == NULL ? brood_loop_default(loop) : brood__loop_check(*loop);
}

/* ---- for the layers above ----------------------------------------------- */

void brood__post_init(struct brood__post *post, void (*run)(struct brood__post *post))
{
    brood__list_init(&post->link);
    post->run = run;
}

static void post_to(struct brood__link *list, struct brood__post *post)
{
    if (brood__list_empty(&post->link))
        brood__list_append(list, &post->link);
}

void brood__loop_post(brood_loop *loop, struct brood__post *post)
{
    post_to(&loop->posts, post);
}

void brood__loop_post_closing(brood_loop *loop, struct brood__post *post)
{
    post_to(&loop->closings, post);
}

void brood__loop_withdraw(struct brood__post *post)
{
    brood__list_remove(&post->link);
}

void brood__loop_own(brood_loop *loop, struct brood__owned *owned)
{
    brood__list_append(&loop->owned, &owned->link);
}

void brood__loop_disown(struct brood__owned *owned)
{
    brood__list_remove(&owned->link);
}

void brood__loop_log(const brood_loop *loop, const char *format, ...)
{
    if (!loop->options.debug || loop->options.log == NULL)
        return;
    char message[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    loop->options.log(loop->options.log_arg, message);
}
