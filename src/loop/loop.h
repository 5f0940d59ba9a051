/* The loop as the layers above it see it: intrusive counterparts of what brood.h
 * offers, which need no memory of their own, and what a loop owns. */
#ifndef BROOD_LOOP_H
#define BROOD_LOOP_H

#include <stdatomic.h>

#include "backend.h"
#include "brood.h"
#include "compiler.h"
#include "list.h"
#include "stack.h"
#include "timer.h"

/* A call that the loop makes in its next round. */
struct brood__post {
    struct brood__link link;
    void (*run)(struct brood__post *post);
};

/* Something that must not outlive its loop: freed by destroy, without a callback,
 * when the loop is closed before it. */
struct brood__owned {
    struct brood__link link;
    const char *kind; /* for the report of leftovers: "subprocess", "pipe" */
    void (*destroy)(struct brood__owned *owned);
};

struct brood__remote_call;   /* posted.c        */
struct brood__signal_watch;  /* signal_posix.c  */
struct brood__foreign_watch; /* watch_posix.c   */
struct brood__watcher;       /* src/subproc     */

/* Descriptors of low numbers that the loop holds for the sake of the numbers: reserve_linux.c. */
enum { BROOD__RESERVE = 3 }; /* as many as a child has standard ones */
struct brood__reserve {
    int filler;              /* what they are copies of */
    int fds[BROOD__RESERVE]; /* 0: none */
};

/* How many stacks of ended tasks a loop keeps for the next ones. */
enum { BROOD__SPARE_STACKS = 64 };

struct brood_loop {
    struct brood__backend *backend;
    brood_loop_options options;
    uint64_t round;
    uint64_t polls;    /* how often the system was asked             */
    unsigned unpolled; /* how many rounds ago, when an answer was there */
    bool running, stopping;
    bool stepping;       /* by brood_loop_step: whose round waits only if it has run nothing */
    bool closing;        /* its tasks are brought to their ends */
    const bool *awaited; /* whoever drives it waits for this to be true */
    unsigned forks;      /* of the process that opened it      */
    const void *runner;  /* identifies the thread that runs it */
    brood_loop *outer;   /* which ran there before, and will again */
    brood_loop **owner;  /* where its thread has it, whose default loop it is; or NULL */

    struct brood__reserve reserve;
    struct brood__timers timers;
    struct brood__link posts;    /* for the next round                           */
    struct brood__link batch;    /* those of the present one                     */
    struct brood__link closings; /* run at the end of the round: to free memory  */
    struct brood__link owned;
    brood_handle *free_handles;
    size_t free_handle_count;

    _Atomic(struct brood__remote_call *) remote; /* from other threads, latest first */
    atomic_bool signalled;                       /* some signal watch has something  */
    struct brood__link signals;                  /* brood__signal_watch              */
    struct brood__link foreign;                  /* brood__foreign_watch             */
    struct brood__watcher *watcher;              /* made at the first child          */

    brood_task *current;      /* the one that runs now                          */
    struct brood__link tasks; /* brood_task: all that have not been freed       */
    struct brood__stack spare_stacks[BROOD__SPARE_STACKS];
    size_t spare_stack_count;
    char *spare_block; /* or NULL; memory that was read into, for whoever reads next */
    size_t spare_size;
};

/* brood_loop_open with a backend of one's choice, which the loop then owns. */
int brood__loop_open_with(brood_loop **loop, const brood_loop_options *options,
                          struct brood__backend *backend);

/* The loop that runs in the calling thread, the innermost one; or NULL. */
brood_loop *brood__loop_running(void);

/* What a caller gave as its loop: NULL becomes the one that runs here, or else the
 * thread's own; then checked. */
int brood__loop_resolve(brood_loop **loop);

/* Rounds until *over: 0.  BROOD_ETIMEDOUT at the deadline, after one more look;
 * BROOD_ECANCELED when brood_loop_stop came first; BROOD_EBUSY. */
int brood__loop_drive(brood_loop *loop, const bool *over, brood_time deadline);

/* A closing runs once, after everything else of the round.  Posting what is
 * posted already is harmless, and so is withdrawing what is not. */
void brood__loop_post(brood_loop *loop, struct brood__post *post);
void brood__loop_post_closing(brood_loop *loop, struct brood__post *post);
void brood__loop_withdraw(struct brood__post *post);
void brood__post_init(struct brood__post *post, void (*run)(struct brood__post *post));

void brood__loop_own(brood_loop *loop, struct brood__owned *owned);
void brood__loop_disown(struct brood__owned *owned);

/* Debug only: one line for the program's log. */
void brood__loop_log(const brood_loop *loop, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The parts of a loop that have files of their own. */
void brood__posted_collect(brood_loop *loop); /* remote calls join the posts         */
void brood__posted_discard(brood_loop *loop);
void brood__signals_dispatch(brood_loop *loop); /* runs the callbacks of signals that came */
void brood__signals_close(brood_loop *loop);
void brood__foreign_close(brood_loop *loop);
int brood__reserve_open(struct brood__reserve *reserve, int filler);
void brood__reserve_close(struct brood__reserve *reserve);
int brood__procfd_check(void); /* 0, ENOSYS: no process descriptors here; EMFILE, ... */

/* Counts forks in the child; the parent's stays as it is.  To be watched first: ENOMEM. */
extern unsigned brood__forks;
int brood__fork_watch(void);

/* 0; BROOD_EINVAL for NULL; BROOD_EFORK in a child of the process that opened it. */
static inline int brood__loop_check(const brood_loop *loop)
{
    if (loop == NULL)
        return BROOD_EINVAL;
    return loop->forks == brood__forks ? 0 : BROOD_EFORK;
}

/* Whether other threads have called. */
static inline bool brood__posted_pending(const brood_loop *loop)
{
    return atomic_load(&loop->remote) != NULL;
}

/* Shorthands for the backend's table. */
static inline brood_time brood__loop_now(const brood_loop *loop)
{
    return loop->backend->table->now(loop->backend);
}

static inline void brood__submit(brood_loop *loop, struct brood__channel *channel,
                                 struct brood__op *op)
{
    loop->backend->table->submit(loop->backend, channel, op);
}

static inline void brood__cancel(brood_loop *loop, struct brood__op *op)
{
    if (op->state != BROOD__IDLE)
        loop->backend->table->cancel(loop->backend, op);
}

static inline int brood__attach(brood_loop *loop, struct brood__channel *channel, intptr_t handle)
{
    return loop->backend->table->attach(loop->backend, channel, handle);
}

static inline void brood__abandon(brood_loop *loop, struct brood__channel *channel)
{
    loop->backend->table->abandon(loop->backend, channel);
}

static inline void brood__detach(brood_loop *loop, struct brood__channel *channel)
{
    loop->backend->table->detach(loop->backend, channel);
}

#endif
