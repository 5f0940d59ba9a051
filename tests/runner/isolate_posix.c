/* Isolation by fork() from a single-threaded runner. The test's process leads
 * a group of its own; the group is only ever killed while its leader is not
 * yet reaped, so its number cannot have passed to somebody else. */
#define _DEFAULT_SOURCE 1 /* glibc, musl: MAP_ANONYMOUS under -std=c11 */
#define _NETBSD_SOURCE  1 /* the same on NetBSD; other systems need nothing */

#include "isolate.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct job {
    const struct cr_test *test;
    struct record *record;
    pid_t pid;
    double started;
    double deadline; /* INFINITY when it has passed */
    bool is_timed_out;
};

static struct job jobs[ISOLATE_LIMIT];
static int job_count;

/* Blocked except within pselect: one wakes it, the others end the runner. */
static const int watched[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
enum { WATCHED = sizeof watched / sizeof watched[0] };
static struct sigaction actions_before[WATCHED];
static sigset_t mask_before;
static sigset_t mask_waiting;
static volatile sig_atomic_t stop_signal;

void isolate_enter(int argc, char **argv, const struct cr_test *tests)
{
    (void)argc;
    (void)argv;
    (void)tests;
}

long isolate_process_id(void)
{
    return (long)getpid();
}

bool isolate_can_jump(void)
{
    return true;
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void on_signal(int number)
{
    if (number != SIGCHLD)
        stop_signal = number;
}

static void watch_signals(void)
{
    static bool is_watching;
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t mask;

    if (is_watching)
        return;
    is_watching = true;
    sigemptyset(&action.sa_mask);
    sigemptyset(&mask);
    for (int i = 0; i < WATCHED; i++)
        sigaddset(&mask, watched[i]);
    sigprocmask(SIG_BLOCK, &mask, &mask_before);
    mask_waiting = mask_before;
    for (int i = 0; i < WATCHED; i++) {
        sigaction(watched[i], NULL, &actions_before[i]);
        /* nohup and background shells ignore signals on purpose */
        if (watched[i] != SIGCHLD && actions_before[i].sa_handler == SIG_IGN)
            continue;
        sigaction(watched[i], &action, NULL);
        sigdelset(&mask_waiting, watched[i]);
    }
}

static void restore_signals(void)
{
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i], &actions_before[i], NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

bool isolate_start(const struct cr_test *test, double timeout_seconds)
{
    struct job *job = &jobs[job_count];
    void *memory =
        mmap(NULL, sizeof *job->record, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        return false;
    }
    watch_signals();
    fflush(NULL); /* or the test's process would write it again */
    *job = (struct job){.test = test, .record = memory};
    job->pid = fork();
    if (job->pid == -1) {
        perror("fork");
        munmap(memory, sizeof *job->record);
        return false;
    }
    if (job->pid == 0) {
        setpgid(0, 0);
        restore_signals();
        body_run(test, job->record);
    }
    setpgid(job->pid, job->pid); /* whichever of the two comes first */
    job->started = now_seconds();
    job->deadline = job->started + timeout_seconds;
    job_count++;
    return true;
}

static bool has_ended(const struct job *job)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == job->pid;
}

/* The leader's zombie still holds the group's number when it is killed. */
static int kill_group_and_reap(const struct job *job)
{
    int status = 0;

    killpg(job->pid, SIGKILL);
    while (waitpid(job->pid, &status, 0) == -1 && errno == EINTR)
        ;
    return status;
}

static void finish(struct job *job, struct outcome *ret_outcome)
{
    struct record *record = job->record;
    int status = kill_group_and_reap(job);

    *ret_outcome = (struct outcome){
        .test = job->test,
        .failures = record->failures,
        .is_skipped = record->is_skipped,
        .is_finished = record->is_finished,
        .is_timed_out = job->is_timed_out && WIFSIGNALED(status),
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        .seconds = now_seconds() - job->started,
    };
    memcpy(ret_outcome->skip_reason, record->skip_reason, sizeof ret_outcome->skip_reason);
    munmap(record, sizeof *record);
    *job = jobs[--job_count];
}

static void stop_runner(void)
{
    while (job_count > 0)
        kill_group_and_reap(&jobs[--job_count]);
    restore_signals();
    raise((int)stop_signal);
    _exit(128 + (int)stop_signal); /* it was blocked when the runner began */
}

/* Kills what is over its time; returns the nearest deadline of the others. */
static double check_deadlines(void)
{
    double now = now_seconds();
    double nearest = INFINITY;

    for (int i = 0; i < job_count; i++) {
        if (jobs[i].deadline <= now) {
            jobs[i].is_timed_out = true;
            jobs[i].deadline = INFINITY;
            killpg(jobs[i].pid, SIGKILL);
        }
        if (jobs[i].deadline < nearest)
            nearest = jobs[i].deadline;
    }
    return nearest;
}

void isolate_wait(struct outcome *ret_outcome)
{
    for (;;) {
        for (int i = 0; i < job_count; i++) {
            if (has_ended(&jobs[i])) {
                finish(&jobs[i], ret_outcome);
                return;
            }
        }
        if (stop_signal != 0)
            stop_runner();
        double left = check_deadlines() - now_seconds();
        /* a bounded nap: the loop looks again anyway */
        left = left < 0 ? 0 : left > 60 ? 60 : left;
        struct timespec nap = {.tv_sec = (time_t)left};
        nap.tv_nsec = (long)((left - (double)nap.tv_sec) * 1e9);
        pselect(0, NULL, NULL, NULL, &nap, &mask_waiting);
    }
}
