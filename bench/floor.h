/* Children by bare system calls: what every floor stands on.  vfork and execve, blocking
 * waitpid, epoll over bare pipes. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct floor_child {
    pid_t pid;
    int in, out, err; /* ours; -1: none */
};

enum { FLOOR_IN = 1, FLOOR_OUT = 2, FLOOR_ERR = 4 };

/* Starts argv[0], a path, with pipes on those of 0, 1, 2. */
struct floor_child floor_start(const char *const *argv, unsigned pipes);

/* Waits for its end, which must be a good one, and closes what is still open. */
void floor_end(struct floor_child *child);

/* A pipe of 1 MiB, where it is about bulk. */
void floor_widen(int fd);

/* `whose` comes back in the events of an epoll set, as long as the descriptor is open. */
void floor_watch(int set, int fd, uint64_t whose);

#endif
