#include <gio/gio.h>

#include "lines_many.h"

static GMainLoop *loop;
static size_t left, lines, bytes;

static void ended(GObject *process, GAsyncResult *result, gpointer unused)
{
    (void)unused;
    bench_need(g_subprocess_wait_check_finish(G_SUBPROCESS(process), result, NULL),
               "the exit status");
    g_object_unref(process);
    left--;
    if (left == 0)
        g_main_loop_quit(loop);
}

static void came(GObject *object, GAsyncResult *result, gpointer process)
{
    GDataInputStream *stream = G_DATA_INPUT_STREAM(object);
    gsize len;
    char *line = g_data_input_stream_read_line_finish(stream, result, &len, NULL);
    if (line == NULL) {
        g_object_unref(stream);
        g_subprocess_wait_check_async(process, NULL, ended, NULL);
        return;
    }
    lines++;
    bytes += len + 1; /* and the newline */
    g_free(line);
    g_data_input_stream_read_line_async(stream, G_PRIORITY_DEFAULT, NULL, came, process);
}

static void start(void)
{
    GSubprocess *process = g_subprocess_newv(
        lines_many_argv(), G_SUBPROCESS_FLAGS_STDIN_INHERIT | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    GDataInputStream *stream = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    g_buffered_input_stream_set_buffer_size(G_BUFFERED_INPUT_STREAM(stream), 65536);
    g_data_input_stream_read_line_async(stream, G_PRIORITY_DEFAULT, NULL, came, process);
}

static double by_glib(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    left = lines_many_children();
    int64_t began = bench_now();
    for (size_t i = lines_many_children(); i > 0; i--)
        start();
    g_main_loop_run(loop);
    double each = bench_each(began, lines_many_count());
    lines_many_check(lines, bytes);
    return each;
}
BENCH_SIDE(GSubprocess, by_glib)
