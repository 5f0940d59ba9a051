/* A completion port by itself, without a loop, and a channel on it: our end of a named
 * pipe, whose other end is an ordinary handle like a child's. */
#ifndef BROOD_TEST_HELPERS_PORT_WINDOWS_H
#define BROOD_TEST_HELPERS_PORT_WINDOWS_H

#include "backend.h"
#include "system_windows.h"

enum { PORT_QUOTA = 4096 }; /* bytes that wait in a pipe, each way */

/* Both ends read and write. */
struct port_pipe {
    HANDLE ours, theirs;
    struct brood__channel channel;
};

struct brood__backend *port_open(void);
void port_close(struct brood__backend *port);

void port_pipe_open(struct brood__backend *port, struct port_pipe *pipe);
void port_pipe_close(struct brood__backend *port, struct port_pipe *pipe); /* nothing in flight */

/* What the program at the other end does. */
void port_put(const struct port_pipe *pipe, const char *text);
size_t port_take(const struct port_pipe *pipe, size_t len); /* all of them; how many there were */
void port_hang_up(struct port_pipe *pipe);

/* How many bytes wait in our end. */
size_t port_available(const struct port_pipe *pipe);

void port_submit(struct brood__backend *port, struct port_pipe *pipe, struct brood__op *op);

/* One wait: how many operations have become ripe, the first ones of them in `ops`, not yet
 * finished. */
size_t port_wait(struct brood__backend *port, brood_time timeout, struct brood__op **ops,
                 size_t room);
bool port_finish(struct brood__backend *port, struct brood__op *op);

/* Waits until this operation, the only one in flight, is done; its result. */
ptrdiff_t port_await(struct brood__backend *port, struct brood__op *op);

/* Nothing is ripe now, nor a moment later. */
void port_expect_nothing(struct brood__backend *port);

#endif
