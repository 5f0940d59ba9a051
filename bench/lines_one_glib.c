#include <gio/gio.h>

#include "lines_one.h"

/* Without a main loop, which only adds to it. */
static double by_glib(void)
{
    size_t lines = 0, bytes = 0;
    gsize len;
    char *line;
    int64_t began = bench_now();
    GSubprocess *process = g_subprocess_newv(
        lines_one_argv(), G_SUBPROCESS_FLAGS_STDIN_INHERIT | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    GDataInputStream *stream = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    g_buffered_input_stream_set_buffer_size(G_BUFFERED_INPUT_STREAM(stream), 65536);
    while ((line = g_data_input_stream_read_line(stream, &len, NULL, NULL)) != NULL) {
        lines++;
        bytes += len + 1; /* and the newline */
        g_free(line);
    }
    bench_need(g_subprocess_wait_check(process, NULL, NULL), "the exit status");
    return lines_one_each(began, lines, bytes);
}
BENCH_SIDE(GSubprocess, by_glib)
