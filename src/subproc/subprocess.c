/* The subprocess transport: one child, up to three pipes, and the order in which
 * the protocol hears of them. */
#include "subprocess.h"

#include "memory.h"
#include "pipe.h"
#include "spawn.h"
#include "watcher.h"

struct brood_subprocess {
    struct brood__owned owned;
    brood_loop *loop;
    const brood_subprocess_protocol *protocol;
    void *arg;
    struct brood__child child;
    struct brood__post post; /* connection_made, then freeing                    */
    uint8_t pipes;           /* bit n: there is one on the child's n, behind this */
    uint8_t connected;       /* pipes that have not been lost                    */
    bool made;               /* connection_made has returned                     */
    bool told_exit;          /* process_exited has returned                      */
    bool closing, lost;      /* closed by its owner; connection_lost has returned */
    bool detached;           /* nobody minds it any more, but for its zombie     */
};

static const brood_pipe_protocol *const pipe_protocols[3];

static void run_made(struct brood__post *post);
static void child_exited(struct brood__child *child);
static void destroy(struct brood__owned *owned);

/* ---- starting ------------------------------------------------------------- */

static size_t size_of_pipe(int fd)
{
    return fd == 0 ? sizeof(struct brood__write_pipe) : sizeof(struct brood__read_pipe);
}

/* A pipe's place behind the transport; NULL: there is none on this descriptor. */
static brood_pipe *pipe_of(const brood_subprocess *transport, int fd)
{
    size_t at = sizeof *transport;
    if ((transport->pipes & 1 << fd) == 0)
        return NULL;
    for (int before = 0; before < fd; before++)
        at += (transport->pipes & 1 << before) != 0 ? size_of_pipe(before) : 0;
    return (brood_pipe *)((uintptr_t)transport + at);
}

/* With as many pipes behind it as there are ends to connect. */
static brood_subprocess *alloc_transport(const intptr_t ends[3])
{
    size_t size = sizeof(brood_subprocess);
    for (int fd = 0; fd < 3; fd++)
        size += ends[fd] >= 0 ? size_of_pipe(fd) : 0;
    return brood__alloc(size);
}

static void dispose_of(const intptr_t ends[3])
{
    for (int fd = 0; fd < 3; fd++)
        if (ends[fd] >= 0)
            brood__pipe_dispose(ends[fd], false);
}

static void destroy_pipes(brood_subprocess *transport)
{
    for (int fd = 0; fd < 3; fd++)
        if (pipe_of(transport, fd) != NULL)
            brood__pipe_destroy(pipe_of(transport, fd));
}

/* Takes over all three descriptors, also when it fails. */
static int connect_pipes(brood_subprocess *transport, const intptr_t ends[3],
                         const brood_spawn_options *options)
{
    const int kinds[] = {options->in.kind, options->out.kind, options->err.kind};
    bool one_socket = kinds[0] == BROOD_SOCKET && kinds[1] == BROOD_SOCKET;
    int error = 0;
    for (int fd = 0; fd < 3; fd++) {
        if (ends[fd] < 0)
            continue;
        transport->pipes |= (uint8_t)(1 << fd);
        if (error == 0)
            error = brood__pipe_init(pipe_of(transport, fd), transport->loop, ends[fd], fd == 0,
                                     pipe_protocols[fd], transport);
        if (error < 0) {
            transport->pipes &= (uint8_t) ~(1 << fd);
            brood__pipe_dispose(ends[fd], false);
            continue;
        }
        if (kinds[fd] == BROOD_SOCKET)
            brood__pipe_on_socket(pipe_of(transport, fd), one_socket && fd < 2);
        transport->connected++;
    }
    if (error < 0)
        destroy_pipes(transport);
    return error;
}

/* Everything that can fail comes before the child, but for its birth itself and
 * the very last step of watching it. */
static int start(brood_subprocess *transport, struct brood__spawn *spawn, const intptr_t ends[3],
                 const brood_spawn_options *options)
{
    brood_loop *loop = transport->loop;
    int error = connect_pipes(transport, ends, options);
    if (error < 0)
        return brood__spawn_failed(options, error, "memory", "");
    error = brood__spawn_start(spawn, loop, &transport->child);
    if (error == 0) {
        error = brood__watcher_add(loop, &transport->child);
        if (error == 0)
            return 0;
        brood__spawn_failed(options, error, "watch", "");
        brood__child_destroy(&transport->child);
    }
    destroy_pipes(transport);
    return error;
}

int brood_subprocess_exec(brood_loop *loop, const brood_subprocess_protocol *protocol, void *arg,
                          const brood_spawn_options *options, brood_subprocess **made)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return brood__spawn_failed(options, error, "options", "loop");
    if (protocol == NULL || made == NULL)
        return brood__spawn_failed(options, BROOD_EINVAL, "options",
                                   "protocol or transport is missing");
    error = brood__watcher_prepare(loop);
    if (error < 0)
        return brood__spawn_failed(options, error, "watch", "");

    struct brood__spawn *spawn;
    intptr_t ends[3];
    error = brood__spawn_open(options, &spawn, ends);
    if (error < 0)
        return error;
    brood_subprocess *transport = alloc_transport(ends);
    if (transport == NULL) {
        dispose_of(ends);
        brood__spawn_close(spawn);
        return brood__spawn_failed(options, BROOD_ENOMEM, "memory", "");
    }
    transport->loop = loop;
    transport->protocol = protocol;
    transport->arg = arg;
    transport->child.process = -1;
    transport->child.exited = child_exited;
    transport->child.tree = options->kill_tree;
    brood__list_init(&transport->child.link);
    brood__post_init(&transport->post, run_made);
    error = start(transport, spawn, ends, options);
    brood__spawn_close(spawn);
    if (error < 0) {
        brood__free(transport);
        return error;
    }
    transport->owned.kind = "subprocess";
    transport->owned.destroy = destroy;
    brood__loop_own(loop, &transport->owned);
    brood__loop_post(loop, &transport->post);
    *made = transport;
    return 0;
}

/* ---- events --------------------------------------------------------------- */

static void free_later(struct brood__post *post)
{
    brood__free(BROOD__CONTAINER(post, brood_subprocess, post));
}

static void free_if_over(brood_subprocess *transport)
{
    if (!transport->lost || !transport->closing)
        return;
    brood__child_release(&transport->child);
    brood__loop_disown(&transport->owned);
    transport->post.run = free_later;
    brood__loop_post_closing(transport->loop, &transport->post);
}

/* The last event, after the exit and the loss of every pipe. */
static void check_lost(brood_subprocess *transport)
{
    if (!transport->told_exit || transport->connected > 0 || transport->lost ||
        brood__loop_check(transport->loop) < 0)
        return;
    if (transport->protocol->connection_lost != NULL)
        transport->protocol->connection_lost(transport->arg, 0);
    transport->lost = true;
    free_if_over(transport);
}

/* What the child had written is in its pipes now: the protocol gets that first.  Into a sink
 * it comes after this too: to make room for all of it now would only cost memory. */
static void tell_exit(brood_subprocess *transport)
{
    for (int fd = 1; fd < 3; fd++)
        if (pipe_of(transport, fd) != NULL && !brood__pipe_has_sink(pipe_of(transport, fd)))
            brood__pipe_read_rest(pipe_of(transport, fd));
    if (brood__loop_check(transport->loop) < 0)
        return;
    if (transport->protocol->process_exited != NULL)
        transport->protocol->process_exited(transport->arg);
    transport->told_exit = true;
    check_lost(transport);
}

static void child_exited(struct brood__child *child)
{
    brood_subprocess *transport = BROOD__CONTAINER(child, brood_subprocess, child);
    if (transport->made) /* else run_made will tell */
        tell_exit(transport);
}

static void run_made(struct brood__post *post)
{
    brood_subprocess *transport = BROOD__CONTAINER(post, brood_subprocess, post);
    if (transport->protocol->connection_made != NULL)
        transport->protocol->connection_made(transport->arg, transport);
    transport->made = true;
    for (int fd = 0; fd < 3 && brood__loop_check(transport->loop) == 0; fd++)
        if (pipe_of(transport, fd) != NULL)
            brood__pipe_begin(pipe_of(transport, fd));
    if (transport->child.ended && brood__list_empty(&transport->child.link) &&
        brood__loop_check(transport->loop) == 0)
        tell_exit(transport);
}

static void pipe_data(brood_subprocess *transport, int fd, const void *data, size_t len)
{
    if (transport->protocol->pipe_data_received != NULL)
        transport->protocol->pipe_data_received(transport->arg, fd, data, len);
}

static void pipe_lost(brood_subprocess *transport, int fd, int error)
{
    if (transport->protocol->pipe_connection_lost != NULL)
        transport->protocol->pipe_connection_lost(transport->arg, fd, error);
    transport->connected--;
    check_lost(transport);
}

static void pause_writing(void *arg)
{
    brood_subprocess *transport = arg;
    if (transport->protocol->pause_writing != NULL)
        transport->protocol->pause_writing(transport->arg);
}

static void resume_writing(void *arg)
{
    brood_subprocess *transport = arg;
    if (transport->protocol->resume_writing != NULL)
        transport->protocol->resume_writing(transport->arg);
}

/* A pipe that says by itself which one it is needs no memory to remember it in. */
static void stdin_lost(void *arg, int error)
{
    pipe_lost(arg, 0, error);
}

static void stdout_data(void *arg, const void *data, size_t len)
{
    pipe_data(arg, 1, data, len);
}

static void stdout_lost(void *arg, int error)
{
    pipe_lost(arg, 1, error);
}

static void stderr_data(void *arg, const void *data, size_t len)
{
    pipe_data(arg, 2, data, len);
}

static void stderr_lost(void *arg, int error)
{
    pipe_lost(arg, 2, error);
}

static const brood_pipe_protocol stdin_protocol = {
    .connection_lost = stdin_lost,
    .pause_writing = pause_writing,
    .resume_writing = resume_writing,
};
static const brood_pipe_protocol stdout_protocol = {
    .data_received = stdout_data,
    .connection_lost = stdout_lost,
};
static const brood_pipe_protocol stderr_protocol = {
    .data_received = stderr_data,
    .connection_lost = stderr_lost,
};
static const brood_pipe_protocol *const pipe_protocols[3] = {&stdin_protocol, &stdout_protocol,
                                                             &stderr_protocol};

/* ---- ending --------------------------------------------------------------- */

static void abort_pipes(brood_subprocess *transport)
{
    for (int fd = 0; fd < 3; fd++)
        if (pipe_of(transport, fd) != NULL)
            brood_pipe_abort(pipe_of(transport, fd));
}

void brood_subprocess_close(brood_subprocess *transport)
{
    if (transport == NULL || brood__loop_check(transport->loop) < 0)
        return;
    if (transport->closing) {
        abort_pipes(transport);
        return;
    }
    transport->closing = true;
    if (transport->lost) {
        /* A tree may outlive its leader. */
        brood__child_kill_rest(&transport->child);
        free_if_over(transport);
        return;
    }
    bool killed = !brood__child_has_ended(&transport->child);
    if (killed) /* ESRCH and EPERM (it has another user) are no news here */
        brood__child_kill(&transport->child);
    else
        brood__child_kill_rest(&transport->child);
    if (killed)
        abort_pipes(transport);
    for (int fd = 0; fd < 3; fd++)
        if (pipe_of(transport, fd) != NULL)
            brood_pipe_close(pipe_of(transport, fd));
}

void brood__subprocess_detach(brood_subprocess *transport)
{
    static const brood_subprocess_protocol nobody = {0};
    transport->protocol = &nobody;
    transport->closing = transport->detached = true;
    transport->owned.kind = NULL; /* no leftover: it was meant to be */
    for (int fd = 0; fd < 3; fd++)
        if (pipe_of(transport, fd) != NULL)
            brood_pipe_close(pipe_of(transport, fd));
    free_if_over(transport);
}

/* For the end of the loop: no callbacks, and nothing of the child remains. */
static void destroy(struct brood__owned *owned)
{
    brood_subprocess *transport = BROOD__CONTAINER(owned, brood_subprocess, owned);
    brood__loop_withdraw(&transport->post);
    if (brood__loop_check(transport->loop) < 0)
        brood__child_forget(&transport->child);
    else if (transport->detached)
        brood__child_leave(&transport->child);
    else
        brood__child_destroy(&transport->child);
    destroy_pipes(transport);
    brood__free(transport);
}

/* ---- questions and signals --------------------------------------------------- */

int64_t brood_subprocess_pid(const brood_subprocess *transport)
{
    return transport == NULL ? -1 : transport->child.pid;
}

bool brood_subprocess_returncode(const brood_subprocess *transport, brood_returncode *returncode)
{
    if (transport == NULL || !transport->child.ended)
        return false;
    if (returncode != NULL)
        *returncode = transport->child.returncode;
    return true;
}

void brood__subprocess_hasten(brood_subprocess *transport)
{
    brood__child_hasten(&transport->child);
}

int brood__subprocess_usage(const brood_subprocess *transport, brood_usage *usage)
{
    if (!transport->child.ended)
        return BROOD_EAGAIN;
    if (transport->child.usage_lost)
        return BROOD_ELOST;
    *usage = transport->child.usage;
    return 0;
}

brood_pipe *brood_subprocess_pipe(const brood_subprocess *transport, int fd)
{
    return transport == NULL || fd < 0 || fd > 2 ? NULL : pipe_of(transport, fd);
}

bool brood_subprocess_is_closing(const brood_subprocess *transport)
{
    return transport == NULL || transport->closing;
}

static int check_signal(const brood_subprocess *transport)
{
    return transport == NULL ? BROOD_EINVAL : brood__loop_check(transport->loop);
}

int brood_subprocess_send_signal(brood_subprocess *transport, int signal)
{
    int error = check_signal(transport);
    return error < 0 ? error : brood__child_signal(&transport->child, signal);
}

int brood_subprocess_terminate(brood_subprocess *transport)
{
    int error = check_signal(transport);
    return error < 0 ? error : brood__child_terminate(&transport->child);
}

int brood_subprocess_kill(brood_subprocess *transport)
{
    int error = check_signal(transport);
    return error < 0 ? error : brood__child_kill(&transport->child);
}
