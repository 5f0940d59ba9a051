/* Reading and writing descriptors without surprises: no errno, no EINTR, and no
 * SIGPIPE for the host, whatever it does with that signal. */
#ifndef BROOD_IO_POSIX_H
#define BROOD_IO_POSIX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Bytes, or a negative code. */
ptrdiff_t brood__io_read(int fd, void *data, size_t len);
ptrdiff_t brood__io_writev(int fd, const struct iovec *parts, int count);

/* brood__io_writev to a socket, for which every system but macOS has a flag of the call. */
ptrdiff_t brood__io_send(int fd, const struct iovec *parts, int count);

/* The same with SIGPIPE blocked and taken back: for systems that have no flag. */
ptrdiff_t brood__io_writev_guarded(int fd, const struct iovec *parts, int count);

/* Gives a pipe more room, if the system can and lets us. */
void brood__io_widen(int fd);

/* A pipe, both ends close-on-exec from birth and none of them 0, 1 or 2; ends[0] is for
 * reading.  0 or a negative code. */
int brood__io_pipe(int ends[2]);

/* The same of two sockets, either of which is for both. */
int brood__io_sockets(int ends[2]);

/* The same with any numbers: pipe2_posix.c, or pipe2_darwin.c. */
int brood__io_pipe2(int ends[2]);
int brood__io_sockets2(int ends[2]);

/* 0 or a negative code.  Nothing where a pipe's room is the system's own affair. */
int brood__io_set_pipe_size(int fd, int size);

/* How much may be on its way between two sockets in this direction.  0 or a negative code. */
int brood__io_set_socket_size(int writer, int reader, int size);

/* Writing to a pipe that nobody else writes to raises no SIGPIPE, if there is a flag for it. */
void brood__io_quiet(int fd);

/* 0 if it is open, or EBADF. */
int brood__io_check_open(int fd);

/* close(2), with its result ignored: after EINTR the descriptor is gone too. */
void brood__io_close(int fd);

/* 0 or a negative code. */
int brood__io_set_nonblocking(int fd, bool on);

/* Our descriptors stay out of 0, 1 and 2 even if the host has closed those, so
 * that nothing that it prints lands in them.  Takes `fd` (a negative code is
 * handed through) and returns it or its close-on-exec replacement. */
int brood__io_keep_clear(int fd);

#endif
