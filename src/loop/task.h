/* Tasks: functions on stacks of their own. */
#ifndef BROOD_TASK_H
#define BROOD_TASK_H

#include "context.h"
#include "loop.h"
#include "wait.h"

struct brood_task {
    struct brood__link link; /* of its loop's tasks                         */
    struct brood__link peer; /* of its group's                              */
    struct brood__post post; /* to go on                                    */
    brood_loop *loop;
    brood_task_main *main;
    void *arg;
    int result;
    bool ended, detached, joined; /* joined: somebody waits for it            */
    bool cancelled;               /* its next wait is to say so                             */

    struct brood__wait *waiting; /* what it waits for                         */
    struct brood__link joiners;
    void (*over)(brood_task *task); /* the group's: it has ended; frees it     */
    void *group;

    struct brood__stack stack;
    struct brood__context context;
};

/* A task that frees itself, or that `over` frees.  ENOMEM. */
int brood__task_start(brood_loop *loop, brood_task_main *main, void *arg, brood_task **task);
void brood__task_free(brood_task *task);

/* For waits.  Whether a cancellation has been waiting for this wait; it is delivered then. */
bool brood__task_takes_cancel(brood_task *task);
void brood__task_suspend(brood_task *task, struct brood__wait *wait);
void brood__task_resume(brood_task *task); /* in the next round */
void brood__task_go_on(brood_task *task);  /* now: from a posted call */

/* Whether this posted call is a task that begins or goes on. */
bool brood__task_is_posted(const struct brood__post *post);

/* The end of a loop: every task is cancelled and run until it has ended, or has waited
 * too often.  Then whatever is left is dropped. */
void brood__tasks_finish(brood_loop *loop);
void brood__tasks_drop(brood_loop *loop);

#endif
