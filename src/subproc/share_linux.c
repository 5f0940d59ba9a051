/* The descriptor table of a child (share.h).
 *
 * Cloned with CLONE_FILES the child shares the table with every thread of the parent
 * until close_range(CLOSE_RANGE_UNSHARE) has given it a copy of the part that lies below
 * plan->table_end (Linux 5.9; used from 6.11 on, see is_mended).  Up to then it changes
 * nothing there, and if it is refused it ends without having closed, duplicated or opened
 * anything.
 *
 * What the child needs may have numbers above all of the parent's thousands.  Then the
 * parent puts copies over the numbers that its loop holds in reserve: nobody else may
 * use those, whatever other threads do with the table meanwhile. */
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io_posix.h"
#include "loop.h"

/* So many entries are part of the kernel's smallest table: there is nothing to be saved. */
enum { SMALLEST_TABLE = 64 };

/* Asked once, by a call that does nothing in any case (EINVAL: it ends before it begins):
 * a child that is refused is one more for a host that counts them.  But a sandbox may come
 * later, or refuse the flag alone. */
enum { UNKNOWN, KNOWN, REFUSED };
static atomic_int leaving = UNKNOWN;

/* Before Linux 6.11 the copy of a part of a large table could be left with wrong bits, by which
 * numbers that are free count as taken (mended by "fix bitmap corruption on close_range() with
 * CLOSE_RANGE_UNSHARE"; older kernels may have it too, but do not say so). */
static bool is_mended(void)
{
    struct utsname name;
    int major = 0, minor = 0;
    return uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 11));
}

static bool can_leave(void)
{
    int known = atomic_load_explicit(&leaving, memory_order_relaxed);
    if (known == UNKNOWN) {
        bool can = is_mended() && brood__sys_leave_table(1, 0) == BROOD_EINVAL;
        known = can ? KNOWN : REFUSED;
        atomic_store(&leaving, known);
    }
    return known == KNOWN;
}

/* ---- the numbers ------------------------------------------------------------- */

/* Our own ends alone: closing a copy of what is lent would release the record locks that the
 * host has on that file (fcntl(F_SETLK): any descriptor of it that is closed takes them all
 * away). */
static void lower(struct brood__fd_move *move, int fd)
{
    if (!move->piped || move->source < SMALLEST_TABLE || fd == 0 || fd >= move->source)
        return;
    if (dup3(move->source, fd, O_CLOEXEC) == fd)
        move->from = fd;
}

void brood__share_begin(struct brood__plan *plan)
{
    plan->table_end = 0;
    if (plan->reserve == NULL || !can_leave())
        return;
    plan->table_end = 3;
    for (size_t i = 0; i < plan->move_count; i++) {
        struct brood__fd_move *move = &plan->moves[i];
        if (plan->move_count <= BROOD__RESERVE)
            lower(move, plan->reserve->fds[i]);
        if (move->from >= plan->table_end)
            plan->table_end = move->from + 1;
    }
}

/* A copy that stayed would keep a pipe open. */
void brood__share_end(struct brood__plan *plan)
{
    for (size_t i = 0; i < plan->move_count; i++) {
        struct brood__fd_move *move = &plan->moves[i];
        if (move->from == move->source)
            continue;
        if (dup3(plan->reserve->filler, move->from, O_CLOEXEC) < 0) {
            brood__io_close(move->from);
            plan->reserve->fds[i] = 0;
        }
        move->from = move->source;
    }
}

/* ---- refusal ------------------------------------------------------------------ */

bool brood__share_refused(struct brood__plan *plan, pid_t pid, int *process)
{
    if (pid <= 0 || plan->progress.phase != BROOD__REFUSED)
        return false;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (process != NULL) {
        brood__io_close(*process);
        *process = -1;
    }
    if (plan->progress.error != BROOD_ENOMEM)
        atomic_store(&leaving, REFUSED);
    plan->progress.phase = BROOD__UNBORN;
    plan->table_end = 0;
    return true;
}
