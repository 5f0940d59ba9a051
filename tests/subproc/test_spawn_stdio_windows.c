/* The child's standard input, output and error on Windows: the parent's own. */
#include "helpers.h"

#include <windows.h>

SUITE(spawn_stdio_windows);

/* This process has these for a moment. */
static HANDLE out_before, err_before;

static void set_own(intptr_t out, intptr_t err)
{
    out_before = GetStdHandle(STD_OUTPUT_HANDLE);
    err_before = GetStdHandle(STD_ERROR_HANDLE);
    cr_assert(SetStdHandle(STD_OUTPUT_HANDLE, (HANDLE)out));
    cr_assert(SetStdHandle(STD_ERROR_HANDLE, (HANDLE)err));
}

static void reset_own(void)
{
    SetStdHandle(STD_OUTPUT_HANDLE, out_before);
    SetStdHandle(STD_ERROR_HANDLE, err_before);
}

static int run(brood_spawn_options options, const char *const *arguments)
{
    struct kid kid = {0};
    brood_loop *loop = open_loop(test_watcher());
    NEED(kid_start(loop, &kid, options, arguments) == 0);
    NEED(run_until(loop, &kid.lost) && kid.code == 0);
    return kid_finish(loop, &kid) ? 0 : __LINE__;
}

static const char *text_of(intptr_t file)
{
    return look((brood_spawn_options){.in = {.kind = BROOD_FD, .fd = file}}, ARGV("show", "0"));
}

Test(spawn_stdio_windows, output_and_errors_are_inherited_as_they_are_now)
{
    intptr_t out = lent_text(""), err = lent_text("");
    set_own(out, err);
    int wrong = run((brood_spawn_options){0}, ARGV("out", "o", "err", "e"));
    reset_own();
    cr_expect_eq(wrong, 0, "line %d", wrong);
    cr_expect_str_eq(text_of(out), "o");
    cr_expect_str_eq(text_of(err), "e");
    close_lent(out);
    close_lent(err);
}

Test(spawn_stdio_windows, err_goes_where_the_parents_own_output_goes)
{
    intptr_t out = lent_text(""), err = lent_text("");
    set_own(out, err);
    brood_spawn_options options = {.err.kind = BROOD_STDOUT};
    int wrong = run(options, ARGV("err", "e", "out", "o"));
    reset_own();
    cr_expect_eq(wrong, 0, "line %d", wrong);
    cr_expect_str_eq(text_of(out), "eo");
    cr_expect_str_eq(text_of(err), "");
    close_lent(out);
    close_lent(err);
}

Test(spawn_stdio_windows, the_parents_own_output_and_errors_can_be_crossed)
{
    intptr_t out = lent_text(""), err = lent_text("");
    set_own(out, err);
    brood_spawn_options options = {.out = {.kind = BROOD_FD, .fd = err},
                                   .err = {.kind = BROOD_FD, .fd = out}};
    int wrong = run(options, ARGV("out", "o", "err", "e"));
    reset_own();
    cr_expect_eq(wrong, 0, "line %d", wrong);
    cr_expect_str_eq(text_of(out), "e");
    cr_expect_str_eq(text_of(err), "o");
    close_lent(out);
    close_lent(err);
}
