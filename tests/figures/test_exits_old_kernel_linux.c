/* What one exit costs on a kernel without process descriptors: each child is asked in turn
 * when SIGCHLD comes.  The cost grows with how many live, so nothing is promised of it: it is
 * printed beside the cost with descriptors, and each exit has to be told with its code. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"
#include "hide_calls_linux.h"

SUITE(exits_old_kernel);

enum { FEW = 250, MANY = 4000, ENDED = 150, ROUNDS = 3 };

struct seen {
    size_t exits;
    brood_subprocess *last;
    brood_returncode code;
};

struct one {
    struct seen *seen;
    brood_subprocess *transport;
};

static void exited(void *arg)
{
    struct one *one = arg;
    one->seen->exits++;
    one->seen->last = one->transport;
    brood_subprocess_returncode(one->transport, &one->seen->code);
}

static const brood_subprocess_protocol protocol = {.process_exited = exited};

/* Starts so many; false if that fails.  Nothing here asserts: the process is a forked one. */
static bool start_all(brood_loop *loop, struct seen *seen, struct one *all, size_t live)
{
    brood_spawn_options options = {.argv = ARGV(test_child(), "pause")};
    for (size_t i = 0; i < live; i++) {
        all[i].seen = seen;
        if (brood_subprocess_exec(loop, &protocol, &all[i], &options, &all[i].transport) < 0)
            return false;
    }
    for (int i = 0; i < 8; i++)
        if (brood_loop_step(loop, BROOD_NOWAIT) < 0)
            return false;
    return true;
}

/* Kills one, and waits until it is told, and it alone; nanoseconds, or less than 0. */
static double end_one(brood_loop *loop, struct seen *seen, struct one *victim)
{
    brood_time began = brood_now(), deadline = test_deadline();
    size_t before = seen->exits;
    if (brood_subprocess_kill(victim->transport) < 0)
        return -1;
    while (seen->exits == before)
        if (brood_loop_step(loop, deadline) < 0 || brood_now() >= deadline)
            return -1;
    brood_time took = brood_now() - began;
    bool right =
        seen->exits == before + 1 && seen->last == victim->transport && seen->code == -SIGKILL;
    return right ? (double)took : -1;
}

/* Ends some of them in random order; how many were told rightly. */
static size_t end_some(brood_loop *loop, struct seen *seen, struct one *all, size_t live,
                       unsigned seed, double *times)
{
    struct one **order = calloc(live, sizeof *order);
    size_t ended = 0;
    for (size_t i = 0; order != NULL && i < live; i++)
        order[i] = &all[i];
    for (; order != NULL && ended < ENDED; ended++) {
        size_t other = ended + (size_t)rand_r(&seed) % (live - ended);
        struct one *victim = order[other];
        order[other] = order[ended];
        times[ended] = end_one(loop, seen, victim);
        if (times[ended] < 0)
            break;
    }
    free(order);
    return ended;
}

static size_t measure(size_t live, unsigned seed, double *times)
{
    brood_loop *loop;
    struct seen seen = {0};
    struct one *all = calloc(live, sizeof *all);
    size_t ended = 0;
    if (all == NULL || brood_loop_open(&loop, NULL) < 0)
        return 0;
    if (start_all(loop, &seen, all, live))
        ended = end_some(loop, &seen, all, live, seed, times);
    bool closed = brood_loop_close(loop) == 0;
    free(all);
    return closed && seen.exits == ended ? ended : 0;
}

/* In a process of its own: a filter is not taken back. */
static void measure_aside(unsigned hidden, size_t live, unsigned seed, struct samples *samples)
{
    struct {
        size_t ended;
        double times[ENDED];
    } *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)told, MAP_FAILED);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        if (hidden == 0 || hide_calls(hidden))
            told->ended = measure(live, seed, told->times);
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    cr_assert_eq(told->ended, ENDED, "of %d exits %zu were told rightly", ENDED, told->ended);
    for (size_t i = 0; i < ENDED; i++)
        samples_add(samples, told->times[i]);
    munmap(told, sizeof *told);
}

/* What is hidden leaves waitid alone, which a filter that looks at it would slow down. */
Test(exits_old_kernel, are_all_told_without_process_descriptors, .timeout = 600)
{
    static const size_t live[] = {FEW, MANY};
    static const unsigned hidden[] = {0, HIDE_PIDFD_OPEN | HIDE_CLONE_PIDFD};
    static struct samples samples[2][2];
    if (!hide_is_possible())
        cr_skip_test("system calls cannot be filtered here");
    if (test_raise_descriptor_limit(MANY + 200) < MANY + 200)
        cr_skip_test("the limit of open descriptors cannot be raised");
    for (unsigned round = 0; round < ROUNDS; round++)
        for (int many = 0; many < 2; many++)
            for (int old = 0; old < 2; old++)
                measure_aside(hidden[old], live[many], round, &samples[many][old]);
    for (int many = 0; many < 2; many++)
        fprintf(stderr, "one exit among %zu live: %.1f us, without process descriptors %.1f us\n",
                live[many], samples_median(&samples[many][0]) / 1e3,
                samples_median(&samples[many][1]) / 1e3);
}
