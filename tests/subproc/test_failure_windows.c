/* Spawning that fails on Windows: what is no program, and what others hold. */
#include "helpers.h"

#include <windows.h>

SUITE(failure_windows);

/* "ERROR step path" */
static const char *failed(const char *error, const char *step, const char *path)
{
    static char text[512];
    snprintf(text, sizeof text, "%s %s %.255s", error, step, path);
    return text;
}

static const char *run_refused(const char *program)
{
    return refusal((brood_spawn_options){
        .argv = ARGV(program), .in.kind = BROOD_PIPE, .out.kind = BROOD_PIPE, .kill_tree = true});
}

Test(failure_windows, what_cannot_be_executed_is_told_exactly)
{
    scratch_begin();
    cr_expect_str_eq(run_refused(scratch), failed("EACCES", "exec", scratch));
    const char *path = make_file("text.exe", "this is no program\n", 0);
    cr_expect_str_eq(run_refused(path), failed("ENOEXEC", "exec", path));
    path = make_file("empty", "", 0);
    cr_expect_str_eq(run_refused(path), failed("ENOEXEC", "exec", path));
    scratch_end();
}

Test(failure_windows, a_folder_cannot_be_written)
{
    scratch_begin();
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"),
                                   .in.kind = BROOD_PIPE,
                                   .err = {.kind = BROOD_FILE, .path = scratch}};
    cr_expect_str_eq(refusal(options), failed("EACCES", "open", scratch));
    scratch_end();
}

Test(failure_windows, a_file_that_somebody_has_for_himself_is_busy)
{
    scratch_begin();
    const char *path = make_file("busy", "", 0);
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    cr_assert_neq(file, INVALID_HANDLE_VALUE);
    brood_spawn_options options = {.argv = ARGV(test_child(), "exit", "0"),
                                   .in = {.kind = BROOD_FILE, .path = path}};
    cr_expect_str_eq(refusal(options), failed("EBUSY", "open", path));
    CloseHandle(file);
    scratch_end();
}
