/* Calls that fail on demand: those of src/backend_kqueue. */
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include <sys/event.h>

#include "faults.h"

WRAP(int, kqueue, (void), (), FAULT_POLLER_OPEN)

#ifdef __NetBSD__
typedef size_t event_count;
#else
typedef int event_count;
#endif

/* What a call is about; waking never fails. */
static int strikes(const struct kevent *change)
{
    if (change == NULL)
        return test_fault_strikes(FAULT_POLLER_WAIT);
#ifdef EVFILT_USER
    if (change->filter == EVFILT_USER)
        return (change->flags & EV_ADD) != 0 && test_fault_strikes(FAULT_WAKER_OPEN);
#endif
    return test_fault_strikes(change->filter == EVFILT_PROC ? FAULT_CHILD_WATCH : FAULT_POLLER_SET);
}

int REAL(kevent)(int kq, const struct kevent *changes, event_count change_count,
                 struct kevent *events, event_count event_count_, const struct timespec *timeout);
int __wrap_kevent(int kq, const struct kevent *changes, event_count change_count,
                  struct kevent *events, event_count max, const struct timespec *timeout);
int __wrap_kevent(int kq, const struct kevent *changes, event_count change_count,
                  struct kevent *events, event_count max, const struct timespec *timeout)
{
    if (strikes(change_count > 0 ? changes : NULL))
        return -1;
    return REAL(kevent)(kq, changes, change_count, events, max, timeout);
}
