/* What the waiting layer costs, next to bare loops that do the same. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "bare.h"
#include "figures.h"

SUITE(streams);

enum { ROUNDS = 5, LINE = 80, BUFFER = 65536, ROUND_TRIPS = 50000 };
static const size_t line_count = 10000000, bulk_size = (size_t)512 << 20;

/* ---- where the two ends run ---------------------------------------------------------- */

/* It decides more than anything else: on two processors most of the time is the waking
 * of an idle one, on one processor a switch between processes is all. */
struct places {
    int ours, theirs;
};

static void pin(pid_t pid, int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    cr_assert_eq(sched_setaffinity(pid, sizeof set, &set), 0);
}

static struct places two_processors(void)
{
    cpu_set_t set;
    struct places places = {-1, -1};
    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < CPU_SETSIZE && places.theirs < 0; i++)
        if (CPU_ISSET((size_t)i, &set))
            *(places.ours < 0 ? &places.ours : &places.theirs) = i;
    return places;
}

/* ---- lines from one child --------------------------------------------------------- */

static double lines_by_brood(struct places places)
{
    brood_loop *loop = test_loop();
    brood_process *process;
    brood_spawn_options options = {.argv = ARGV(producer(), "lines", "10000000", "80"),
                                   .out = {.kind = BROOD_PIPE}};
    brood_time began = brood_now();
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    pin((pid_t)brood_process_pid(process), places.theirs);
    pin(0, places.ours);
    brood_reader *reader = brood_process_stdout(process);
    size_t count = 0, bytes = 0;
    brood_slice line;
    while (brood_reader_readline(reader, &line, BROOD_FOREVER) > 0) {
        count++;
        bytes += line.len;
    }
    cr_assert_eq(brood_process_wait(process, NULL, BROOD_FOREVER), 0);
    double took = seconds_since(began);
    cr_assert_eq(count, line_count);
    cr_assert_eq(bytes, line_count * LINE);
    brood_process_close(process);
    test_loop_close(loop);
    return took;
}

static double lines_by_bare_reads(struct places places)
{
    static char buffer[BUFFER];
    struct bare bare;
    size_t count = 0, bytes = 0, kept = 0;
    ssize_t n;
    brood_time began = brood_now();
    bare_start(&bare, ARGV(producer(), "lines", "10000000", "80"));
    pin(bare.pid, places.theirs);
    pin(0, places.ours);
    while ((n = read(bare.out, buffer + kept, sizeof buffer - kept)) > 0) {
        const char *at = buffer, *end = buffer + kept + n, *newline;
        while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            count++;
            bytes += (size_t)(newline + 1 - at);
            at = newline + 1;
        }
        kept = (size_t)(end - at);
        memmove(buffer, at, kept);
    }
    bare_end(&bare);
    double took = seconds_since(began);
    cr_assert_eq(count, line_count);
    cr_assert_eq(bytes, line_count * LINE);
    return took;
}

static void compare_lines(struct places places, const char *where)
{
    double rate = 0;
    for (int attempt = 0; attempt < ATTEMPTS && rate < 0.8; attempt++) {
        struct samples brood = {.count = 0}, bare = {.count = 0};
        for (int round = 0; round < ROUNDS; round++) {
            samples_add(&bare, lines_by_bare_reads(places));
            samples_add(&brood, lines_by_brood(places));
        }
        rate = samples_median(&bare) / samples_median(&brood);
        fprintf(stderr,
                "lines of 80 bytes, %s: bare %.1f million/s, readline %.1f million/s, rate %.2f\n",
                where, 1e-6 * (double)line_count / samples_median(&bare),
                1e-6 * (double)line_count / samples_median(&brood), rate);
    }
    cr_assert_geq(rate, 0.8);
}

Test(streams, lines_come_at_four_fifths_of_a_bare_loop_between_two_processors, .timeout = 600)
{
    struct places places = two_processors();
    if (places.theirs < 0)
        cr_skip_test("there is one processor only");
    compare_lines(places, "two processors");
}

Test(streams, lines_come_at_four_fifths_of_a_bare_loop_on_one_processor, .timeout = 600)
{
    struct places places = two_processors();
    places.theirs = places.ours;
    compare_lines(places, "one processor");
}

/* ---- bulk through cat, both ways ----------------------------------------------------- */

static char *make_bulk(void)
{
    char *bulk = malloc(bulk_size);
    cr_assert_not_null(bulk);
    for (size_t i = 0; i < bulk_size; i++)
        bulk[i] = (char)(i * 31 >> 7);
    return bulk;
}

static double cat_by_brood(const char *bulk)
{
    brood_loop *loop = test_loop();
    brood_process *process;
    brood_buffer out = {0};
    brood_spawn_options options = {
        .argv = ARGV("cat"), .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    brood_time began = brood_now();
    cr_assert_eq(brood_spawn(loop, &options, &process), 0);
    cr_assert_eq(brood_process_communicate(process, bulk, bulk_size, &out, NULL, BROOD_FOREVER), 0);
    double took = seconds_since(began);
    cr_assert_eq(out.len, bulk_size);
    cr_assert_eq(memcmp(out.data, bulk, bulk_size), 0);
    brood_buffer_free(&out);
    brood_process_close(process);
    test_loop_close(loop);
    return took;
}

static void grow(char **data, size_t *cap, size_t len)
{
    while (*cap < len + BUFFER)
        *cap *= 2;
    *data = realloc(*data, *cap);
    cr_assert_not_null(*data);
}

static double cat_by_poll(const char *bulk)
{
    struct bare bare;
    size_t sent = 0, len = 0, cap = BUFFER;
    char *data = malloc(cap);
    brood_time began = brood_now();
    bare_start(&bare, ARGV("cat"));
    fcntl(bare.in, F_SETFL, O_NONBLOCK);
    fcntl(bare.out, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd fds[2] = {{.fd = bare.out, .events = POLLIN},
                                {.fd = bare.in, .events = POLLOUT}};
        cr_assert_gt(poll(fds, 2, -1), 0);
        if (fds[1].revents != 0) {
            ssize_t n = write(bare.in, bulk + sent, bulk_size - sent);
            sent += n > 0 ? (size_t)n : 0;
            if (sent == bulk_size) {
                close(bare.in);
                bare.in = -1;
            }
        }
        if (fds[0].revents == 0)
            continue;
        grow(&data, &cap, len);
        ssize_t n = read(bare.out, data + len, BUFFER);
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    bare_end(&bare);
    double took = seconds_since(began);
    cr_assert_eq(len, bulk_size);
    cr_assert_eq(memcmp(data, bulk, bulk_size), 0);
    free(data);
    return took;
}

Test(streams, communicate_goes_at_four_fifths_of_a_bare_poll_loop, .timeout = 600)
{
    char *bulk = make_bulk();
    double rate = 0;
    for (int attempt = 0; attempt < ATTEMPTS && rate < 0.8; attempt++) {
        struct samples brood = {.count = 0}, bare = {.count = 0};
        for (int round = 0; round < ROUNDS; round++) {
            samples_add(&bare, cat_by_poll(bulk));
            samples_add(&brood, cat_by_brood(bulk));
        }
        rate = samples_median(&bare) / samples_median(&brood);
        fprintf(
            stderr,
            "512 MiB through cat: bare poll loop %.2f GiB/s, communicate %.2f GiB/s, rate %.2f\n",
            0.5 / samples_median(&bare), 0.5 / samples_median(&brood), rate);
    }
    free(bulk);
    cr_assert_geq(rate, 0.8);
}

/* ---- round trips ------------------------------------------------------------------------ */

static const char question[] = "a line of a conversation\n";
enum { QUESTION = sizeof question - 1 };

struct echo {
    brood_process *process;
    double took;
};

static int converse(void *arg)
{
    struct echo *echo = arg;
    brood_writer *writer = brood_process_stdin(echo->process);
    brood_reader *reader = brood_process_stdout(echo->process);
    brood_time began = brood_now();
    for (int i = 0; i < ROUND_TRIPS; i++) {
        brood_slice line;
        cr_assert_eq(brood_writer_write(writer, question, QUESTION), 0);
        cr_assert_eq(brood_reader_readline(reader, &line, BROOD_FOREVER), QUESTION);
    }
    echo->took = seconds_since(began);
    return 0;
}

static double trips_in_a_task(struct places places)
{
    brood_loop *loop = test_loop();
    struct echo echo;
    brood_task *task;
    brood_spawn_options options = {
        .argv = ARGV(producer(), "echo"), .in = {.kind = BROOD_PIPE}, .out = {.kind = BROOD_PIPE}};
    cr_assert_eq(brood_spawn(loop, &options, &echo.process), 0);
    pin((pid_t)brood_process_pid(echo.process), places.theirs);
    pin(0, places.ours);
    cr_assert_eq(brood_task_start(loop, converse, &echo, &task), 0);
    cr_assert_eq(brood_task_join(task, NULL, BROOD_FOREVER), 0);
    brood_process_close(echo.process);
    test_loop_close(loop);
    return echo.took;
}

static double bare_trips(struct places places)
{
    struct bare bare;
    char answer[QUESTION];
    bare_start(&bare, ARGV(producer(), "echo"));
    pin(bare.pid, places.theirs);
    pin(0, places.ours);
    brood_time began = brood_now();
    for (int i = 0; i < ROUND_TRIPS; i++) {
        cr_assert_eq(write(bare.in, question, QUESTION), QUESTION);
        cr_assert_eq(read(bare.out, answer, sizeof answer), QUESTION);
    }
    double took = seconds_since(began);
    bare_end(&bare);
    return took;
}

/* The best of the attempts. */
static double ratio_of_trips(struct places places, const char *where, double most)
{
    double best = 100;
    for (int attempt = 0; attempt < ATTEMPTS && best > most; attempt++) {
        struct samples brood = {.count = 0}, bare = {.count = 0};
        for (int round = 0; round < ROUNDS; round++) {
            samples_add(&bare, bare_trips(places));
            samples_add(&brood, trips_in_a_task(places));
        }
        double ratio = samples_median(&brood) / samples_median(&bare);
        fprintf(stderr, "round trip of a line, %s: bare %.2f us, in a task %.2f us, ratio %.2f\n",
                where, 1e6 * samples_median(&bare) / ROUND_TRIPS,
                1e6 * samples_median(&brood) / ROUND_TRIPS, ratio);
        best = ratio < best ? ratio : best;
    }
    return best;
}

Test(streams, a_round_trip_in_a_task_between_two_processors, .timeout = 600)
{
    struct places places = two_processors();
    if (places.theirs < 0)
        cr_skip_test("there is one processor only");
    cr_assert_leq(ratio_of_trips(places, "two processors", 1.15), 1.15);
}

/* Where a look at epoll alone makes 1.11. */
Test(streams, a_round_trip_in_a_task_on_one_processor, .timeout = 600)
{
    struct places places = two_processors();
    places.theirs = places.ours;
    cr_assert_leq(ratio_of_trips(places, "one processor", 1.35), 1.35);
}
