/* Signal handlers that chain and restore.
 *
 * One handler serves all watched signals of the process.  Delivery only sets
 * flags and wakes loops: it walks a list of watches without a lock, and whoever
 * takes a watch out of its list then waits until no handler is walking.  The
 * handler that was installed before ours is called after that, as the kernel
 * would have; it comes back with the last watch, unless the host has installed
 * another one over ours in the meantime.  Then ours stays below, calling the earlier
 * one, and a new watch gets a second handler over the host's: were it the first one
 * again, a host's handler that chains to it would make a circle. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

#include "signals.h"

enum { SIGNALS = 129 /* numbers from 1 to 128, as FreeBSD has them */, LEVELS = 2 };

static _Atomic(struct brood__signal_watch *) watches[SIGNALS];
static struct sigaction earlier[LEVELS][SIGNALS]; /* to be restored; under the lock */
static bool buried[LEVELS][SIGNALS];              /* left below a handler of the host's */
static atomic_int level_now[SIGNALS];             /* the level that serves the watches  */
static atomic_int walkers;                        /* handlers that are inside a list    */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The same as the handler reads it, of which one at most is there.  A delivery that
 * enters late may find that of the next installation. */
typedef void plain_handler(int);
typedef void info_handler(int, siginfo_t *, void *);
static _Atomic(plain_handler *) earlier_plain[LEVELS][SIGNALS];
static _Atomic(info_handler *) earlier_info[LEVELS][SIGNALS];

/* Whatever its flags say: the two share their place, and these values mean what they mean. */
static bool is_function(const struct sigaction *action)
{
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

static void remember(int level, int signal, const struct sigaction *action)
{
    bool info = (action->sa_flags & SA_SIGINFO) != 0 && is_function(action);
    earlier[level][signal] = *action;
    atomic_store(&earlier_info[level][signal], info ? action->sa_sigaction : NULL);
    atomic_store(&earlier_plain[level][signal],
                 !info && is_function(action) ? action->sa_handler : NULL);
}

static void call_earlier(int level, int signal, siginfo_t *info, void *context)
{
    info_handler *with_info = atomic_load(&earlier_info[level][signal]);
    plain_handler *plain = atomic_load(&earlier_plain[level][signal]);
    if (with_info != NULL)
        with_info(signal, info, context);
    else if (plain != NULL)
        plain(signal);
}

void brood__signal_watch_ring(struct brood__signal_watch *watch)
{
    atomic_store(&watch->delivered, true);
    if (!atomic_exchange(&watch->loop->signalled, true))
        watch->loop->backend->table->wake(watch->loop->backend);
}

static void tell_watches(int signal)
{
    struct brood__signal_watch *watch = atomic_load(&watches[signal]);
    for (; watch != NULL; watch = atomic_load(&watch->next))
        if (!atomic_load(&watch->deaf))
            brood__signal_watch_ring(watch);
}

static void handle(int level, int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    atomic_fetch_add(&walkers, 1);
    if (atomic_load(&level_now[signal]) == level)
        tell_watches(signal);
    atomic_fetch_sub(&walkers, 1);
    call_earlier(level, signal, info, context);
    errno = saved;
}

static void handle_first(int signal, siginfo_t *info, void *context)
{
    handle(0, signal, info, context);
}

static void handle_second(int signal, siginfo_t *info, void *context)
{
    handle(1, signal, info, context);
}

static info_handler *const handlers[LEVELS] = {handle_first, handle_second};

/* ---- installing --------------------------------------------------------- */

static bool may_be_watched(int signal)
{
    switch (signal) {
    case SIGKILL:
    case SIGSTOP: /* cannot be caught */
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE: /* returning from these runs into the fault again */
        return false;
    default:
        return signal > 0 && signal < SIGNALS;
    }
}

/* Our level that this action is; -1: it is not ours. */
static int level_of(const struct sigaction *action)
{
    for (int level = 0; level < LEVELS; level++)
        if ((action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == handlers[level])
            return level;
    return -1;
}

static int free_level(int signal, const struct sigaction *before)
{
    for (int level = 0; level < LEVELS; level++) {
        if (!is_function(before)) /* which chains to nothing: no circle is possible */
            buried[level][signal] = false;
        if (!buried[level][signal])
            return level;
    }
    return BROOD_EBUSY;
}

/* Whether the host runs handlers on stacks of their own, as some runtimes insist; else
 * Valgrind 3.19 stumbles over a handler that asks for one. */
static bool has_signal_stack(void)
{
    stack_t stack;
    return sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0;
}

/* Called with the lock held, while the signal's list is empty. */
static int install(int signal)
{
    struct sigaction before, ours = {.sa_sigaction = NULL};
    if (sigaction(signal, NULL, &before) < 0)
        return -errno;
    int level = level_of(&before);
    if (level >= 0) { /* the host has taken its own away again */
        buried[level][signal] = false;
        atomic_store(&level_now[signal], level);
        return 0;
    }
    level = free_level(signal, &before);
    if (level < 0)
        return level;

    /* What an earlier handler was promised stays true: its mask, whether system
     * calls are restarted, whether it hears of stopped children. */
    ours.sa_sigaction = handlers[level];
    sigemptyset(&ours.sa_mask);
    ours.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    if (is_function(&before)) {
        ours.sa_mask = before.sa_mask;
        ours.sa_flags = before.sa_flags & (SA_RESTART | SA_NOCLDSTOP | SA_NODEFER);
    }
    ours.sa_flags |= SA_SIGINFO;
    if (has_signal_stack() || (before.sa_flags & SA_ONSTACK) != 0)
        ours.sa_flags |= SA_ONSTACK;
    remember(level, signal, &before);
    atomic_store(&level_now[signal], level);
    return sigaction(signal, &ours, NULL) < 0 ? -errno : 0;
}

static void uninstall(int signal)
{
    struct sigaction now;
    int level = atomic_load(&level_now[signal]);
    if (sigaction(signal, NULL, &now) == 0 && level_of(&now) == level)
        sigaction(signal, &earlier[level][signal], NULL);
    else
        buried[level][signal] = true;
}

int brood__signal_watch_start(brood_loop *loop, struct brood__signal_watch *watch)
{
    int signal = watch->signal, error = 0;
    if (!may_be_watched(signal))
        return BROOD_EINVAL;
    watch->loop = loop;

    pthread_mutex_lock(&lock);
    struct brood__signal_watch *first = atomic_load(&watches[signal]);
    atomic_store(&watch->next, first);
    atomic_store(&watches[signal], watch);
    if (first == NULL) {
        error = install(signal);
        if (error < 0)
            atomic_store(&watches[signal], NULL);
        while (error < 0 && atomic_load(&walkers) > 0)
            sched_yield();
    }
    pthread_mutex_unlock(&lock);

    if (error == 0)
        brood__list_append(&loop->signals, &watch->link);
    return error;
}

void brood__signal_watch_stop(struct brood__signal_watch *watch)
{
    brood__list_remove(&watch->link);
    pthread_mutex_lock(&lock);
    if (brood__loop_check(watch->loop) == 0) { /* else fork has emptied the lists */
        _Atomic(struct brood__signal_watch *) *place = &watches[watch->signal];
        while (atomic_load(place) != watch)
            place = &atomic_load(place)->next;
        if (place == &watches[watch->signal] && atomic_load(&watch->next) == NULL)
            uninstall(watch->signal);
        atomic_store(place, atomic_load(&watch->next));
        while (atomic_load(&walkers) > 0)
            sched_yield();
    }
    pthread_mutex_unlock(&lock);
}

bool brood__children_are_lost(void)
{
    struct sigaction now;
    pthread_mutex_lock(&lock);
    bool unknown = sigaction(SIGCHLD, NULL, &now) < 0;
    int level = unknown ? -1 : level_of(&now);
    if (level >= 0) /* what is there again once nobody watches */
        now = earlier[level][SIGCHLD];
    pthread_mutex_unlock(&lock);
    return unknown || now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0;
}

/* ---- the loop's side ---------------------------------------------------- */

void brood__signals_dispatch(brood_loop *loop)
{
    if (!atomic_exchange(&loop->signalled, false))
        return;
    /* A callback may remove any watch: begin again after each.  Every delivery
     * is looked at once, so that this ends. */
    struct brood__link *link = loop->signals.next;
    while (link != &loop->signals) {
        struct brood__signal_watch *watch =
            BROOD__CONTAINER(link, struct brood__signal_watch, link);
        link = link->next;
        if (atomic_exchange(&watch->delivered, false)) {
            watch->call(watch);
            if (brood__loop_check(loop) < 0)
                return;
            link = loop->signals.next;
        }
    }
}

/* ---- around fork -------------------------------------------------------- */

void brood__signals_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void brood__signals_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* In the child the loops are the parent's: their signals must not wake it. */
void brood__signals_forked(void)
{
    for (int signal = 1; signal < SIGNALS; signal++) {
        if (atomic_exchange(&watches[signal], NULL) != NULL)
            uninstall(signal);
    }
    atomic_store(&walkers, 0);
    pthread_mutex_unlock(&lock);
}
