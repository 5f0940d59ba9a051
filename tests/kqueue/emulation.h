/* What tests may ask of the emulated kernel beside sys/event.h. */
#ifndef BROOD_TEST_EMULATION_H
#define BROOD_TEST_EMULATION_H

#include <stdbool.h>

/* In what the systems differ; false: as FreeBSD.  BROOD_TEST_KQUEUE=others in the
 * environment sets the first three from the beginning. */
struct emulated_manners {
    bool no_user_events;      /* EVFILT_USER is EINVAL: older NetBSDs and OpenBSDs              */
    bool zombies_are_unknown; /* EVFILT_PROC on one is ESRCH: macOS, NetBSD, OpenBSD            */
    bool gone_stays;       /* EV_EOF on a pipe's EVFILT_WRITE without EV_ONESHOT: macOS, NetBSD  */
    bool gone_is_ebadf;    /* and EBADF where FreeBSD refuses such a filter with EPIPE: NetBSD   */
    bool exit_comes_early; /* NOTE_EXIT before anything can be waited for, as at times on
                                 macOS: here while the process still runs                       */
};
extern struct emulated_manners emulated_manners;

/* How often a process could not be watched any more. */
extern unsigned emulated_unknown;

/* Descriptors of this process that a real kernel would not need. */
int emulated_descriptors(void);

#endif
