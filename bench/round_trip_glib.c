#include <gio/gio.h>
#include <string.h>

#include "round_trip.h"

static GMainLoop *loop;
static GSubprocess *process;
static GOutputStream *in;
static GInputStream *out;
static char answer[4096];

static void came(GObject *object, GAsyncResult *result, gpointer unused);

static void written(GObject *object, GAsyncResult *result, gpointer unused)
{
    (void)object;
    (void)unused;
    bench_need(g_output_stream_write_finish(in, result, NULL) == ROUND_TRIP_LENGTH, "write");
    g_input_stream_read_async(out, answer, sizeof answer, G_PRIORITY_DEFAULT, NULL, came, NULL);
}

static void say(void)
{
    if (round_trip_again())
        g_output_stream_write_async(in, round_trip_line, ROUND_TRIP_LENGTH, G_PRIORITY_DEFAULT,
                                    NULL, written, NULL);
    else
        g_main_loop_quit(loop);
}

static void came(GObject *object, GAsyncResult *result, gpointer unused)
{
    (void)object;
    (void)unused;
    bench_need(g_input_stream_read_finish(out, result, NULL) == ROUND_TRIP_LENGTH, "the answer");
    bench_need(memcmp(answer, round_trip_line, ROUND_TRIP_LENGTH) == 0, "the answer");
    say();
}

static double by_glib(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    process = g_subprocess_newv(
        round_trip_argv(), G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    in = g_subprocess_get_stdin_pipe(process);
    out = g_subprocess_get_stdout_pipe(process);
    say();
    g_main_loop_run(loop);
    bench_need(g_output_stream_close(in, NULL, NULL), "close");
    bench_need(g_subprocess_wait_check(process, NULL, NULL), "the exit status");
    return round_trip_each();
}
BENCH_SIDE(GSubprocess, by_glib)
