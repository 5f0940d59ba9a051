/* A file beyond 2 GiB as a child's standard stream: where a long has 32 bits the kernel
 * opens one only for whoever says that he knows. */
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <sys/stat.h>

#include "helpers.h"

SUITE(spawn_large_file_posix);

Test(spawn_large_file_posix, can_be_read_and_appended_to)
{
    char path[64];
    struct stat status;
    int fd = text_file("first", FD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, (off_t)3 << 30), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", fd);
    brood_stdio in = {.kind = BROOD_FILE, .path = path};
    brood_stdio out = {.kind = BROOD_FILE, .path = path, .append = true};
    brood_result result;
    brood_spawn_options options = {.argv = ARGV(test_child(), "out", "last"), .in = in, .out = out};
    cr_assert_eq(brood_run(NULL, &options, NULL, 0, &result, test_deadline()), 0);
    cr_expect_eq(result.returncode, 0);
    brood_result_free(&result);
    cr_assert_eq(fstat(fd, &status), 0);
    cr_expect_eq(status.st_size, ((off_t)3 << 30) + 4);
    close(fd);
    brood_loop *loop;
    brood_loop_default(&loop);
    brood_loop_close(loop);
}
