/* Who and where the child is: session, group, ids, masks, limits, and what else it
 * is born with. */
#include <sched.h>
#include <sys/resource.h>

#include "gate.h"
#include "helpers.h"

SUITE(spawn_identity);

static const brood_spawn_options plain = {0};

/* ---- session and group ------------------------------------------------------------- */

struct session {
    int pid, sid, group, parent;
};

static struct session session_of(brood_spawn_options options)
{
    struct session seen = {0};
    const char *text = look(options, ARGV("report", "session"));
    cr_assert_eq(sscanf(text, "pid %d sid %d pgid %d ppid %d", &seen.pid, &seen.sid, &seen.group,
                        &seen.parent),
                 4, "%s", text);
    return seen;
}

Test(spawn_identity, a_child_is_in_the_parents_session_and_group)
{
    struct session seen = session_of(plain);
    cr_expect_eq(seen.parent, getpid());
    cr_expect_eq(seen.sid, getsid(0));
    cr_expect_eq(seen.group, getpgrp());
}

Test(spawn_identity, new_session_makes_the_child_its_leader)
{
    struct session seen = session_of((brood_spawn_options){.new_session = true});
    cr_expect_eq(seen.sid, seen.pid);
    cr_expect_eq(seen.group, seen.pid);
    seen = session_of((brood_spawn_options){.new_session = true, .kill_tree = true});
    cr_expect_eq(seen.sid, seen.pid);
}

Test(spawn_identity, a_group_of_its_own)
{
    struct session seen = session_of((brood_spawn_options){.set_process_group = true});
    cr_expect_eq(seen.group, seen.pid);
    cr_expect_eq(seen.sid, getsid(0));
    seen = session_of((brood_spawn_options){.set_process_group = true, .kill_tree = true});
    cr_expect_eq(seen.group, seen.pid);
}

Test(spawn_identity, an_existing_group_is_joined)
{
    brood_loop *loop = test_loop();
    struct kid leader = {0};
    brood_spawn_options options = {.set_process_group = true};
    cr_assert_eq(kid_start(loop, &leader, options, ARGV("pause")), 0);
    options.process_group = (int)brood_subprocess_pid(leader.transport);
    cr_expect_eq(session_of(options).group, options.process_group);
    cr_assert_eq(brood_subprocess_kill(leader.transport), 0);
    cr_assert(kid_finish(loop, &leader));
}

Test(spawn_identity, kill_tree_gives_a_group_of_its_own)
{
    struct session seen = session_of((brood_spawn_options){.kill_tree = true});
    cr_expect_eq(seen.group, seen.pid);
    cr_expect_eq(seen.sid, getsid(0));
}

/* ---- umask, nice, limits ------------------------------------------------------------- */

Test(spawn_identity, the_umask_is_the_childs_alone)
{
    mode_t before = umask(0123);
    cr_expect_str_eq(look(plain, ARGV("report", "umask")), "123\n");
    cr_expect_str_eq(
        look((brood_spawn_options){.set_umask = true, .umask = 027}, ARGV("report", "umask")),
        "027\n");
    cr_expect_str_eq(look((brood_spawn_options){.set_umask = true}, ARGV("report", "umask")),
                     "000\n");
    cr_expect_eq(umask(before), 0123);
}

static int increasing_niceness(void)
{
    NEED(setpriority(PRIO_PROCESS, 0, 4) == 0);
    NEED(strcmp(look(plain, ARGV("report", "nice")), "4\n") == 0);
    NEED(strcmp(look((brood_spawn_options){.nice = 3}, ARGV("report", "nice")), "7\n") == 0);
    NEED(strcmp(look((brood_spawn_options){.nice = 100}, ARGV("report", "nice")), "19\n") == 0);
    NEED(strcmp(look((brood_spawn_options){.nice = 2147483647}, ARGV("report", "nice")), "19\n") ==
         0);
    NEED(getpriority(PRIO_PROCESS, 0) == 4);
    if (geteuid() == 0)
        NEED(strcmp(look((brood_spawn_options){.nice = -9}, ARGV("report", "nice")), "-5\n") == 0);
    return 0;
}

Test(spawn_identity, nice_is_added_to_the_parents)
{
    IN_FORK(increasing_niceness);
}

Test(spawn_identity, limits_are_set_before_the_program_begins)
{
    NOT_UNDER_VALGRIND("Valgrind emulates the limits");
    struct rlimit before, after;
    char resource[2][12];
    const brood_rlimit limits[] = {{.resource = RLIMIT_CORE, .soft = 0, .hard = 4096},
                                   {.resource = RLIMIT_NOFILE, .soft = 33, .hard = 44}};
    brood_spawn_options options = {.rlimits = limits, .rlimit_count = 2};
    snprintf(resource[0], sizeof resource[0], "%d", (int)RLIMIT_CORE);
    snprintf(resource[1], sizeof resource[1], "%d", (int)RLIMIT_NOFILE);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    cr_expect_str_eq(
        look(options, ARGV("report", "limit", resource[0], "report", "limit", resource[1])),
        "0 4096\n33 44\n");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &after), 0);
    cr_expect_eq(after.rlim_cur, before.rlim_cur);
    cr_expect_eq(after.rlim_max, before.rlim_max);
}

Test(spawn_identity, a_limit_can_be_unlimited)
{
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_CPU, &before), 0);
    if (before.rlim_max != RLIM_INFINITY)
        cr_skip_test("the hard limit of the time is not unlimited here");
    const brood_rlimit limit = {.resource = RLIMIT_CPU, .soft = UINT64_MAX, .hard = UINT64_MAX};
    brood_spawn_options options = {.rlimits = &limit, .rlimit_count = 1};
    char resource[12];
    snprintf(resource, sizeof resource, "%d", (int)RLIMIT_CPU);
    cr_expect_str_eq(look(options, ARGV("report", "limit", resource)),
                     "18446744073709551615 18446744073709551615\n");
}

/* ---- ids ------------------------------------------------------------------------------- */

/* Effective and real ones, and all groups. */
#define IDS "id -u; id -ru; id -g; id -rg; id -G"

static void need_root(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can become somebody else");
}

Test(spawn_identity, user_group_and_extra_groups_are_changed)
{
    static const unsigned extra[] = {65533, 4, 33};
    need_root();
    brood_spawn_options options = {.shell = IDS,
                                   .set_user = true,
                                   .user = 65534,
                                   .set_group = true,
                                   .group = 65533,
                                   .set_extra_groups = true,
                                   .extra_groups = extra,
                                   .extra_group_count = 3};
    cr_expect_str_eq(look(options, NULL), "65534\n65534\n65533\n65533\n65533 4 33\n");
    options.extra_group_count = 1;
    cr_expect_str_eq(look(options, NULL), "65534\n65534\n65533\n65533\n65533\n");
    cr_expect_eq(geteuid(), 0);
    cr_expect_eq(getegid(), 0);
}

Test(spawn_identity, each_id_can_be_changed_alone)
{
    need_root();
    const char *seen =
        look((brood_spawn_options){.shell = IDS, .set_user = true, .user = 65534}, NULL);
    cr_expect_eq(strncmp(seen, "65534\n65534\n0\n0\n", 16), 0, "%s", seen);
    seen = look((brood_spawn_options){.shell = IDS, .set_group = true, .group = 65533}, NULL);
    cr_expect_eq(strncmp(seen, "0\n0\n65533\n65533\n", 16), 0, "%s", seen);
}

/* The C library would change every thread of the process; in a child that shares
 * the parent's memory that would be the parent's threads. */
static struct gate there, changed;

static void *tell_user(void *arg)
{
    (void)arg;
    gate_post(&there);
    gate_wait(&changed);
    return (void *)(intptr_t)geteuid();
}

Test(spawn_identity, the_parents_threads_keep_their_ids)
{
    need_root();
    pthread_t thread;
    void *user;
    gate_open(&there);
    gate_open(&changed);
    cr_assert_eq(pthread_create(&thread, NULL, tell_user, NULL), 0);
    gate_wait(&there);
    look((brood_spawn_options){.shell = IDS, .set_user = true, .user = 65534}, NULL);
    gate_post(&changed);
    pthread_join(thread, &user);
    gate_close(&there);
    gate_close(&changed);
    cr_expect_eq((intptr_t)user, 0);
}

/* ---- the death signal --------------------------------------------------------------------- */

static brood_spawn_options dying;
static int told[2], ending;

/* A process that starts a child and ends: by itself, or killed. */
static void start_and_end(void)
{
    brood_loop *loop = open_loop(test_watcher());
    struct kid kid = {0};
    int64_t pid = -1;
    if (kid_start(loop, &kid, dying, ARGV("pause")) == 0)
        pid = brood_subprocess_pid(kid.transport);
    if (write(told[1], &pid, sizeof pid) != sizeof pid || ending == 0)
        _exit(0);
    raise(ending);
}

static int64_t pid_from_middle(void)
{
    int64_t pid = -1;
    int status;
    pid_t middle = fork();
    if (middle == 0) {
        start_and_end();
        _exit(1);
    }
    cr_assert_eq(read(told[0], &pid, sizeof pid), (ssize_t)sizeof pid);
    cr_assert_eq(waitpid(middle, &status, 0), middle);
    return pid;
}

Test(spawn_identity, a_child_dies_with_its_parent_if_wanted)
{
    if (!test_abilities().death_signals)
        cr_skip_test("there are no death signals");
    test_child();
    cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
    dying.death_signal = SIGKILL;
    for (int i = 0; i < 3; i++) {
        ending = i == 0 ? 0 : SIGKILL;
        if (i == 2) { /* changing the user takes the signal back, unless it comes after */
            dying.shell = "exec sleep 1000";
            dying.set_user = geteuid() == 0;
            dying.user = 65534;
        }
        int64_t pid = pid_from_middle();
        cr_assert_gt(pid, 0);
        test_wait_gone(pid);
    }
    close(told[0]);
    close(told[1]);
}

Test(spawn_identity, otherwise_it_lives_on)
{
    test_child();
    cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
    dying = (brood_spawn_options){0};
    ending = SIGKILL;
    int64_t pid = pid_from_middle();
    cr_assert_gt(pid, 0);
    cr_expect(test_process_exists(pid));
    kill((pid_t)pid, SIGKILL);
    test_wait_gone(pid);
    close(told[0]);
    close(told[1]);
}

/* ---- code of the host ------------------------------------------------------------------------ */

static int mark;

static int change_memory(void *arg)
{
    mark = 1;
    *(int *)arg = 2;
    return write(1, "preexec\n", 8) == 8 ? 0 : BROOD_EIO;
}

Test(spawn_identity, preexec_runs_in_the_child_on_a_copy_of_the_memory)
{
    int local = 0;
    brood_spawn_options options = {.preexec = change_memory, .preexec_arg = &local};
    cr_expect_str_eq(look(options, ARGV("out", "program")), "preexec\nprogram");
    cr_expect_eq(mark, 0);
    cr_expect_eq(local, 0);
}

/* It comes last: everything else is in place. */
static int print_cwd(void *arg)
{
    char text[128];
    (void)arg;
    if (getcwd(text, sizeof text) == NULL)
        return BROOD_EIO;
    dprintf(1, "%s %03o %d\n", text, umask(0), getpid() == getsid(0));
    return 0;
}

Test(spawn_identity, preexec_comes_last)
{
    brood_spawn_options options = {
        .preexec = print_cwd, .cwd = "/", .set_umask = true, .umask = 035, .new_session = true};
    cr_expect_str_eq(look(options, ARGV("exit", "0")), "/ 035 1\n");
}

static int leave(void *arg)
{
    (void)arg;
    _exit(9);
}

Test(spawn_identity, a_child_that_ends_in_preexec_has_been_started)
{
    cr_expect_str_eq(look((brood_spawn_options){.preexec = leave}, ARGV("exit", "0")), "[9]");
}
