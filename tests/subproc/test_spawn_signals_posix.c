/* Signals across the birth of a child: what it ignores, what it blocks, and that no
 * handler of the parent runs in it. */
#include <stdatomic.h>

#include "helpers.h"

SUITE(spawn_signals);

static int preexec_succeeds(void *arg)
{
    (void)arg;
    return 0;
}

/* Both ways of being born. */
static const brood_spawn_options ways[] = {{0}, {.preexec = preexec_succeeds}};

static bool contains(const char *list, int signal)
{
    char wanted[16];
    snprintf(wanted, sizeof wanted, " %d", signal);
    const char *at = strstr(list, wanted);
    return at != NULL && (at[strlen(wanted)] == ' ' || at[strlen(wanted)] == '\n');
}

static int ignored_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        brood_spawn_options options = ways[i];
        const char *seen = look(options, ARGV("report", "ignored"));
        NEED(!contains(seen, SIGPIPE) && !contains(seen, SIGXFSZ));
        NEED(contains(seen, SIGUSR1) && contains(seen, SIGHUP) && !contains(seen, SIGUSR2));
        options.keep_signals = true;
        seen = look(options, ARGV("report", "ignored"));
        NEED(contains(seen, SIGPIPE) && contains(seen, SIGXFSZ));
        NEED(contains(seen, SIGUSR1) && contains(seen, SIGHUP));
    }
    struct sigaction now;
    NEED(sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
    return 0;
}

Test(spawn_signals, sem_27_sigpipe_and_sigxfsz_are_restored_and_others_stay_ignored)
{
    IN_FORK(ignored_signals);
}

/* SIGCHLD is ignored after the loop has begun to watch, so that it is ignored when
 * the child is born. */
static bool child_ignores_sigchld(brood_spawn_options options)
{
    brood_loop *loop = open_loop(test_watcher());
    struct kid first = {0}, second = {0};
    options.out.kind = BROOD_PIPE;
    bool fine = kid_start(loop, &first, (brood_spawn_options){0}, ARGV("pause")) == 0;
    signal(SIGCHLD, SIG_IGN);
    fine = fine && kid_start(loop, &second, options, ARGV("report", "ignored")) == 0 &&
           run_until(loop, &second.lost);
    bool result = fine && contains(second.text.data, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    brood_buffer_free(&second.text);
    brood_loop_close(loop);
    return result;
}

static int ignored_sigchld(void)
{
    for (size_t i = 0; i < 2; i++) {
        brood_spawn_options options = ways[i];
        NEED(!child_ignores_sigchld(options));
        options.keep_signals = true;
        NEED(child_ignores_sigchld(options));
    }
    return 0;
}

Test(spawn_signals, sem_27_sigchld_is_restored_too)
{
    IN_FORK(ignored_sigchld);
}

Test(spawn_signals, the_child_has_the_parents_mask_and_the_parent_keeps_it)
{
    NOT_UNDER_EMULATOR("qemu-user gives real-time signals other numbers");
    sigset_t mask, before, after;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, 40);
    pthread_sigmask(SIG_SETMASK, &mask, &before);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_str_eq(look(ways[i], ARGV("report", "mask")), "blocked: 10 15 40\n");
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        cr_expect(same_mask(&mask, &after));
        brood_spawn_options failing = ways[i];
        failing.argv = ARGV("/nonexistent");
        cr_expect_str_eq(refusal(failing), "ENOENT exec /nonexistent");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    cr_expect_str_eq(look(ways[0], ARGV("report", "mask")), "blocked:\n");
}

/* ---- handlers ---------------------------------------------------------------------------- */

static volatile sig_atomic_t in_child;
static pid_t parent;
static int marks[2];

/* Run in the child it would change the parent's memory, or leave a mark. */
static void handler(int signal)
{
    (void)signal;
    if (getpid() != parent) {
        in_child = 1;
        if (write(marks[1], "x", 1) != 1)
            _exit(1);
    }
}

static atomic_bool storm_over;

/* Signals the whole process group for as long as children are being born. */
static void *storm(void *arg)
{
    (void)arg;
    while (!atomic_load(&storm_over)) {
        kill(0, SIGUSR1);
        sched_yield();
    }
    return NULL;
}

static int handlers_in_a_storm(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    pthread_t thread;
    char byte;
    setpgid(0, 0);
    parent = getpid();
    NEED(pipe2(marks, O_CLOEXEC | O_NONBLOCK) == 0);
    NEED(sigaction(SIGUSR1, &action, NULL) == 0);
    NEED(pthread_create(&thread, NULL, storm, NULL) == 0);
    for (int i = 0; i < 200; i++) {
        /* The signal ends the child, or comes too late. */
        const char *seen = look(ways[i % 2], ARGV("exit", "0"));
        NEED(strcmp(seen, "") == 0 || strcmp(seen, "[-10]") == 0);
    }
    atomic_store(&storm_over, true);
    pthread_join(thread, NULL);
    NEED(!in_child && read(marks[0], &byte, 1) < 0);
    return 0;
}

Test(spawn_signals, no_handler_of_the_parent_runs_in_the_child)
{
    IN_FORK(handlers_in_a_storm);
}

static int handled_becomes_default(void)
{
    struct sigaction action = {.sa_handler = handler};
    for (int signal = 1; signal < 32; signal++)
        if (signal != SIGKILL && signal != SIGSTOP && signal != SIGCHLD)
            NEED(sigaction(signal, &action, NULL) == 0);
    for (size_t i = 0; i < 2; i++) {
        NEED(strcmp(look(ways[i], ARGV("report", "ignored")), "ignored:\n") == 0);
        NEED(strcmp(look(ways[i], ARGV("report", "mask")), "blocked:\n") == 0);
    }
    return 0;
}

Test(spawn_signals, sem_27_a_handled_signal_has_its_default_in_the_child)
{
    IN_FORK(handled_becomes_default);
}

/* A signal that is pending for the blocked parent is not the child's. */
static int pending_signal(void)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    raise(SIGTERM);
    for (size_t i = 0; i < 2; i++)
        NEED(strcmp(look(ways[i], ARGV("report", "mask")), "blocked: 15\n") == 0);
    sigset_t pending;
    sigpending(&pending);
    NEED(sigismember(&pending, SIGTERM) == 1);
    return 0;
}

Test(spawn_signals, what_is_pending_stays_pending_in_the_parent)
{
    IN_FORK(pending_signal);
}
