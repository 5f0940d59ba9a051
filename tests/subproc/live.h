/* Children that live when their loop is closed, and what must be left of them: nothing. */
#ifndef BROOD_TEST_LIVE_H
#define BROOD_TEST_LIVE_H

#include "helpers.h"

enum { LIVE = 50 };

static int64_t pids[LIVE];
static struct kid kids[LIVE];

static brood_loop *loop_with_live_children(brood_spawn_options options,
                                           const char *const *arguments)
{
    brood_loop *loop = test_loop();
    memset(kids, 0, sizeof kids);
    for (int i = 0; i < LIVE; i++) {
        cr_assert_eq(kid_start(loop, &kids[i], options, arguments), 0);
        pids[i] = brood_subprocess_pid(kids[i].transport);
    }
    return loop;
}

static void expect_all_gone(brood_loop *loop)
{
    test_loop_close(loop);
    cr_expect_not(test_has_children());
    for (int i = 0; i < LIVE; i++) {
        cr_expect_not(test_process_exists(pids[i]), "%lld", (long long)pids[i]);
        brood_buffer_free(&kids[i].text);
    }
}

#endif
