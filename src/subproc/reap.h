/* One process, asked and told by the most exact means that the system has: by
 * descriptor where there is one, else by pid.  Unix. */
#ifndef BROOD_REAP_H
#define BROOD_REAP_H

#include <signal.h>
#include <sys/resource.h>

#include "watcher.h"

enum brood__reap {
    BROOD__LOOK, /* leave it a zombie         */
    BROOD__REAP, /* take its status, if ended */
    BROOD__WAIT, /* wait for its end          */
};

/* Whether the child has ended; then returncode is set, to BROOD_ELOST when
 * somebody else took the status. */
bool brood__process_reap(struct brood__child *child, enum brood__reap how);

/* waitid, and what the process has used, with ru_maxrss in KiB; 1 if that is not told, 0,
 * or a negative code. */
int brood__waitid(int type, int64_t id, siginfo_t *info, int options, struct rusage *usage);

/* ---- of the system ---------------------------------------------------------------- */

/* brood__waitid for this process, by the most exact of its names. */
int brood__process_waitid(const struct brood__child *child, siginfo_t *info, int options,
                          struct rusage *usage);

/* The return code after somebody else took the status, if the system still knows it. */
brood_returncode brood__process_taken(const struct brood__child *child);

/* 0 or a negative code.  The child has not been reaped by us. */
int brood__process_signal(const struct brood__child *child, int signal);

/* A descriptor that is readable when the process has ended, or a negative code: ENOSYS
 * where there is no such thing. */
int brood__process_open(int64_t pid);

/* ---- the index: which of many children has ended, at the same cost for any number */

/* A descriptor that is readable when one has; ENOSYS where there is no such thing. */
int brood__index_open(void);
/* forked: in a child of the process that opened it, which goes on using it. */
void brood__index_close(int index, bool forked);
/* Whether it knows children by their handles; else by their pids. */
extern const bool brood__index_by_handle;
/* ESRCH: it has ended, or is about to.  EPERM: the system does not tell of this one, as it is
 * another user's by now. */
int brood__index_add(int index, struct brood__child *child);
void brood__index_remove(int index, struct brood__child *child);
/* Children that have ended, at most `max`; how many.  They are not told of again. */
int brood__index_take(int index, struct brood__child **children, int max);

#endif
