/* run, with pipes that hold more than one read takes. */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_posix.h"
#include "processes.h"

SUITE(run_linux);

enum { MUCH = 400000, ROOM = 1 << 20 };

static brood_time cut_at;

static bool a_child_has_ended(void)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* The loop sees neither output nor end before it is too late. */
static void hold_up(void *unused)
{
    (void)unused;
    for (brood_time end = test_deadline(); brood_now() < end;) {
        if (a_child_has_ended() && brood_now() > cut_at)
            return;
        sched_yield();
    }
    cr_assert_fail("the child has not ended");
}

static bool pipes_can_be_wide(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    brood__io_set_pipe_size(ends[0], ROOM);
    bool wide = fcntl(ends[0], F_GETPIPE_SZ) >= ROOM;
    close(ends[0]);
    close(ends[1]);
    return wide;
}

/* A descendant holds the pipes, so that the child's end is not the end of it all. */
static int run_cut_short(brood_loop *loop, brood_result *result)
{
    struct gate gate = gate_make();
    brood_spawn_options options = {
        PIPE_OUT, PIPE_ERR, GATE(&gate), .pipe_size = ROOM,
        .argv = CHILD("fork", "eof", gate.name, "--", "fill", "2", "400000")};
    cut_at = brood_in(0.01);
    cr_assert_eq(brood_call_soon(loop, hold_up, NULL, NULL), 0);
    int error = brood_run(loop, &options, NULL, 0, result, cut_at);
    gate_end(&gate);
    return error;
}

Test(run_linux, cut_short_it_has_all_that_the_child_had_written)
{
    if (!pipes_can_be_wide())
        cr_skip_test("pipe_size asks for nothing here");
    brood_loop *loop = test_loop();
    brood_result result;
    cr_assert_eq(run_cut_short(loop, &result), BROOD_ETIMEDOUT);
    cr_expect_eq(result.returncode, 0);
    cr_expect_eq(result.err.len, MUCH, "%zu", result.err.len);
    cr_expect(is_alphabet(result.err.data, result.err.len));
    brood_result_free(&result);
    test_loop_close(loop);
}

/* Less than the child has written. */
static void *refuse_much(void *memory, size_t size)
{
    return size > MUCH / 2 ? NULL : realloc(memory, size);
}

Test(run_linux, cut_short_without_memory_for_it_all_it_says_so)
{
    if (!pipes_can_be_wide())
        cr_skip_test("pipe_size asks for nothing here");
    cr_assert_eq(brood_set_allocator(refuse_much, free), 0);
    brood_loop *loop = test_loop();
    brood_result result;
    cr_expect_eq(run_cut_short(loop, &result), BROOD_ENOMEM);
    test_loop_close(loop);
}
