#include <gio/gio.h>
#include <signal.h>

#include "exits.h"

static GMainLoop *loop;
static GSubprocess **children;
static size_t left;
static bool all; /* are to end */

static void ended(GObject *object, GAsyncResult *result, gpointer child)
{
    GSubprocess *process = G_SUBPROCESS(object);
    bench_need(g_subprocess_wait_finish(process, result, NULL), "wait");
    bench_need(g_subprocess_get_if_signaled(process), "the exit status");
    children[GPOINTER_TO_SIZE(child)] = NULL;
    left--;
    if (!all || left == 0)
        g_main_loop_quit(loop);
    g_object_unref(process);
}

static void open_glib(size_t live)
{
    loop = g_main_loop_new(NULL, FALSE);
    children = g_new0(GSubprocess *, live);
    left = live;
}

static void start(size_t child, const char *const *argv)
{
    children[child] = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDIN_INHERIT, NULL);
    bench_need(children[child] != NULL, "g_subprocess_newv");
    g_subprocess_wait_async(children[child], NULL, ended, GSIZE_TO_POINTER(child));
}

static void end(size_t child)
{
    g_subprocess_force_exit(children[child]);
    g_main_loop_run(loop);
    bench_need(children[child] == NULL, "which child has ended");
}

static void end_all(size_t live)
{
    all = true;
    for (size_t i = 0; i < live; i++)
        if (children[i] != NULL)
            g_subprocess_force_exit(children[i]);
    if (left > 0)
        g_main_loop_run(loop);
}

static double by_glib(void)
{
    static const struct exits_way way = {open_glib, start, end, end_all};
    return exits_measure(&way);
}
BENCH_SIDE(GSubprocess, by_glib)
