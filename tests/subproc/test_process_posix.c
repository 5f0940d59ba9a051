/* Processes and signals that only Unix has. */
#include "processes.h"

SUITE(process_posix);

static const brood_spawn_options plain = {0};

Test(process_posix, every_status_and_signal_comes_through)
{
    static const struct {
        const char *how, *number;
        brood_returncode code;
    } ends[] = {{"exit", "0", 0},  {"exit", "1", 1},    {"exit", "255", 255},
                {"kill", "9", -9}, {"kill", "15", -15}, {"kill", "10", -10}};
    brood_loop *loop = test_loop();
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        brood_process *process = spawn(loop, plain, CHILD(ends[i].how, ends[i].number));
        cr_expect_eq(code_of(process), ends[i].code, "%s %s", ends[i].how, ends[i].number);
        brood_process_close(process);
    }
    test_loop_close(loop);
}

Test(process_posix, any_signal_can_be_sent_until_its_end)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, plain, CHILD("pause"));
    cr_expect_eq(brood_process_send_signal(process, SIGUSR1), 0);
    wait_zombie(brood_process_pid(process));
    cr_expect_eq(brood_process_send_signal(process, SIGUSR1), BROOD_ESRCH, "not seen yet");
    cr_expect_eq(code_of(process), -SIGUSR1);
    cr_expect_eq(brood_process_send_signal(process, SIGUSR1), BROOD_ESRCH, "and seen");
    close_all(process, loop);
}
