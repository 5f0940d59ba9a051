#include <gio/gio.h>

#include "communicate.h"

static double by_glib(void)
{
    size_t len;
    const char *from = communicate_input(&len);
    GBytes *in = g_bytes_new_static(from, len), *out;
    int64_t began = bench_now();
    GSubprocess *process = g_subprocess_newv(
        communicate_argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    bench_need(g_subprocess_communicate(process, in, NULL, &out, NULL, NULL), "communicate");
    bench_need(g_subprocess_get_exit_status(process) == 0, "the exit status");
    return communicate_each(began, g_bytes_get_data(out, NULL), g_bytes_get_size(out));
}
BENCH_SIDE(GSubprocess, by_glib)
