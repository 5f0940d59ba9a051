#include <gio/gio.h>

#include "bulk.h"

static GMainLoop *loop;
static size_t bytes;
static char buffer[65536];

static void ended(GObject *process, GAsyncResult *result, gpointer unused)
{
    (void)unused;
    bench_need(g_subprocess_wait_check_finish(G_SUBPROCESS(process), result, NULL),
               "the exit status");
    g_main_loop_quit(loop);
}

static void came(GObject *object, GAsyncResult *result, gpointer process)
{
    GInputStream *stream = G_INPUT_STREAM(object);
    gssize n = g_input_stream_read_finish(stream, result, NULL);
    bench_need(n >= 0, "a read of GLib's");
    bytes += (size_t)n;
    if (n > 0)
        g_input_stream_read_async(stream, buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL, came,
                                  process);
    else
        g_subprocess_wait_check_async(process, NULL, ended, NULL);
}

static double by_glib(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    int64_t began = bench_now();
    GSubprocess *process = g_subprocess_newv(
        bulk_argv(), G_SUBPROCESS_FLAGS_STDIN_INHERIT | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    g_input_stream_read_async(g_subprocess_get_stdout_pipe(process), buffer, sizeof buffer,
                              G_PRIORITY_DEFAULT, NULL, came, process);
    g_main_loop_run(loop);
    return bulk_each(began, bytes);
}
BENCH_SIDE(GSubprocess, by_glib)
