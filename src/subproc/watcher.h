/* The child watcher's contract, and the child that it watches: the part of a
 * subprocess that is about the process itself, and not about its pipes. */
#ifndef BROOD_WATCHER_H
#define BROOD_WATCHER_H

#include "brood.h"
#include "loop.h"

struct brood__child {
    struct brood__link link; /* the watcher's (Unix); in no list: not watched */
    struct brood__watcher *watcher;
    int64_t pid;
    intptr_t process; /* the system's handle of the process (Linux: a pidfd); -1: none */
    intptr_t job;     /* Windows: what its tree is in; 0: none          */
    void *watch;      /* the watcher's own (Windows)                    */
    bool leads_group; /* Windows: a group of the console's                 */
    bool tree;        /* ending it ends the process group that it leads */
    bool indexed;     /* the watcher's: the kernel names it when it ends */
    bool ended;       /* its end has been seen; the return code stands   */
    bool reaped;      /* its pid may belong to somebody else by now      */
    bool usage_lost;  /* it was taken by somebody else                */
    bool told;        /* the index has told its status (BSD): it is in `returncode`   */
    brood_returncode returncode;
    brood_usage usage;
    void (*exited)(struct brood__child *child); /* called by the loop, once */
};

/* Everything that watching one more child needs and that can fail, before there
 * is a child.  ENOSYS, ENOMEM, EMFILE. */
int brood__watcher_prepare(brood_loop *loop);

/* Watch a child that runs, or has ended already.  After a failure it is
 * not watched, and the caller ends it. */
int brood__watcher_add(brood_loop *loop, struct brood__child *child);

/* Whether the loop's watcher can do with children that have no handle. */
bool brood__watcher_needs_handle(const brood_loop *loop);

/* Look now, without reaping.  The loop still notices by itself, and calls exited. */
bool brood__child_has_ended(struct brood__child *child);

/* If it has ended, the loop's next round notices: also where somebody else tells the loop,
 * who may be late. */
void brood__child_hasten(struct brood__child *child);

/* 0, ESRCH when it has ended, EPERM, EINVAL. */
int brood__child_signal(struct brood__child *child, int signal);
int brood__child_terminate(struct brood__child *child);

/* Kill it with its tree, if it has one: also when only descendants are left. */
int brood__child_kill(struct brood__child *child);

/* Kill what is left of the tree of a child that has ended; nothing if it has none. */
void brood__child_kill_rest(struct brood__child *child);

/* Stop watching; kill, reap, and give back what the system holds for it.  Waits
 * for the end of a process that it has killed.  Harmless if repeated. */
void brood__child_destroy(struct brood__child *child);

/* Give back what the system holds for a child that has ended. */
void brood__child_release(struct brood__child *child);

/* Leave a child that may still run to itself: for the end of its loop. */
void brood__child_leave(struct brood__child *child);

/* Forget a child that is another process's: after a fork. */
void brood__child_forget(struct brood__child *child);

#endif
