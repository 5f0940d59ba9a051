/* Options that only Unix has. */
#include "processes.h"

SUITE(options_posix);

Test(options_posix, a_number_is_given_to_the_child_once)
{
    const brood_child_fd twice[] = {{.child = 7, .parent = 0}, {.child = 7, .parent = 1}};
    brood_spawn_options options = {.argv = ARGV("/bin/true"), .fds = twice, .fd_count = 2};
    unsigned born = count_births();
    const char *seen = refusal(options);
    cr_expect_eq(strncmp(seen, "EINVAL options fds", 18), 0, "%s", seen);
    cr_expect_eq(count_births(), born);
}

/* Zeroes mean "nothing special", also next to fields that are then not looked at. */
Test(options_posix, fields_that_are_not_switched_on_do_not_matter)
{
    const unsigned group = 1;
    brood_spawn_options options = {.umask = 077,
                                   .user = 12345,
                                   .group = 12345,
                                   .extra_groups = &group,
                                   .extra_group_count = 1};
    char before[8];
    mode_t mask = umask(0);
    umask(mask);
    snprintf(before, sizeof before, "%03o\n", mask);
    cr_expect_str_eq(look(options, ARGV("report", "umask")), before);
    char ids[128];
    snprintf(ids, sizeof ids, "uid %u %u %u gid %u %u %u\n", getuid(), geteuid(), geteuid(),
             getgid(), getegid(), getegid());
    cr_expect_str_eq(look(options, ARGV("report", "ids")), ids);
}
