/* What the figures have in common: samples, and children that are counted. */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

void samples_add(struct samples *samples, double value)
{
    cr_assert_lt(samples->count, sizeof samples->values / sizeof *samples->values);
    samples->values[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
    const double *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

double samples_median(struct samples *samples)
{
    cr_assert_gt(samples->count, 0);
    qsort(samples->values, samples->count, sizeof *samples->values, compare);
    return samples->values[samples->count / 2];
}

static void received(void *arg, int fd, const void *data, size_t len)
{
    struct child *child = arg;
    (void)fd;
    child->received += len;
    if (child->keep_output)
        cr_assert_eq(brood_buffer_append(&child->output, data, len), 0);
}

static void exited(void *arg)
{
    struct child *child = arg;
    cr_assert(brood_subprocess_returncode(child->transport, &child->counter->last));
    child->counter->exited++;
}

static void lost(void *arg, int error)
{
    struct child *child = arg;
    (void)error;
    child->counter->lost++;
    brood_subprocess_close(child->transport);
}

const brood_subprocess_protocol counting_protocol = {
    .pipe_data_received = received,
    .process_exited = exited,
    .connection_lost = lost,
};

void start_child(struct counter *counter, struct child *child, brood_spawn_options options,
                 const char *const *arguments)
{
    const char *argv[8] = {test_child()};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(i + 2, sizeof argv / sizeof *argv);
        argv[i + 1] = arguments[i];
    }
    brood_spawn_failure failure;
    options.argv = argv;
    options.failure = &failure;
    child->counter = counter;
    int error = brood_subprocess_exec(counter->loop, &counting_protocol, child, &options,
                                      &child->transport);
    cr_assert_eq(error, 0, "%s %s: %s", failure.step, failure.what, brood_strerror(error));
}

void run_until_exited(struct counter *counter, size_t count)
{
    brood_time deadline = test_deadline();
    while (counter->exited < count) {
        cr_assert_eq(brood_loop_step(counter->loop, deadline), 0);
        cr_assert_lt(brood_now(), deadline, "%zu of %zu have ended", counter->exited, count);
    }
}

void run_until_lost(struct counter *counter, size_t count)
{
    brood_time deadline = test_deadline();
    while (counter->lost < count) {
        cr_assert_eq(brood_loop_step(counter->loop, deadline), 0);
        cr_assert_lt(brood_now(), deadline, "%zu of %zu are over", counter->lost, count);
    }
}

bool kernel_is_at_least(int major, int minor)
{
    struct utsname name;
    int has_major = 0, has_minor = 0;
    cr_assert_eq(uname(&name), 0);
    cr_assert_eq(sscanf(name.release, "%d.%d", &has_major, &has_minor), 2, "%s", name.release);
    return has_major > major || (has_major == major && has_minor >= minor);
}
