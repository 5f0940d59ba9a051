#include <gio/gio.h>

#include "memory.h"

static void ignore_data(GObject *stream, GAsyncResult *result, gpointer unused)
{
    (void)unused;
    g_input_stream_read_finish(G_INPUT_STREAM(stream), result, NULL);
}

static void read_some(GInputStream *stream)
{
    static char memory[65536];
    g_input_stream_read_async(stream, memory, sizeof memory, 0, NULL, ignore_data, NULL);
}

static void start(size_t number)
{
    (void)number;
    const char *const argv[] = {memory_program(), "echo", NULL};
    GSubprocess *process =
        g_subprocess_newv(argv,
                          G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                              G_SUBPROCESS_FLAGS_STDERR_PIPE,
                          NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    read_some(g_subprocess_get_stdout_pipe(process));
    read_some(g_subprocess_get_stderr_pipe(process));
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static double by_glib(void)
{
    return memory_of_each(start);
}
BENCH_SIDE(GSubprocess, by_glib)
