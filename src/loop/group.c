/* Groups: tasks that are started, cancelled and waited for together. */
#include "memory.h"
#include "task.h"
#include "wait.h"

struct brood_group {
    struct brood__owned owned;
    brood_loop *loop;
    size_t width, running;
    int result; /* the first negative one; BROOD_ECANCELED after a cancel */
    bool joined;
    struct brood__link tasks;   /* those that run, by `peer`           */
    struct brood__link waiters; /* for room, and for the end of them all */
};

static void destroy(struct brood__owned *owned)
{
    brood_group *group = BROOD__CONTAINER(owned, brood_group, owned);
    brood__list_init(&group->tasks); /* they have gone before */
    brood__wake_for_good(&group->waiters, BROOD_ECLOSED);
    brood__free(group);
}

int brood_group_open(brood_loop *loop, size_t width, brood_group **group)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (group == NULL)
        return BROOD_EINVAL;
    brood_group *made = brood__alloc(sizeof *made);
    if (made == NULL)
        return BROOD_ENOMEM;
    made->loop = loop;
    made->width = width;
    brood__list_init(&made->tasks);
    brood__list_init(&made->waiters);
    made->owned.kind = "group";
    made->owned.destroy = destroy;
    brood__loop_own(loop, &made->owned);
    *group = made;
    return 0;
}

static void cancel_all(brood_group *group)
{
    for (struct brood__link *link = group->tasks.next; link != &group->tasks; link = link->next)
        brood_task_cancel(BROOD__CONTAINER(link, brood_task, peer));
}

/* A task of the group has ended. */
static void member_over(brood_task *task)
{
    brood_group *group = task->group;
    int result = task->result;
    brood__task_free(task);
    group->running--;
    if (result < 0 && group->result == 0) {
        group->result = result;
        cancel_all(group);
    }
    brood__wake_all(&group->waiters, 0);
}

int brood_group_start(brood_group *group, brood_task_main *main, void *arg)
{
    if (group == NULL || main == NULL)
        return BROOD_EINVAL;
    struct brood__wait wait;
    brood__wait_begin(&wait, group->loop, BROOD_FOREVER, "brood_group_start");
    int error = brood__loop_check(group->loop);
    while (error == 0 && group->result == 0 && group->width > 0 && group->running >= group->width)
        error = brood__wait_for(&wait, &group->waiters);
    if (error < 0)
        return error;
    if (group->result < 0)
        return group->result;
    if (group->loop->closing)
        return BROOD_ECLOSED;

    brood_task *task;
    error = brood__task_start(group->loop, main, arg, &task);
    if (error < 0)
        return error;
    task->over = member_over;
    task->group = group;
    brood__list_append(&group->tasks, &task->peer);
    group->running++;
    return 0;
}

int brood_group_join(brood_group *group, int *result, brood_time deadline)
{
    if (group == NULL)
        return BROOD_EINVAL;
    int error = brood__loop_check(group->loop);
    if (error < 0)
        return error;
    const brood_task *current = group->loop->current;
    if (current != NULL && current->over == member_over && current->group == group)
        return BROOD_EINVAL; /* it would wait for itself */
    if (group->joined)
        return BROOD_EBUSY;

    struct brood__wait wait;
    brood__wait_begin(&wait, group->loop, deadline, "brood_group_join");
    while (group->running > 0) {
        group->joined = true;
        error = brood__wait_for(&wait, &group->waiters);
        group->joined = false;
        if (error < 0)
            return error;
    }
    if (result != NULL)
        *result = group->result;
    brood__loop_disown(&group->owned);
    brood__wake_for_good(&group->waiters, BROOD_ECLOSED); /* who waited for room */
    brood__free(group);
    return 0;
}

void brood_group_cancel(brood_group *group)
{
    if (group == NULL || brood__loop_check(group->loop) < 0)
        return;
    if (group->result == 0)
        group->result = BROOD_ECANCELED;
    cancel_all(group);
    brood__wake_all(&group->waiters, 0);
}
