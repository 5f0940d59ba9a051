/* The child watcher on Unix.
 *
 * Each loop watches its own children and asks about no others.  Which child has ended is
 * asked of the index (reap.h), whose answer costs the same among ten children and ten
 * thousand, and which the loop polls.  A child that the index could not take is asked in
 * turn whenever SIGCHLD rings the bell, and now and then by the clock, for a host that has
 * taken the bell away.  The bell is hung when the first such child comes, so that
 * SIGCHLD is the host's alone until then, and it is deaf while there are none;
 * BROOD_WATCH_PROCFD is the same watcher without a bell.
 *
 * A host that ignores SIGCHLD has the system take its children's statuses: then the bell is
 * hung at once, whose handler ends that. */
#include <errno.h>
#include <signal.h>
#include <sys/types.h>

#include "io_posix.h"
#include "memory.h"
#include "reap.h"
#include "signals.h"
#include "watcher.h"

enum { BATCH = 64 };
#define FIRST_PACE_NS ((brood_time)1000000)
#define SOON_PACE_NS  ((brood_time)20000000)  /* the slowest where nothing else will tell */
#define LAST_PACE_NS  ((brood_time)500000000) /* and for others                     */

struct brood__watcher {
    struct brood__owned owned;
    brood_loop *loop;
    int index; /* -1: the system has none */
    struct brood__channel channel;
    struct brood__op poll; /* of the index */
    struct brood__signal_watch bell;
    bool has_bell;
    struct brood__timer clock; /* runs while others are left */
    brood_time pace, slowest;  /* of the clock; pace 0: it does not run */
    struct brood__post ask;    /* the others, in the next round */
    uint64_t collected;        /* the loop's round in which the index was last asked */
    struct brood__link indexed, others;
};

static void collect(struct brood__watcher *watcher);
static void index_ready(struct brood__op *op, void *unused);
static void bell_rang(struct brood__signal_watch *bell);
static void destroy(struct brood__owned *owned);
static void clock_struck(struct brood__timer *timer);
static void ask_now(struct brood__post *post);

static const struct brood__op_type type = {.done = index_ready};

/* ---- a watcher ------------------------------------------------------------ */

static int open_index(struct brood__watcher *watcher)
{
    watcher->index = brood__index_open();
    if (watcher->index < 0)
        return watcher->index;
    int error = brood__attach(watcher->loop, &watcher->channel, watcher->index);
    if (error < 0) {
        brood__index_close(watcher->index, false);
        watcher->index = -1;
        return error;
    }
    watcher->poll = (struct brood__op){.kind = BROOD__POLL_IN, .type = &type};
    brood__submit(watcher->loop, &watcher->channel, &watcher->poll);
    return watcher->poll.state == BROOD__SETTLED ? (int)watcher->poll.result : 0;
}

static bool may_have_bell(const struct brood__watcher *watcher)
{
    return watcher->loop->options.child_watcher == BROOD_WATCH_SIGCHLD;
}

static int open_bell(struct brood__watcher *watcher)
{
    watcher->bell =
        (struct brood__signal_watch){.signal = SIGCHLD, .call = bell_rang, .deaf = true};
    int error = brood__signal_watch_start(watcher->loop, &watcher->bell);
    watcher->has_bell = error == 0;
    return error;
}

int brood__watcher_prepare(brood_loop *loop)
{
    if (loop->watcher != NULL)
        return 0;
    struct brood__watcher *watcher = brood__alloc(sizeof *watcher);
    if (watcher == NULL)
        return BROOD_ENOMEM;
    watcher->loop = loop;
    watcher->index = -1;
    watcher->slowest = LAST_PACE_NS;
    brood__list_init(&watcher->indexed);
    brood__list_init(&watcher->others);
    watcher->owned.destroy = destroy;
    watcher->clock.fire = clock_struck;
    brood__post_init(&watcher->ask, ask_now);
    brood__loop_own(loop, &watcher->owned);

    int error = open_index(watcher);
    if (error == BROOD_ENOSYS && may_have_bell(watcher))
        error = 0;
    if (error == 0 && may_have_bell(watcher) && (watcher->index < 0 || brood__children_are_lost()))
        error = open_bell(watcher);
    if (error == BROOD_EBUSY && watcher->index >= 0)
        error = 0; /* the host's handlers leave no room for the bell: the index does alone */
    if (error < 0) {
        brood__loop_disown(&watcher->owned);
        destroy(&watcher->owned);
        return error;
    }
    loop->watcher = watcher;
    return 0;
}

/* Its children have gone before it. */
static void destroy(struct brood__owned *owned)
{
    struct brood__watcher *watcher = BROOD__CONTAINER(owned, struct brood__watcher, owned);
    brood__timer_cancel(&watcher->loop->timers, &watcher->clock);
    brood__loop_withdraw(&watcher->ask);
    if (watcher->has_bell)
        brood__signal_watch_stop(&watcher->bell);
    if (watcher->index >= 0) {
        brood__abandon(watcher->loop, &watcher->channel);
        brood__index_close(watcher->index, brood__loop_check(watcher->loop) < 0);
    }
    watcher->loop->watcher = NULL;
    brood__free(watcher);
}

bool brood__watcher_needs_handle(const brood_loop *loop)
{
    return brood__index_by_handle && loop->options.child_watcher == BROOD_WATCH_PROCFD;
}

/* ---- the others ----------------------------------------------------------- */

/* While there are none, the index tells of every end, and the bell would only wake the loop
 * for it a second time. */
static void add_other(struct brood__child *child)
{
    if (child->watcher->has_bell)
        atomic_store(&child->watcher->bell.deaf, false);
    brood__list_append(&child->watcher->others, &child->link);
}

/* A clock without others would wake the loop for nothing. */
static void rest_without_others(struct brood__watcher *watcher)
{
    if (!brood__list_empty(&watcher->others))
        return;
    if (watcher->has_bell)
        atomic_store(&watcher->bell.deaf, true);
    brood__timer_cancel(&watcher->loop->timers, &watcher->clock);
    watcher->pace = 0;
    watcher->slowest = LAST_PACE_NS;
}

/* ---- watching ------------------------------------------------------------- */

/* The others are asked by the clock too: in so much time, later if they are still there. */
static void ask_within(struct brood__watcher *watcher, brood_time pace)
{
    if (watcher->pace != 0 && watcher->pace <= pace)
        return;
    brood__timer_cancel(&watcher->loop->timers, &watcher->clock);
    watcher->pace = pace;
    brood__timer_add(&watcher->loop->timers, &watcher->clock,
                     brood__loop_now(watcher->loop) + pace);
}

int brood__watcher_add(brood_loop *loop, struct brood__child *child)
{
    struct brood__watcher *watcher = loop->watcher;
    child->watcher = watcher;
    int error = watcher->index < 0 ? BROOD_ENOSYS : brood__index_add(watcher->index, child);
    if (error == 0) {
        child->indexed = true;
        brood__list_append(&watcher->indexed, &child->link);
        return 0;
    }
    bool ending = error == BROOD_ESRCH, barred = error == BROOD_EPERM;
    if (!ending && !barred && !may_have_bell(watcher))
        return error;
    if (!ending && !watcher->has_bell && may_have_bell(watcher))
        open_bell(watcher);
    add_other(child);
    if (!ending && watcher->has_bell) {
        ask_within(watcher, LAST_PACE_NS);
        brood__signal_watch_ring(&watcher->bell); /* it may have ended while that was deaf */
        return 0;
    }
    if (!ending && !barred) /* nothing else will tell */
        watcher->slowest = SOON_PACE_NS;
    brood__loop_post(loop, &watcher->ask);
    return 0;
}

static void stop_watching(struct brood__child *child)
{
    if (child->indexed)
        brood__index_remove(child->watcher->index, child);
    child->indexed = false;
    brood__list_remove(&child->link);
}

/* The leader of a tree stays a zombie until it is released: as long as it does,
 * the number of its group belongs to nobody else. */
static bool look(struct brood__child *child, enum brood__reap how)
{
    if (!child->ended)
        child->ended =
            brood__process_reap(child, child->tree && how == BROOD__REAP ? BROOD__LOOK : how);
    return child->ended;
}

/* The kernel says that it has ended, but its status is not to be had yet: a tracer
 * has it first, or the end is told a moment early (macOS). */
static void defer(struct brood__child *child)
{
    stop_watching(child);
    add_other(child);
    child->watcher->slowest = SOON_PACE_NS;
    ask_within(child->watcher, FIRST_PACE_NS);
}

/* `told`: the index has. */
static void notice(struct brood__child *child, bool told)
{
    if (brood__list_empty(&child->link) || brood__loop_check(child->watcher->loop) < 0)
        return;
    if (!look(child, BROOD__REAP)) {
        if (told)
            defer(child);
        return;
    }
    stop_watching(child);
    if (!child->tree)
        brood__child_release(child);
    child->exited(child);
}

static void ask_others(struct brood__watcher *watcher)
{
    struct brood__link asking, *link;
    brood__list_move(&asking, &watcher->others);
    while ((link = brood__list_take(&asking)) != NULL) {
        brood__list_append(&watcher->others, link); /* where a forked child leaves it */
        notice(BROOD__CONTAINER(link, struct brood__child, link), false);
    }
    rest_without_others(watcher);
}

/* And once more in so much time if any are left. */
static void ask_others_until_none(struct brood__watcher *watcher, brood_time pace)
{
    ask_others(watcher);
    if (brood__loop_check(watcher->loop) == 0 && !brood__list_empty(&watcher->others))
        ask_within(watcher, pace);
}

/* A callback may close other children of the batch; they are freed at the end of
 * the round at the earliest. */
static void collect(struct brood__watcher *watcher)
{
    struct brood__child *batch[BATCH];
    int count = BATCH;
    while (watcher->index >= 0 && watcher->collected != watcher->loop->round && count == BATCH &&
           brood__loop_check(watcher->loop) == 0) {
        count = brood__index_take(watcher->index, batch, BATCH);
        for (int i = 0; i < count; i++)
            batch[i]->indexed = false;
        for (int i = 0; i < count; i++)
            notice(batch[i], true);
    }
    watcher->collected = watcher->loop->round;
}

static void clock_struck(struct brood__timer *timer)
{
    struct brood__watcher *watcher = BROOD__CONTAINER(timer, struct brood__watcher, clock);
    brood_time pace = watcher->pace;
    watcher->pace = 0;
    ask_others_until_none(watcher, pace < watcher->slowest / 2 ? pace * 2 : watcher->slowest);
}

/* A child that the index did not take: if it was ending, as a rule, it is a zombie by now. */
static void ask_now(struct brood__post *post)
{
    ask_others_until_none(BROOD__CONTAINER(post, struct brood__watcher, ask), FIRST_PACE_NS);
}

static void index_ready(struct brood__op *op, void *unused)
{
    (void)unused;
    struct brood__watcher *watcher = BROOD__CONTAINER(op, struct brood__watcher, poll);
    collect(watcher);
    if (brood__loop_check(watcher->loop) < 0)
        return;
    brood__submit(watcher->loop, &watcher->channel, op);
}

static void bell_rang(struct brood__signal_watch *bell)
{
    struct brood__watcher *watcher = BROOD__CONTAINER(bell, struct brood__watcher, bell);
    collect(watcher);
    ask_others(watcher);
}

/* ---- one child ------------------------------------------------------------ */

bool brood__child_has_ended(struct brood__child *child)
{
    return child->ended || brood__process_reap(child, BROOD__LOOK);
}

/* The next round asks the system itself. */
void brood__child_hasten(struct brood__child *child)
{
    (void)child;
}

int brood__child_signal(struct brood__child *child, int signal)
{
    if (brood__child_has_ended(child))
        return BROOD_ESRCH;
    return brood__process_signal(child, signal);
}

int brood__child_terminate(struct brood__child *child)
{
    return brood__child_signal(child, SIGTERM);
}

/* A group is as good as its leader: signalled by number, but only while the
 * leader is there to hold the number. */
int brood__child_kill(struct brood__child *child)
{
    if (!child->tree)
        return brood__child_signal(child, SIGKILL);
    if (child->reaped)
        return BROOD_ESRCH;
    int group = kill((pid_t)-child->pid, SIGKILL) < 0 ? -errno : 0;
    int leader = brood__child_signal(child, SIGKILL); /* it may have left its group */
    return group == 0 || leader == 0 ? 0 : group;
}

void brood__child_kill_rest(struct brood__child *child)
{
    if (child->tree)
        brood__child_kill(child);
}

void brood__child_release(struct brood__child *child)
{
    if (child->ended && !child->reaped) {
        brood__process_reap(child, BROOD__REAP);
        child->reaped = true;
    }
    if (child->process >= 0)
        brood__io_close((int)child->process);
    child->process = -1;
}

void brood__child_destroy(struct brood__child *child)
{
    int error = 0;
    if (!brood__list_empty(&child->link)) {
        stop_watching(child);
        rest_without_others(child->watcher);
    }
    if (!child->reaped && (child->tree || !brood__child_has_ended(child)))
        error = brood__child_kill(child);
    if (child->tree && !brood__child_has_ended(child)) /* the group may have heard, it not */
        error = brood__process_signal(child, SIGKILL);
    if (!child->reaped)
        brood__process_reap(child, error == BROOD_EPERM ? BROOD__REAP : BROOD__WAIT);
    child->ended = child->reaped = true;
    brood__child_release(child);
}

void brood__child_leave(struct brood__child *child)
{
    if (!brood__list_empty(&child->link))
        stop_watching(child);
    look(child, BROOD__REAP);
    if (child->process >= 0)
        brood__io_close((int)child->process);
    child->process = -1;
}

void brood__child_forget(struct brood__child *child)
{
    brood__list_remove(&child->link);
    brood__io_close((int)child->process);
    child->process = -1;
}
