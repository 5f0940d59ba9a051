/* A loop, opened and closed. */
#include <brood.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"

const char bench_about[] = "A loop is opened and closed.\n"
                           "  count=20000  how often";

/* What a loop needs: a set of descriptors, and something to wake it by. */
static double by_bare_calls(void)
{
    size_t count = bench_number("count", 20000);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        int set = epoll_create1(EPOLL_CLOEXEC), waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        epoll_ctl(set, EPOLL_CTL_ADD, waker, &event);
        close(waker);
        close(set);
    }
    return bench_each(began, count);
}
BENCH_SIDE(floor, by_bare_calls)

static double by_brood(void)
{
    size_t count = bench_number("count", 20000);
    int64_t began = bench_now();
    for (size_t i = 0; i < count; i++) {
        brood_loop *loop;
        bench_need(brood_loop_open(&loop, NULL) == 0, "loop");
        brood_loop_close(loop);
    }
    return bench_each(began, count);
}
BENCH_SIDE(brood, by_brood)
