/* Calls that fail on demand: those of src/backend_epoll. */
#include <sys/epoll.h>

#include "faults.h"

WRAP(int, epoll_create1, (int flags), (flags), FAULT_POLLER_OPEN)
WRAP(int, epoll_ctl, (int set, int action, int fd, struct epoll_event *event),
     (set, action, fd, event), FAULT_POLLER_SET)
WRAP(int, epoll_wait, (int set, struct epoll_event *events, int max, int timeout),
     (set, events, max, timeout), FAULT_POLLER_WAIT)
WRAP(int, eventfd, (unsigned count, int flags), (count, flags), FAULT_WAKER_OPEN)
