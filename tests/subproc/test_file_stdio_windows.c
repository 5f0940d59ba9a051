/* The C library of Windows has no streams of one's own making. */
#include <errno.h>

#include "processes.h"

SUITE(file_stdio_windows);

Test(file_stdio_windows, there_are_none)
{
    brood_loop *loop = test_loop();
    brood_process *process = spawn(loop, (brood_spawn_options){PIPE_IN, PIPE_OUT}, CHILD("cat"));
    brood_file *file = NULL;
    cr_assert_eq(brood_file_open(process, 60, &file), 0);
    size_t allocations = test_live_allocations();
    errno = 0;
    cr_expect_null(brood_file_stdio(file, "r+"));
    cr_expect_eq(errno, ENOSYS);
    cr_expect_eq(test_live_allocations(), allocations);
    cr_expect_eq(brood_file_write(file, "x", 1), 0, "the file is as it was");
    cr_expect_eq(brood_file_close(file), 0);
    cr_expect_eq(code_of(process), 0);
    close_all(process, loop);
}
