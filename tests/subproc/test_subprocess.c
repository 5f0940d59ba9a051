/* Subprocess transports: the order of events, and closing. */
#include "support.h"

SUITE(subprocess);

Test(subprocess, a_child_is_started_read_and_seen_to_end)
{
    struct recorder recorder = {0};
    brood_spawn_options options = {.out = {.kind = BROOD_PIPE}};
    cr_assert_eq(test_run_child(&recorder, options, ARGV("out", "hello", "exit", "7")), 7);
    cr_assert_str_eq(recorder.out[1].data, "hello");
    cr_assert_str_eq(recorder.log, "made data1 lost1 exit lost");
    recorder_free(&recorder);
}
