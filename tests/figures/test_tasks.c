/* Tasks by the thousand, each waiting for its own child; and what a switch costs. */
#include <stdio.h>
#include <unistd.h>

#include "bare.h"
#include "figures.h"

SUITE(tasks);

enum { WANTED = 10000, LEAST = 4000, DESCRIPTORS_EACH = 3, OTHERS = 200 };

struct pair {
    brood_process *process;
    brood_task *task;
    bool *go;
    size_t *waiting, *heard;
};

/* As a supervisor would: start a child, wait for its first line, let it end. */
static int attend(void *arg)
{
    struct pair *pair = arg;
    brood_slice line;
    ++*pair->waiting;
    ptrdiff_t n = brood_reader_readline(brood_process_stdout(pair->process), &line, BROOD_FOREVER);
    cr_assert_eq(n, 5);
    cr_assert_eq(memcmp(line.data, "word\n", 5), 0);
    ++*pair->heard;
    brood_process_close(pair->process);
    return 0;
}

static int start(void *arg)
{
    struct pair *pair = arg;
    brood_spawn_failure failure;
    brood_spawn_options options = {.argv = ARGV(test_child(), "line"),
                                   .in = {.kind = BROOD_PIPE},
                                   .out = {.kind = BROOD_PIPE},
                                   .failure = &failure};
    int error = brood_spawn(NULL, &options, &pair->process);
    cr_assert_eq(error, 0, "%s %s: %s", failure.step, failure.what, brood_strerror(error));
    return attend(pair);
}

static size_t how_many(void)
{
    size_t limit = test_raise_descriptor_limit(DESCRIPTORS_EACH * WANTED + OTHERS);
    if (limit >= DESCRIPTORS_EACH * WANTED + OTHERS)
        return WANTED;
    return (limit - OTHERS) / DESCRIPTORS_EACH;
}

Test(tasks, ten_thousand_wait_for_their_children, .timeout = 600)
{
    size_t count = how_many(), waiting = 0, heard = 0;
    cr_assert_geq(count, LEAST);
    brood_loop *loop = test_loop();
    struct pair *pairs = calloc(count, sizeof *pairs);
    memset(pairs, 0, count * sizeof *pairs);
    size_t before = test_resident_bytes();
    for (size_t i = 0; i < count; i++) {
        pairs[i].waiting = &waiting;
        pairs[i].heard = &heard;
        cr_assert_eq(brood_task_start(loop, start, &pairs[i], &pairs[i].task), 0);
    }
    test_settle(loop);
    cr_assert_eq(waiting, count);
    cr_assert_eq(heard, 0);
    double each = (double)(test_resident_bytes() - before) / (double)count;
    fprintf(stderr, "%zu tasks, each waiting for a line of its child: %.1f KiB each%s\n", count,
            each / 1024,
            count < WANTED ? "; the hard limit of open descriptors allows no more" : "");

    for (size_t i = 0; i < count; i++)
        cr_assert_eq(brood_writer_write(brood_process_stdin(pairs[i].process), "word\n", 5), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(brood_task_join(pairs[i].task, NULL, test_deadline()), 0);
    cr_assert_eq(heard, count);
    test_loop_close(loop);
    free(pairs);
    cr_assert_lt(each, 24 * 1024);
}

/* ---- the switch ------------------------------------------------------------------- */

static unsigned long long instructions(const char *count)
{
    brood_result result;
    brood_buffer path = {0};
    const char *child = test_child();
    brood_buffer_append(&path, child, (size_t)(strrchr(child, '/') - child));
    brood_buffer_append(&path, "/switches", 9);
    brood_spawn_options options = {.argv = ARGV("valgrind", "--tool=callgrind",
                                                "--callgrind-out-file=/dev/null", path.data, count),
                                   .out = {.kind = BROOD_PIPE},
                                   .err = {.kind = BROOD_STDOUT}};
    cr_assert_eq(brood_run(NULL, &options, NULL, 0, &result, test_deadline()), 0);
    cr_assert_eq(result.returncode, 0, "%s", result.out.data);
    const char *found = strstr(result.out.data, "Collected :");
    cr_assert_not_null(found, "%s", result.out.data);
    unsigned long long total = strtoull(found + 11, NULL, 10);
    brood_result_free(&result);
    brood_buffer_free(&path);
    return total;
}

Test(tasks, a_switch_there_and_back_is_under_sixty_instructions, .timeout = 300)
{
    unsigned long long few = instructions("10000"), many = instructions("20000");
    brood_loop *loop;
    double each = (double)(many - few) / 10000;
    fprintf(stderr, "a switch there and back: %.1f instructions\n", each);
    cr_assert_gt(each, 2);
    cr_assert_lt(each, 60);
    brood_loop_default(&loop);
    brood_loop_close(loop);
}
