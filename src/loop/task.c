/* Tasks: starting, suspending and ending them.  A task goes on only from a posted
 * call of its loop, never inside the call that woke it. */
#include "task.h"

#include <assert.h>

#include "memory.h"

/* While its loop is closed each wait of a task fails at once; after so many it is
 * taken for one that never ends. */
enum { LAST_WAITS_MAX = 100 };

static void enter_task(void *arg);
static void go_on(struct brood__post *post);

/* ---- stacks --------------------------------------------------------------- */

static int take_stack(brood_loop *loop, struct brood__stack *stack)
{
    if (loop->spare_stack_count == 0)
        return brood__stack_open(stack, loop->options.task_stack_size);
    *stack = loop->spare_stacks[--loop->spare_stack_count];
    return 0;
}

static void give_stack(brood_task *task)
{
    brood_loop *loop = task->loop;
    if (task->stack.bottom == NULL)
        return;
    brood__context_drop(&task->context);
    if (loop->spare_stack_count < BROOD__SPARE_STACKS)
        loop->spare_stacks[loop->spare_stack_count++] = task->stack;
    else
        brood__stack_close(&task->stack);
    task->stack.bottom = NULL;
}

/* ---- starting and ending --------------------------------------------------- */

int brood__task_start(brood_loop *loop, brood_task_main *main, void *arg, brood_task **made)
{
    brood_task *task = brood__alloc(sizeof *task);
    if (task == NULL)
        return BROOD_ENOMEM;
    int error = take_stack(loop, &task->stack);
    if (error < 0) {
        brood__free(task);
        return error;
    }
    task->loop = loop;
    task->main = main;
    task->arg = arg;
    brood__list_init(&task->joiners);
    brood__list_init(&task->peer);
    brood__list_append(&loop->tasks, &task->link);
    brood__post_init(&task->post, go_on);
    brood__context_make(&task->context, &task->stack, enter_task, task);
    brood__loop_post(loop, &task->post);
    *made = task;
    return 0;
}

int brood_task_start(brood_loop *loop, brood_task_main *main, void *arg, brood_task **task)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (main == NULL)
        return BROOD_EINVAL;
    if (loop->closing)
        return BROOD_ECLOSED;
    brood_task *made;
    error = brood__task_start(loop, main, arg, &made);
    if (error < 0)
        return error;
    made->detached = task == NULL;
    if (task != NULL)
        *task = made;
    return 0;
}

void brood__task_free(brood_task *task)
{
    brood__loop_withdraw(&task->post);
    brood__list_remove(&task->link);
    brood__list_remove(&task->peer);
    give_stack(task);
    brood__free(task);
}

static void end(brood_task *task)
{
    give_stack(task);
    if (task->over != NULL)
        task->over(task);
    else if (task->detached)
        brood__task_free(task);
    else
        brood__wake_all(&task->joiners, 0);
}

/* ---- switching -------------------------------------------------------------- */

static void enter_task(void *arg)
{
    brood_task *task = arg;
    brood__context_arrived(&task->context);
    task->result = task->main(task->arg);
    task->ended = true;
    brood__context_leave(&task->context, task->context.came_from);
}

/* Until it waits, or has ended. */
static void run(brood_task *task)
{
    struct brood__context here = {0};
    task->loop->current = task;
    brood__context_switch(&here, &task->context);
    task->loop->current = NULL;
    if (here.refused)
        brood__task_resume(task);
}

void brood__task_go_on(brood_task *task)
{
    run(task);
    if (task->ended)
        end(task);
}

static void go_on(struct brood__post *post)
{
    brood__task_go_on(BROOD__CONTAINER(post, brood_task, post));
}

bool brood__task_is_posted(const struct brood__post *post)
{
    return post->run == go_on;
}

void brood__task_suspend(brood_task *task, struct brood__wait *wait)
{
    task->waiting = wait;
    brood__context_switch(&task->context, task->context.came_from);
    task->waiting = NULL;
}

void brood__task_resume(brood_task *task)
{
    brood__loop_post(task->loop, &task->post);
}

/* ---- what others do with a task ---------------------------------------------- */

int brood_task_join(brood_task *task, int *result, brood_time deadline)
{
    if (task == NULL || task == task->loop->current || task->detached)
        return BROOD_EINVAL;
    int error = brood__loop_check(task->loop);
    if (error < 0)
        return error;
    if (task->joined)
        return BROOD_EBUSY;

    struct brood__wait wait;
    brood__wait_begin(&wait, task->loop, deadline, "brood_task_join");
    while (!task->ended) {
        task->joined = true;
        error = brood__wait_for(&wait, &task->joiners);
        task->joined = false;
        if (error < 0)
            return error;
    }
    if (result != NULL)
        *result = task->result;
    brood__task_free(task);
    return 0;
}

void brood_task_cancel(brood_task *task)
{
    if (task == NULL || task->ended || brood__loop_check(task->loop) < 0)
        return;
    const struct brood__wait *wait = task->waiting;
    if (wait != NULL && !wait->over)
        brood__wake(task->waiting, BROOD_ECANCELED);
    else if (wait == NULL || wait->result != BROOD_ECANCELED) /* else it is one and the same */
        task->cancelled = true;
}

bool brood__task_takes_cancel(brood_task *task)
{
    bool cancelled = task->cancelled;
    task->cancelled = false;
    return cancelled;
}

void brood_task_detach(brood_task *task)
{
    if (task == NULL || task->joined || brood__loop_check(task->loop) < 0)
        return;
    if (task->ended)
        brood__task_free(task);
    else
        task->detached = true;
}

int brood_sleep(brood_loop *loop, brood_time until)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    struct brood__link nobody;
    struct brood__wait wait;
    brood__list_init(&nobody);
    brood__wait_begin(&wait, loop, until, "brood_sleep");
    error = brood__wait_for(&wait, &nobody);
    return error == BROOD_ETIMEDOUT ? 0 : error;
}

/* ---- the end of the loop ------------------------------------------------------ */

/* Whatever it waits for is answered with a cancellation, until it has ended. */
static void finish(brood_task *task)
{
    for (int i = 0; i < LAST_WAITS_MAX; i++) {
        brood__loop_withdraw(&task->post);
        brood_task_cancel(task);
        brood__loop_withdraw(&task->post);
        run(task);
        if (task->ended) {
            end(task);
            return;
        }
    }
    const struct brood__wait *wait = task->waiting;
    brood__loop_log(task->loop, "closed with the loop: a task that does not end, waiting in %s",
                    wait->what);
}

/* Nothing of it runs any more; what it had on its stack is lost. */
static void drop(brood_task *task)
{
    if (task->waiting != NULL) {
        task->waiting->task = NULL;
        brood__list_remove(&task->waiting->link);
        brood__timer_cancel(&task->loop->timers, &task->waiting->timer);
        brood__loop_withdraw(&task->waiting->look);
    }
    brood__task_free(task);
}

void brood__tasks_finish(brood_loop *loop)
{
    struct brood__link rest, *link;
    brood__list_move(&rest, &loop->tasks);
    while ((link = brood__list_take(&rest)) != NULL) {
        brood_task *task = BROOD__CONTAINER(link, brood_task, link);
        brood__list_append(&loop->tasks, link); /* others may join it yet */
        if (!task->ended)
            finish(task);
    }
}

void brood__tasks_drop(brood_loop *loop)
{
    struct brood__link *link;
    while ((link = brood__list_take(&loop->tasks)) != NULL)
        drop(BROOD__CONTAINER(link, brood_task, link));
    while (loop->spare_stack_count > 0)
        brood__stack_close(&loop->spare_stacks[--loop->spare_stack_count]);
}
