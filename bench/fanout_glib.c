#include <gio/gio.h>

#include "fanout.h"

static GMainLoop *loop;
static size_t count, started, ended, bytes;

static void start_next(void);

static void communicated(GObject *object, GAsyncResult *result, gpointer unused)
{
    GSubprocess *process = G_SUBPROCESS(object);
    GBytes *out, *err;
    (void)unused;
    bench_need(g_subprocess_communicate_finish(process, result, &out, &err, NULL), "communicate");
    bench_need(g_subprocess_get_exit_status(process) == 0, "the exit status");
    bytes += g_bytes_get_size(out) + g_bytes_get_size(err);
    g_bytes_unref(out);
    g_bytes_unref(err);
    g_object_unref(process);
    ended++;
    start_next();
    if (ended == count)
        g_main_loop_quit(loop);
}

static void start_next(void)
{
    if (started == count)
        return;
    started++;
    GSubprocess *process =
        g_subprocess_newv(fanout_argv(),
                          G_SUBPROCESS_FLAGS_STDIN_INHERIT | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                              G_SUBPROCESS_FLAGS_STDERR_PIPE,
                          NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    g_subprocess_communicate_async(process, NULL, NULL, communicated, NULL);
}

static double by_glib(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    count = fanout_count();
    int64_t began = bench_now();
    for (size_t i = 0; i < FANOUT_WIDTH; i++)
        start_next();
    g_main_loop_run(loop);
    double each = bench_each(began, count);
    bench_need(bytes == count * FANOUT_BYTES, "the number of bytes");
    return each;
}
BENCH_SIDE(GSubprocess, by_glib)
