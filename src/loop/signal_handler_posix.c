/* brood_add_signal_handler: the host's own signals, watched for it by signal_posix.c. */
#include "memory.h"
#include "signals.h"

struct host_watch {
    struct brood__signal_watch watch;
    brood_callback *call;
    void *arg;
};

static void call_host(struct brood__signal_watch *watch)
{
    struct host_watch *host = BROOD__CONTAINER(watch, struct host_watch, watch);
    host->call(host->arg);
}

/* The loop's handler of the signal, other than its child watcher's. */
static struct host_watch *find(brood_loop *loop, int signal)
{
    for (struct brood__link *link = loop->signals.next; link != &loop->signals; link = link->next) {
        struct brood__signal_watch *watch =
            BROOD__CONTAINER(link, struct brood__signal_watch, link);
        if (watch->signal == signal && watch->call == call_host)
            return BROOD__CONTAINER(watch, struct host_watch, watch);
    }
    return NULL;
}

int brood_add_signal_handler(brood_loop *loop, int signal, brood_callback *call, void *arg)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (call == NULL)
        return BROOD_EINVAL;
    struct host_watch *host = find(loop, signal);
    if (host != NULL) {
        host->call = call;
        host->arg = arg;
        return 0;
    }

    host = brood__alloc(sizeof *host);
    if (host == NULL)
        return BROOD_ENOMEM;
    host->watch.signal = signal;
    host->watch.call = call_host;
    host->call = call;
    host->arg = arg;
    error = brood__signal_watch_start(loop, &host->watch);
    if (error < 0)
        brood__free(host);
    return error;
}

int brood_remove_signal_handler(brood_loop *loop, int signal)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    struct host_watch *host = find(loop, signal);
    if (host == NULL)
        return BROOD_ENOENT;
    brood__signal_watch_stop(&host->watch);
    brood__free(host);
    return 0;
}

/* What is left in the list is the host's: the child watcher has gone before. */
void brood__signals_close(brood_loop *loop)
{
    while (!brood__list_empty(&loop->signals)) {
        struct brood__signal_watch *watch =
            BROOD__CONTAINER(loop->signals.next, struct brood__signal_watch, link);
        brood__signal_watch_stop(watch);
        brood__free(BROOD__CONTAINER(watch, struct host_watch, watch));
    }
}
