/* The child's standard input, output and error. */
#include "helpers.h"

SUITE(spawn_stdio);

static const brood_stdio piped = {.kind = BROOD_PIPE}, null = {.kind = BROOD_DEVNULL},
                         as_out = {.kind = BROOD_STDOUT};

static brood_stdio lent(intptr_t fd)
{
    return (brood_stdio){.kind = BROOD_FD, .fd = fd};
}

static brood_stdio file(const char *path, bool append)
{
    return (brood_stdio){.kind = BROOD_FILE, .path = path, .append = append};
}

/* ---- each kind ---------------------------------------------------------------------- */

Test(spawn_stdio, pipes_carry_input_output_and_errors)
{
    brood_loop *loop = test_loop();
    struct recorder recorder = {.close_when_lost = true};
    brood_spawn_options options = {
        .argv = ARGV(test_child(), "cat", "err", "oops"), .in = piped, .out = piped, .err = piped};
    test_exec(loop, &recorder, &options);
    test_run_until(loop, &recorder.made);
    brood_pipe *in = brood_subprocess_pipe(recorder.transport, 0);
    cr_assert_eq(brood_pipe_write(in, "hello", 5), 0);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    test_run_until(loop, &recorder.lost);
    cr_expect_str_eq(recorder.out[1].data, "hello");
    cr_expect_str_eq(recorder.out[2].data, "oops");
    test_loop_close(loop);
    recorder_free(&recorder);
}

Test(spawn_stdio, devnull_is_empty_and_swallows)
{
    cr_expect_str_eq(look((brood_spawn_options){.in = null, .err = null}, ARGV("cat", "err", "x")),
                     "");
    cr_expect_str_eq(look((brood_spawn_options){.out = null}, ARGV("out", "x")), "");
}

/* Run with err told apart from out. */
static void run_split(brood_spawn_options options, const char *const *arguments, const char *out,
                      const char *err)
{
    struct recorder recorder = {0};
    cr_assert_eq(test_run_child(&recorder, options, arguments), 0);
    cr_expect_str_eq(recorder.out[1].len > 0 ? recorder.out[1].data : "", out);
    cr_expect_str_eq(recorder.out[2].len > 0 ? recorder.out[2].data : "", err);
    recorder_free(&recorder);
}

Test(spawn_stdio, err_goes_where_out_goes)
{
    const char *const *arguments = ARGV("err", "e", "out", "o");
    run_split((brood_spawn_options){.out = piped, .err = as_out}, arguments, "eo", "");
    scratch_begin();
    run_split((brood_spawn_options){.out = file(in_scratch("f"), false), .err = as_out}, arguments,
              "", "");
    cr_expect_str_eq(file_text(in_scratch("f")), "eo");
    intptr_t fd = lent_text("");
    run_split((brood_spawn_options){.out = lent(fd), .err = as_out}, arguments, "", "");
    cr_expect_str_eq(look((brood_spawn_options){.in = lent(fd)}, ARGV("show", "0")), "eo");
    close_lent(fd);
    scratch_end();
}

Test(spawn_stdio, a_lent_descriptor_stays_the_callers)
{
    intptr_t fd = lent_text("lent");
    rewind_lent(fd);
    cr_expect_str_eq(look((brood_spawn_options){.in = lent(fd)}, ARGV("cat")), "lent");
    cr_expect_str_eq(look((brood_spawn_options){.in = lent(fd)}, ARGV("show", "0")), "lent");
    close_lent(fd);
}

Test(spawn_stdio, one_descriptor_may_be_lent_thrice)
{
    intptr_t fd = lent_text("");
    brood_spawn_options options = {.in = lent(fd), .out = lent(fd), .err = lent(fd)};
    cr_expect_str_eq(look(options, ARGV("out", "a", "err", "b")), "");
    cr_expect_str_eq(look((brood_spawn_options){.in = lent(fd)}, ARGV("show", "0")), "ab");
    close_lent(fd);
}

/* ---- files --------------------------------------------------------------------------- */

Test(spawn_stdio, a_file_is_read)
{
    scratch_begin();
    brood_spawn_options options = {.in = file(make_file("in", "content", 0400), false)};
    cr_expect_str_eq(look(options, ARGV("cat")), "content");
    scratch_end();
}

Test(spawn_stdio, a_file_is_emptied_or_appended_to)
{
    scratch_begin();
    const char *path = make_file("out", "before,", 0600);
    look((brood_spawn_options){.out = file(path, true)}, ARGV("out", "more"));
    cr_expect_str_eq(file_text(path), "before,more");
    look((brood_spawn_options){.out = file(path, false)}, ARGV("out", "new"));
    cr_expect_str_eq(file_text(path), "new");
    look((brood_spawn_options){.err = file(path, true)}, ARGV("err", "!"));
    cr_expect_str_eq(file_text(path), "new!");
    look((brood_spawn_options){.err = file(path, false)}, ARGV("exit", "0"));
    cr_expect_str_eq(file_text(path), "");
    scratch_end();
}

/* ---- capacity ------------------------------------------------------------------------ */

Test(spawn_stdio, pipe_size_is_what_a_child_can_write_unread)
{
    if (!test_abilities().sized_pipes)
        cr_skip_test("the size of a pipe is the system's own");
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    brood_spawn_options options = {.out = piped, .pipe_size = 200000};
    cr_assert_eq(kid_start(loop, &kid, options, ARGV("fill", "1", "200000")), 0);
    wait_zombie(brood_subprocess_pid(kid.transport)); /* without a round */
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.text.len, 200000);
    cr_assert(kid_finish(loop, &kid));
}

/* ---- end of file ------------------------------------------------------------------------ */

Test(spawn_stdio, sem_09_the_parents_end_of_stdin_does_not_leak_into_the_child)
{
    for (int keep = 0; keep < 2; keep++) {
        brood_loop *loop = test_loop();
        struct kid kid = {0};
        brood_spawn_options options = {.in = piped, .keep_fds = keep == 1};
        cr_assert_eq(kid_start(loop, &kid, options, ARGV("eof", "0", "exit", "4")), 0);
        test_settle(loop);
        cr_expect_not(kid.exited);
        brood_pipe_close(brood_subprocess_pipe(kid.transport, 0));
        cr_assert(run_until(loop, &kid.exited));
        cr_expect_eq(kid.code, 4);
        cr_assert(kid_finish(loop, &kid));
    }
}

Test(spawn_stdio, what_is_written_and_closed_before_the_first_round_arrives)
{
    enum { SIZE = 200000 }; /* more than a pipe holds */
    static char data[SIZE];
    brood_loop *loop = test_loop();
    struct kid kid = {0};
    memset(data, 'x', SIZE);
    cr_assert_eq(kid_start(loop, &kid,
                           (brood_spawn_options){.in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE},
                           ARGV("cat")),
                 0);
    brood_pipe *in = brood_subprocess_pipe(kid.transport, 0);
    cr_assert_geq(brood_pipe_write(in, data, SIZE), 0);
    cr_assert_eq(brood_pipe_write_eof(in), 0);
    cr_assert(run_until(loop, &kid.lost));
    cr_expect_eq(kid.text.len, SIZE);
    cr_assert(kid_finish(loop, &kid));
}

Test(spawn_stdio, sem_09_nor_into_a_child_that_is_started_later)
{
    brood_loop *loop = test_loop();
    struct kid first = {0}, second = {0};
    cr_assert_eq(kid_start(loop, &first, (brood_spawn_options){.in = piped}, ARGV("eof", "0")), 0);
    cr_assert_eq(kid_start(loop, &second, (brood_spawn_options){.in = piped, .keep_fds = true},
                           ARGV("eof", "0")),
                 0);
    test_settle(loop);
    brood_pipe_close(brood_subprocess_pipe(first.transport, 0));
    cr_assert(run_until(loop, &first.exited));
    cr_expect_not(second.exited);
    brood_subprocess_close(first.transport);
    brood_pipe_close(brood_subprocess_pipe(second.transport, 0));
    cr_assert(kid_finish(loop, &second));
}
