/* Waiting in a task and outside of one, and being woken. */
#include "wait.h"

#include "task.h"

void brood__wait_begin(struct brood__wait *wait, brood_loop *loop, brood_time deadline,
                       const char *what)
{
    wait->loop = loop;
    wait->deadline = deadline;
    wait->what = what;
    wait->looked = false;
}

/* ---- in a task ----------------------------------------------------------- */

static void time_out(struct brood__timer *timer)
{
    brood__wake(BROOD__CONTAINER(timer, struct brood__wait, timer), BROOD_ETIMEDOUT);
}

/* This is a posted call, from which a task may go on at once. */
static void stop_looking(struct brood__post *post)
{
    struct brood__wait *wait = BROOD__CONTAINER(post, struct brood__wait, look);
    if (wait->polls == wait->loop->polls) { /* not asked yet */
        brood__loop_post(wait->loop, post);
        return;
    }
    wait->over = true;
    wait->result = BROOD_ETIMEDOUT;
    brood__task_go_on(wait->task);
}

/* A task runs among the posted calls of a round, or right after the event that woke it, when
 * what is posted now may come before the backend has been asked once more: hence `polls`. */
static void set_deadline(struct brood__wait *wait)
{
    wait->timer.place = 0;
    brood__post_init(&wait->look, stop_looking);
    if (wait->deadline == BROOD_FOREVER)
        return;
    wait->looked = wait->deadline <= brood__loop_now(wait->loop);
    wait->polls = wait->loop->polls;
    if (wait->looked) {
        brood__loop_post(wait->loop, &wait->look);
    } else {
        wait->timer.fire = time_out;
        brood__timer_add(&wait->loop->timers, &wait->timer, wait->deadline);
    }
}

static void suspend(struct brood__wait *wait)
{
    if (brood__task_takes_cancel(wait->task)) {
        wait->over = true;
        wait->result = BROOD_ECANCELED;
        return;
    }
    set_deadline(wait);
    brood__task_suspend(wait->task, wait);
}

/* ---- outside ------------------------------------------------------------- */

static void drive(struct brood__wait *wait)
{
    wait->looked = wait->deadline != BROOD_FOREVER && wait->deadline <= brood__loop_now(wait->loop);
    int error = brood__loop_drive(wait->loop, &wait->over, wait->deadline);
    if (!wait->over || error == BROOD_EFORK)
        wait->result = error;
}

/* ---- either -------------------------------------------------------------- */

/* In a task only for what belongs to its loop: another one would hold up the first. */
static bool may_wait(const brood_loop *loop)
{
    const brood_loop *running = brood__loop_running();
    if (loop->current != NULL)
        return running == loop;
    return !loop->running && (running == NULL || running->current == NULL);
}

int brood__wait_check(const brood_loop *loop)
{
    int error = brood__loop_check(loop);
    return error == 0 && !may_wait(loop) ? BROOD_EWAIT : error;
}

int brood__wait_for(struct brood__wait *wait, struct brood__link *waiters)
{
    int error = brood__wait_check(wait->loop);
    if (error < 0)
        return error;
    wait->task = wait->loop->current;
    if (wait->looked)
        return BROOD_ETIMEDOUT;

    wait->over = false;
    wait->result = 0;
    if (wait->task == NULL)
        return brood__wait_outside(wait, waiters);
    brood__list_append(waiters, &wait->link);
    suspend(wait);
    brood__list_remove(&wait->link);
    return wait->result;
}

int brood__wait_outside(struct brood__wait *wait, struct brood__link *waiters)
{
    wait->task = NULL;
    wait->over = false;
    wait->result = 0;
    brood__list_append(waiters, &wait->link);
    drive(wait);
    brood__list_remove(&wait->link);
    return wait->result;
}

void brood__wake(struct brood__wait *wait, int result)
{
    if (wait->over)
        return;
    wait->over = true;
    wait->result = result;
    if (wait->task == NULL)
        return;
    brood__timer_cancel(&wait->loop->timers, &wait->timer);
    brood__loop_withdraw(&wait->look);
    brood__task_resume(wait->task);
}

void brood__wake_all(struct brood__link *waiters, int result)
{
    for (struct brood__link *link = waiters->next; link != waiters; link = link->next)
        brood__wake(BROOD__CONTAINER(link, struct brood__wait, link), result);
}

void brood__wake_for_good(struct brood__link *waiters, int error)
{
    struct brood__link *link;
    while ((link = brood__list_take(waiters)) != NULL) {
        struct brood__wait *wait = BROOD__CONTAINER(link, struct brood__wait, link);
        bool cancelled = wait->over && wait->result == BROOD_ECANCELED;
        brood__wake(wait, error);
        wait->result = error;
        if (cancelled && wait->task != NULL) /* which is still to be told */
            wait->task->cancelled = true;
    }
}
