#include <gio/gio.h>

#include "spawn.h"

static GMainLoop *loop;

static void ended(GObject *process, GAsyncResult *result, gpointer unused)
{
    (void)unused;
    bench_need(g_subprocess_wait_check_finish(G_SUBPROCESS(process), result, NULL),
               "the exit status");
    g_main_loop_quit(loop);
}

static void once(const char *program)
{
    const char *const argv[] = {program, NULL};
    GSubprocess *process = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT, NULL);
    bench_need(process != NULL, "g_subprocess_newv");
    g_subprocess_wait_check_async(process, NULL, ended, NULL);
    g_main_loop_run(loop);
    g_object_unref(process);
}

static double by_glib(void)
{
    loop = g_main_loop_new(NULL, FALSE);
    return spawn_again_and_again(once);
}
BENCH_SIDE(GSubprocess, by_glib)
