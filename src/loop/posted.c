/* Calls that the host asks for: soon, at a time, and from other threads. */
#include "loop.h"
#include "memory.h"

/* How many freed handles a loop keeps for the next ones. */
enum { FREE_HANDLES_MAX = 1024 };

/* Posted or waiting for its time, never both; or free, and then only `next` counts. */
struct brood_handle {
    union {
        struct brood__post post;
        struct brood__timer timer;
        brood_handle *next;
    };
    brood_loop *loop;
    brood_callback *call;
    void *arg;
    bool timed;
};

struct brood__remote_call {
    struct brood__post post;
    struct brood__remote_call *next;
    brood_callback *call;
    void *arg;
};

static void run_handle(struct brood__post *post);
static void fire_handle(struct brood__timer *timer);

/* ---- handles ------------------------------------------------------------ */

/* The one that was freed last, which is in a near cache yet. */
static brood_handle *take_handle(brood_loop *loop)
{
    brood_handle *handle = loop->free_handles;
    if (handle == NULL)
        return brood__realloc(NULL, sizeof *handle);
    loop->free_handles = handle->next;
    loop->free_handle_count--;
    return handle;
}

static void free_handle(brood_handle *handle)
{
    brood_loop *loop = handle->loop;
    if (loop->free_handle_count >= FREE_HANDLES_MAX) {
        brood__free(handle);
        return;
    }
    loop->free_handle_count++;
    handle->next = loop->free_handles;
    loop->free_handles = handle;
}

static int make_handle(brood_loop *loop, brood_callback *call, void *arg, brood_handle **made)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (call == NULL)
        return BROOD_EINVAL;
    brood_handle *handle = take_handle(loop);
    if (handle == NULL)
        return BROOD_ENOMEM;
    handle->loop = loop;
    handle->call = call;
    handle->arg = arg;
    *made = handle;
    return 0;
}

int brood_call_soon(brood_loop *loop, brood_callback *call, void *arg, brood_handle **handle)
{
    brood_handle *made;
    int error = make_handle(loop, call, arg, &made);
    if (error < 0)
        return error;
    made->timed = false;
    brood__post_init(&made->post, run_handle);
    brood__loop_post(made->loop, &made->post);
    if (handle != NULL)
        *handle = made;
    return 0;
}

int brood_call_at(brood_loop *loop, brood_time when, brood_callback *call, void *arg,
                  brood_handle **handle)
{
    brood_handle *made;
    int error = make_handle(loop, call, arg, &made);
    if (error < 0)
        return error;
    made->timed = true;
    made->timer.fire = fire_handle;
    made->timer.place = 0;
    brood__timer_add(&made->loop->timers, &made->timer, when);
    if (handle != NULL)
        *handle = made;
    return 0;
}

void brood_handle_cancel(brood_handle *handle)
{
    if (handle == NULL)
        return;
    if (handle->timed)
        brood__timer_cancel(&handle->loop->timers, &handle->timer);
    else
        brood__loop_withdraw(&handle->post);
    free_handle(handle);
}

/* The handle is given up before the callback is entered. */
static void call_handle(brood_handle *handle)
{
    brood_callback *call = handle->call;
    void *arg = handle->arg;
    free_handle(handle);
    call(arg);
}

static void run_handle(struct brood__post *post)
{
    call_handle(BROOD__CONTAINER(post, brood_handle, post));
}

static void fire_handle(struct brood__timer *timer)
{
    call_handle(BROOD__CONTAINER(timer, brood_handle, timer));
}

/* ---- from other threads ------------------------------------------------- */

static void run_remote(struct brood__post *post)
{
    struct brood__remote_call *remote = BROOD__CONTAINER(post, struct brood__remote_call, post);
    brood_callback *call = remote->call;
    void *arg = remote->arg;
    brood__free(remote);
    call(arg);
}

/* Any number of threads push at the head; the loop's thread takes the whole stack
 * at once, so that no element is freed while somebody still looks at it. */
int brood_call_soon_threadsafe(brood_loop *loop, brood_callback *call, void *arg)
{
    int error = brood__loop_resolve(&loop);
    if (error < 0)
        return error;
    if (call == NULL)
        return BROOD_EINVAL;
    struct brood__remote_call *remote = brood__alloc(sizeof *remote);
    if (remote == NULL)
        return BROOD_ENOMEM;
    brood__post_init(&remote->post, run_remote);
    remote->call = call;
    remote->arg = arg;

    struct brood__remote_call *head = atomic_load(&loop->remote);
    do
        remote->next = head;
    while (!atomic_compare_exchange_weak(&loop->remote, &head, remote));
    if (head == NULL) /* else whoever pushed the first one has woken the loop */
        loop->backend->table->wake(loop->backend);
    return 0;
}

/* All remote calls, oldest first. */
static struct brood__remote_call *take_remote(brood_loop *loop)
{
    struct brood__remote_call *stack = atomic_exchange(&loop->remote, NULL), *queue = NULL;
    while (stack != NULL) {
        struct brood__remote_call *next = stack->next;
        stack->next = queue;
        queue = stack;
        stack = next;
    }
    return queue;
}

void brood__posted_collect(brood_loop *loop)
{
    for (struct brood__remote_call *call = take_remote(loop); call != NULL; call = call->next)
        brood__list_append(&loop->posts, &call->post.link);
}

/* ---- the end of the loop ------------------------------------------------ */

/* Whatever is still in a list here belongs to a handle or came from a thread: what
 * the layers above had posted, they have withdrawn. */
void brood__posted_discard(brood_loop *loop)
{
    size_t dropped = 0;
    struct brood__link *link;
    brood__posted_collect(loop);
    while ((link = brood__list_take(&loop->batch)) != NULL || /* after a fork in a callback */
           (link = brood__list_take(&loop->posts)) != NULL) {
        struct brood__post *post = BROOD__CONTAINER(link, struct brood__post, link);
        dropped++;
        if (post->run == run_handle)
            brood__free(BROOD__CONTAINER(post, brood_handle, post));
        else
            brood__free(BROOD__CONTAINER(post, struct brood__remote_call, post));
    }
    struct brood__timer *timer;
    while ((timer = brood__timers_drain(&loop->timers)) != NULL) {
        dropped++;
        brood__free(BROOD__CONTAINER(timer, brood_handle, timer));
    }
    for (brood_handle *handle = loop->free_handles, *next; handle != NULL; handle = next) {
        next = handle->next;
        brood__free(handle);
    }
    if (dropped > 0)
        brood__loop_log(loop, "closed with the loop: %lu calls not made", (unsigned long)dropped);
}
