/* The vfork-like start on the BSDs: vfork itself.  The child runs on the stack of the
 * calling thread, below this frame, until it execs; the thread is suspended meanwhile.
 * Nothing of this frame is used by the child after its return from vfork but the plan,
 * which neither of the two changes.  The C library's calls must not find there that the
 * thread is to be cancelled: what it would run then is the parent's. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "child.h"

pid_t brood__clone(struct brood__plan *plan, void *stack, size_t size, int *process)
{
    (void)stack, (void)size, (void)process;
    int cancellable;
    plan->clean_handlers = false;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancellable);
    pid_t pid = vfork();
    if (pid == 0)
        brood__child_main(plan);
    int error = errno;
    pthread_setcancelstate(cancellable, NULL);
    return pid < 0 ? -error : pid;
}
