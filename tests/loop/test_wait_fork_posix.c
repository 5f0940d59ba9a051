/* Tasks and waits in a forked child: everything refuses, closing frees the copy, and
 * the parent's tasks notice nothing. */
#include <sys/wait.h>
#include <unistd.h>

#include "fake_host_posix.h"
#include "sanitizers.h"
#include "support.h"

SUITE(wait_fork);

struct objects {
    brood_loop *loop;
    brood_future *future;
    brood_task *waiting, *ended;
    brood_group *group, *empty;
};

static int wait_for(void *future)
{
    return brood_future_wait(future, NULL, test_deadline());
}

static int give_six(void *arg)
{
    return arg == NULL ? 6 : 0;
}

static void open_objects(struct objects *objects)
{
    brood_loop *loop = objects->loop = test_loop();
    cr_assert_eq(brood_future_open(loop, &objects->future), 0);
    cr_assert_eq(brood_task_start(loop, wait_for, objects->future, &objects->waiting), 0);
    cr_assert_eq(brood_task_start(loop, give_six, NULL, &objects->ended), 0);
    cr_assert_eq(brood_group_open(loop, 1, &objects->group), 0);
    cr_assert_eq(brood_group_open(loop, 1, &objects->empty), 0);
    cr_assert_eq(brood_group_start(objects->group, wait_for, objects->future), 0);
    test_settle(loop);
}

static void expect_alive(struct objects *objects)
{
    int result = 99;
    cr_assert_eq(brood_future_set(objects->future, 5, NULL), 0);
    cr_assert_eq(brood_task_join(objects->waiting, &result, test_deadline()), 0);
    cr_expect_eq(result, 5);
    cr_assert_eq(brood_task_join(objects->ended, &result, test_deadline()), 0);
    cr_expect_eq(result, 6);
    cr_assert_eq(brood_group_join(objects->group, &result, test_deadline()), 0);
    cr_expect_eq(result, 0);
    cr_assert_eq(brood_group_join(objects->empty, &result, BROOD_NOWAIT), 0);
    brood_future_close(objects->future);
    test_loop_close(objects->loop);
}

static int refuse(void *arg)
{
    struct objects *objects = arg;
    int result = 99;
    void *value = &result;
    brood_task *task = NULL;
    brood_group *group = NULL;
    CHILD_CHECK(brood_task_start(objects->loop, wait_for, NULL, &task) == BROOD_EFORK);
    CHILD_CHECK(brood_task_start(objects->loop, wait_for, NULL, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_group_open(objects->loop, 1, &group) == BROOD_EFORK);
    CHILD_CHECK(task == NULL && group == NULL);
    CHILD_CHECK(brood_sleep(objects->loop, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_sleep(objects->loop, BROOD_NOWAIT) == BROOD_EFORK);
    CHILD_CHECK(brood_future_wait(objects->future, &value, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_task_join(objects->waiting, &result, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_task_join(objects->ended, &result, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_group_join(objects->group, &result, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_group_join(objects->empty, &result, BROOD_FOREVER) == BROOD_EFORK);
    CHILD_CHECK(brood_group_start(objects->group, wait_for, NULL) == BROOD_EFORK);
    CHILD_CHECK(brood_group_start(objects->empty, wait_for, NULL) == BROOD_EFORK);
    CHILD_CHECK(result == 99 && value == &result);
    brood_task_cancel(objects->waiting);
    brood_task_detach(objects->waiting);
    brood_task_detach(objects->ended);
    brood_group_cancel(objects->group);
    return 0;
}

static int refuse_and_close(void *arg)
{
    struct objects *objects = arg;
    int line = refuse(objects);
    if (line != 0)
        return line;
    CHILD_CHECK(brood_loop_close(objects->loop) == 0);
    brood_future_close(objects->future);
    CHILD_CHECK(test_live_allocations() == 0);
    return 0;
}

Test(wait_fork, sem_90_every_wait_refuses_and_the_parents_tasks_go_on)
{
    struct objects objects;
    open_objects(&objects);
    cr_expect_eq(host_fork(refuse_and_close, &objects), 0, "see the line in this file");
    expect_alive(&objects);
}

/* ---- born in a task ------------------------------------------------------------------ */

struct birth {
    struct objects objects;
    brood_future *over; /* set in the parent alone */
    pid_t child;        /* 0 in the child          */
    int error;
};

static int fork_and_wait(void *arg)
{
    struct birth *birth = arg;
    birth->child = fork();
    if (birth->child == 0) {
        alarm(60);
        birth->error = refuse(&birth->objects);
        if (birth->error == 0 && brood_loop_close(birth->objects.loop) != BROOD_EBUSY)
            birth->error = __LINE__;
    }
    int error = brood_sleep(birth->objects.loop, BROOD_NOWAIT);
    if (error != (birth->child == 0 ? BROOD_EFORK : 0))
        birth->error = __LINE__;
    if (birth->child != 0)
        brood_future_set(birth->over, 0, NULL);
    return 0;
}

static int leave_child(struct birth *birth, int error)
{
    if (birth->error != 0)
        return 1;
    if (error != BROOD_EFORK)
        return 2;
    if (brood_loop_close(birth->objects.loop) != 0)
        return 3;
    brood_future_close(birth->objects.future);
    brood_future_close(birth->over);
    return test_live_allocations() == 0 ? 0 : 4;
}

static brood_task *open_birth(struct birth *birth)
{
    brood_task *task;
    if (UNDER_TSAN)
        cr_skip_test(
            "ThreadSanitizer takes every other stack for a thread that the fork has ended");
    open_objects(&birth->objects);
    cr_assert_eq(brood_future_open(birth->objects.loop, &birth->over), 0);
    cr_assert_eq(brood_task_start(birth->objects.loop, fork_and_wait, birth, &task), 0);
    return task;
}

static void expect_left(struct birth *birth, int error)
{
    int status;
    if (birth->child == 0)
        _exit(leave_child(birth, error));
    cr_assert_eq(error, 0);
    cr_assert_gt(birth->child, 0);
    cr_assert_eq(birth->error, 0, "line %d", birth->error);
    cr_assert_eq(waitpid(birth->child, &status, 0), birth->child);
    cr_assert(WIFEXITED(status));
    cr_expect_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
    brood_future_close(birth->over);
    expect_alive(&birth->objects);
}

Test(wait_fork, a_child_born_in_a_task_leaves_the_loop)
{
    struct birth birth = {.child = -1};
    brood_task_detach(open_birth(&birth));
    expect_left(&birth, brood_future_wait(birth.over, NULL, test_deadline()));
}

Test(wait_fork, a_child_born_in_a_task_cannot_join_it)
{
    struct birth birth = {.child = -1};
    brood_task *task = open_birth(&birth);
    expect_left(&birth, brood_task_join(task, NULL, test_deadline()));
}

static int have_own_tasks(void *arg)
{
    struct objects *parents = arg;
    brood_loop *own;
    brood_task *task;
    int result = 99;
    brood_loop_options options = {.child_watcher = test_watcher()};
    CHILD_CHECK(brood_loop_open(&own, &options) == 0);
    CHILD_CHECK(brood_task_start(own, give_six, NULL, &task) == 0);
    CHILD_CHECK(brood_task_join(task, &result, test_deadline()) == 0);
    CHILD_CHECK(result == 6);
    CHILD_CHECK(brood_loop_close(own) == 0);
    CHILD_CHECK(brood_sleep(parents->loop, BROOD_NOWAIT) == BROOD_EFORK);
    return 0;
}

Test(wait_fork, a_forked_child_may_have_tasks_of_its_own)
{
    struct objects objects;
    open_objects(&objects);
    cr_expect_eq(host_fork(have_own_tasks, &objects), 0, "see the line in this file");
    expect_alive(&objects);
}
