/* What every test file uses: suites that check for leaks, a loop with the child
 * watcher under test, the child program, a recording protocol, and faults on
 * demand.  No test sleeps to let time pass; every wait ends at test_deadline(). */
#ifndef BROOD_TEST_SUPPORT_H
#define BROOD_TEST_SUPPORT_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "brood.h"

/* Around each test: descriptors, children, threads and the library's memory must
 * be at the end what they were at the beginning.  This is part of the test itself:
 * Criterion 2.4.1 lets a test pass whose fini fails. */
void test_begin(void);
void test_end(void);
#define SUITE(suite_name) TestSuite(suite_name, .timeout = 120)
#undef Test
#define Test(...) TEST_CHECKED(__VA_ARGS__, .sentinel_ = 0)
#define TEST_CHECKED(suite_name, test_name, ...)          \
    static void suite_name##_##test_name##_checked(void); \
    CR_TEST_BASE(suite_name, test_name, __VA_ARGS__)      \
    {                                                     \
        test_begin();                                     \
        suite_name##_##test_name##_checked();             \
        test_end();                                       \
    }                                                     \
    static void suite_name##_##test_name##_checked(void)

/* Skips the test where the kernel is an emulation that lacks what it is about:
 * tests/valgrind.sh says so by BROOD_TEST_VALGRIND. */
#define NOT_UNDER_VALGRIND(reason)                 \
    do {                                           \
        if (getenv("BROOD_TEST_VALGRIND") != NULL) \
            cr_skip_test(reason);                  \
    } while (0)

/* The same where another processor is emulated, as tests/qemu.sh says. */
#define NOT_UNDER_EMULATOR(reason)                 \
    do {                                           \
        if (getenv("BROOD_TEST_EMULATOR") != NULL) \
            cr_skip_test(reason);                  \
    } while (0)

bool test_on_windows(void); /* where some things differ by nature */

/* What this system can do, and not every one. */
struct test_abilities {
    bool sized_pipes;      /* pipe_size                                                   */
    bool usage_of_zombies; /* told before they are reaped                                 */
    bool death_signals;
    bool statuses_of_reaped; /* known though somebody else has taken them                 */
    bool child_events;       /* the end of a child is told without a signal: not by Linux
                              before 5.3, nor where a filter hides what does it           */
};
struct test_abilities test_abilities(void);

/* A generous deadline for something that happens at once. */
brood_time test_deadline(void);

/* The watcher under test: BROOD_TEST_WATCHER=procfd, else SIGCHLD. */
int test_watcher(void);
brood_loop *test_loop(void);
void test_loop_close(brood_loop *loop);

/* The path of the child program (child.c), which stands beside the suite. */
const char *test_child(void);

/* Rounds until *flag; fails the test at the deadline. */
void test_run_until(brood_loop *loop, const bool *flag);
/* Rounds without waiting, until the loop has nothing to do (a bounded number). */
void test_settle(brood_loop *loop);

/* ---- a protocol that writes down what happens ------------------------------- */

/* log: "made exit lost0 data1 lost1:EPIPE lost pause resume", in order, with
 * repeated data1 (or data2) written once. */
struct recorder {
    brood_subprocess *transport;
    char log[512];
    brood_buffer out[3]; /* by descriptor */
    bool made, exited, lost;
    bool lost_pipe[3];
    int lost_error[3];
    brood_returncode returncode;
    bool close_when_lost; /* close the transport from connection_lost */
};
extern const brood_subprocess_protocol recorder_protocol;
void recorder_free(struct recorder *recorder);

/* exec with the recorder; fails the test when that fails. */
void test_exec(brood_loop *loop, struct recorder *recorder, const brood_spawn_options *options);

/* Run the child program with these arguments (ended by NULL) and `options`
 * otherwise, to its end; its return code. */
brood_returncode test_run_child(struct recorder *recorder, brood_spawn_options options,
                                const char *const *arguments);
#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- faults ------------------------------------------------------------------ */

/* The library's allocations: how many live; let the nth from now fail (1: the
 * next; 0: none), and those after it too if `all`. */
size_t test_live_allocations(void);
void test_fail_allocation(size_t nth, bool all);
bool test_allocation_failed(void); /* whether the fault has struck since */

/* ---- the system -------------------------------------------------------------- */

int test_count_descriptors(void); /* on Windows: handles that a program opens itself */
int test_count_threads(void);     /* on Windows: those that this program has started */
bool test_has_children(void);     /* zombies count, where there are any */
void test_wait_gone(int64_t pid); /* until the pid names no process, not even a zombie */
bool test_process_exists(int64_t pid);
size_t test_resident_bytes(void);
/* Raise the limit of open descriptors as far as allowed, at most to `wanted`; what it
 * is then. */
size_t test_raise_descriptor_limit(size_t wanted);

/* ---- threads ----------------------------------------------------------------- */

/* A thread that runs run(arg), and its result; each is joined once. */
typedef struct test_thread test_thread;
test_thread *test_thread_start(void *(*run)(void *), void *arg);
void *test_thread_join(test_thread *thread);

/* The calling thread does nothing meanwhile. */
void test_nap(double seconds);

#endif
