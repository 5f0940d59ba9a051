/* Lent bytes are written from where they are: no memory is used for them. */
#include <sys/mman.h>

#include "lender.h"

SUITE(pipe_lend_posix);

Test(pipe_lend_posix, lent_bytes_are_not_copied)
{
    struct lender lender;
    lender_open(&lender);
    char *page = mmap(NULL, MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)page, MAP_FAILED);
    size_t live = test_live_allocations();
    test_fail_allocation(1, true);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, page, MUCH), 0);
    memcpy(page, lender.bytes, MUCH); /* only now; what the pipe has taken was zero */
    size_t taken = 0;
    while (taken < lender.capacity)
        taken += (size_t)read(lender.peer, lender.bytes, lender.capacity - taken);
    for (size_t n = 1; n > 0; taken += n) {
        test_settle(lender.loop);
        n = take_pattern(lender.peer, MUCH, taken);
    }
    cr_assert_eq(taken, MUCH);
    cr_assert_not(test_allocation_failed());
    test_fail_allocation(0, false);
    cr_assert_eq(test_live_allocations(), live);
    munmap(page, MUCH);
    lender_close(&lender);
}

struct reading_end {
    int fd;
    size_t taken;
    bool ended;
};

static void take_some(void *arg)
{
    struct reading_end *end = arg;
    size_t n = take_pattern(end->fd, 65536, end->taken);
    end->taken += n;
    end->ended = n == 0;
}

Test(pipe_lend_posix, eight_mebibytes_keep_their_order_and_use_no_memory)
{
    enum { TOTAL = 8 << 20 };
    struct lender lender;
    lender_open(&lender);
    char *bytes = pattern_of(TOTAL);
    struct reading_end end = {.fd = lender.peer};
    cr_assert_eq(brood_add_reader(lender.loop, lender.peer, take_some, &end), 0);
    test_settle(lender.loop);
    test_fail_allocation(1, true);
    cr_assert_eq(brood__pipe_lend(lender.writing.pipe, bytes, TOTAL), 0);
    test_run_until(lender.loop, &end.ended);
    cr_assert_not(test_allocation_failed());
    test_fail_allocation(0, false);
    cr_assert_eq(end.taken, TOTAL);
    cr_assert_str_eq(lender.writing.log, "made lost");
    cr_assert_eq(brood_remove_reader(lender.loop, lender.peer), 0);
    lender_close(&lender);
    free(bytes);
}

/* Nothing can be written after them, so that there is nothing to pause: but where they are
 * copied a piece at a time. */
Test(pipe_lend_posix, limits_do_not_count_what_is_lent)
{
    struct lender lender;
    lender_open(&lender);
    brood_pipe *pipe = lender.writing.pipe;
    cr_assert_eq(brood__pipe_lend(pipe, lender.bytes, lender.capacity + 1000), 0);
    cr_expect_eq(brood_pipe_set_limits(pipe, 1, 0), 0);
    test_settle(lender.loop);
    cr_expect_eq(read_slowly(lender.loop, lender.peer, 30000), lender.capacity + 1000);
    test_run_until(lender.loop, &lender.writing.lost);
    cr_expect_str_eq(lender.writing.log, "made lost");
    lender_close(&lender);
}
