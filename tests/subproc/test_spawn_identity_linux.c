/* All ids of a child, the saved ones too, as /proc shows them; and what a change of user in
 * the parent's memory would do to the parent. */
#include <sys/prctl.h>

#include "helpers.h"

SUITE(spawn_identity_linux);

#define IDS "grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr -s '\\t ' ' ' | sed 's/ $//'"

static void need_root(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can become somebody else");
}

Test(spawn_identity_linux, user_group_and_extra_groups_are_changed_for_good)
{
    static const unsigned extra[] = {4, 33, 70000};
    need_root();
    brood_spawn_options options = {.shell = IDS,
                                   .set_user = true,
                                   .user = 65534,
                                   .set_group = true,
                                   .group = 65533,
                                   .set_extra_groups = true,
                                   .extra_groups = extra,
                                   .extra_group_count = 3};
    cr_expect_str_eq(look(options, NULL), "Uid: 65534 65534 65534 65534\n"
                                          "Gid: 65533 65533 65533 65533\nGroups: 4 33 70000\n");
    options.extra_groups = NULL;
    options.extra_group_count = 0;
    cr_expect_str_eq(look(options, NULL), "Uid: 65534 65534 65534 65534\n"
                                          "Gid: 65533 65533 65533 65533\nGroups:\n");
    cr_expect_eq(geteuid(), 0);
    cr_expect_eq(getegid(), 0);
}

Test(spawn_identity_linux, each_id_can_be_changed_alone)
{
    need_root();
    const char *seen =
        look((brood_spawn_options){.shell = IDS, .set_user = true, .user = 65534}, NULL);
    cr_expect_not_null(strstr(seen, "Uid: 65534 65534 65534 65534\nGid: 0 0 0 0\n"), "%s", seen);
    seen = look((brood_spawn_options){.shell = IDS, .set_group = true, .group = 65533}, NULL);
    cr_expect_not_null(strstr(seen, "Uid: 0 0 0 0\nGid: 65533 65533 65533 65533\n"), "%s", seen);
}

/* In our memory, a change of user would take core dumps and tracing from us. */
Test(spawn_identity_linux, a_child_of_another_user_leaves_its_parent_dumpable)
{
    if (getuid() != 0)
        cr_skip_test("only root can change the user");
    struct recorder recorder = {0};
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 1);
    brood_spawn_options options = {.set_user = true,
                                   .user = 65534,
                                   .set_group = true,
                                   .group = 65534,
                                   .out = {.kind = BROOD_PIPE},
                                   .argv = ARGV("/usr/bin/id", "-u")};
    cr_assert_eq(test_run_child(&recorder, options, ARGV(NULL)), 0);
    cr_expect_str_eq(recorder.out[1].data, "65534\n");
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 1);
    recorder_free(&recorder);
}
