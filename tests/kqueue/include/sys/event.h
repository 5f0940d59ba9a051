/* kqueue's interface as FreeBSD has it, as far as it is emulated (emulation.c). */
#ifndef BROOD_TEST_SYS_EVENT_H
#define BROOD_TEST_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    int64_t data;
    void *udata;
};

#define EV_SET(event, i, f, fl, ff, d, u) \
    (*(event) = (struct kevent){          \
         .ident = (i),                    \
         .filter = (short)(f),            \
         .flags = (unsigned short)(fl),   \
         .fflags = (ff),                  \
         .data = (d),                     \
         .udata = (u),                    \
     })

enum { EVFILT_READ_ = -1, EVFILT_WRITE_ = -2, EVFILT_PROC_ = -5, EVFILT_USER_ = -11 };
#define EVFILT_READ  EVFILT_READ_
#define EVFILT_WRITE EVFILT_WRITE_
#define EVFILT_PROC  EVFILT_PROC_
#define EVFILT_USER  EVFILT_USER_

#define EV_ADD       0x0001
#define EV_DELETE    0x0002
#define EV_ONESHOT   0x0010
#define EV_CLEAR     0x0020
#define EV_RECEIPT   0x0040
#define EV_EOF       0x8000
#define EV_ERROR     0x4000

#define NOTE_TRIGGER 0x01000000u
#define NOTE_EXIT    0x80000000u
#ifdef BROOD_TEST_DARWIN /* which tells the status to those who ask for it */
#define NOTE_EXITSTATUS 0x04000000u
#endif

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *timeout);

#endif
