/* Samples with signals, forks and threads. */
#define _DEFAULT_SOURCE 1 /* fork, kill and sleep under -std=c11 */
#define _NETBSD_SOURCE  1

#include <criterion/criterion.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static void test_fini(void)
{
    say("test fini");
}

static void *assert_in_thread(void *unused)
{
    (void)unused;
    cr_assert(false, "from a thread");
    return NULL;
}

/* Outlives the test, and keeps the runner's output open while it does. */
static void leave_child_behind(void)
{
    if (fork() == 0) {
        signal(SIGTERM, SIG_IGN);
        sleep(30);
        _exit(0);
    }
}

Test(sample_pass, aborts, .signal = SIGABRT)
{
    abort();
}
Test(sample_pass, leaves_child)
{
    leave_child_behind();
}

Test(sample_fail, segv)
{
    raise(SIGSEGV);
}
Test(sample_fail, aborts)
{
    abort();
}
Test(sample_fail, no_signal, .signal = SIGABRT)
{
}
Test(sample_fail, other_signal, .signal = SIGABRT)
{
    raise(SIGKILL);
}
Test(sample_fail, expected_signal, .signal = SIGABRT)
{
    cr_expect(false);
    abort();
}

Test(sample_fail, times_out, .timeout = 0.3)
{
    leave_child_behind();
    signal(SIGTERM, SIG_IGN);
    sleep(30);
}

Test(sample_fail, thread, .fini = test_fini)
{
    pthread_t thread;

    pthread_create(&thread, NULL, assert_in_thread, NULL);
    pthread_join(thread, NULL);
}

/* Not a sample_, because it ends the whole runner. */
Test(stop, runner)
{
    leave_child_behind();
    kill(getppid(), SIGTERM);
    sleep(30);
}

/* These two can only pass at the same time: each waits for the other to open
 * its end. */
static int open_shared_fifo(int flags)
{
    char path[64];

    snprintf(path, sizeof path, "/tmp/brood-runner-%ld", (long)getppid());
    mkfifo(path, 0600);
    int fd = open(path, flags);
    unlink(path);
    return fd;
}

Test(pair, one, .timeout = 15)
{
    cr_assert_geq(open_shared_fifo(O_RDONLY), 0);
}
Test(pair, two, .timeout = 15)
{
    cr_assert_geq(open_shared_fifo(O_WRONLY), 0);
}

#ifdef BROOD_TESTS_RUNNER_CRITERION_H
/* Criterion 2.4.1 itself hangs after this one. */
Test(own, forked_child, .fini = test_fini)
{
    if (fork() == 0)
        cr_assert(false, "from a child");
    wait(NULL);
    say("parent goes on");
}
#endif
