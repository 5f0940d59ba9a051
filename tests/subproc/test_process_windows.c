/* Processes on Windows: statuses of 32 bits, and the signals that mean something. */
#include "processes.h"

SUITE(process_windows);

static const brood_spawn_options plain = {0};

Test(process_windows, every_status_comes_through)
{
    static const struct {
        const char *number;
        brood_returncode code;
    } ends[] = {
        {"0", 0},     {"1", 1},         {"255", 255},         {"256", 256},
        {"259", 259}, {"65536", 65536}, {"-1", 4294967295LL}, {"-1073741819", 3221225477LL}};
    brood_loop *loop = test_loop();
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        brood_process *process = spawn(loop, plain, CHILD("exit", ends[i].number));
        cr_expect_eq(code_of(process), ends[i].code, "%s", ends[i].number);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process_windows, a_crash_is_the_number_of_its_exception)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("crash"));
    cr_expect_eq(code_of(process), 3221225477LL);
    close_all(process, loop);
}

Test(process_windows, other_signals_mean_nothing)
{
    static const int others[] = {SIGINT, SIGABRT, SIGSEGV, SIGFPE, 10};
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_eq(brood_process_send_signal(process, others[i]), BROOD_EINVAL, "%d", others[i]);
    cr_expect_eq(brood_process_send_signal(process, 0), 0, "it goes on");
    cr_expect_eq(brood_process_send_signal(process, 9), 0);
    cr_expect_eq(code_of(process), code_killed);
    close_all(process, loop);
}
