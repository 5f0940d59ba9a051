/* The host program of the loop's tests. */
#include "fake_host.h"

#include "support.h"

void trace_word(struct trace *trace, const char *word)
{
    size_t used = strlen(trace->text), length = strlen(word);
    cr_assert_lt(used + length + 2, sizeof trace->text);
    if (used > 0)
        trace->text[used++] = ' ';
    memcpy(trace->text + used, word, length + 1);
}

void host_note(void *note)
{
    const struct note *noted = note;
    trace_word(noted->trace, noted->word);
}

void host_count(void *count)
{
    ++*(int *)count;
}

void host_flag(void *flag)
{
    *(bool *)flag = true;
}

void host_stop(void *loop)
{
    brood_loop_stop(loop);
}

void host_drive(brood_loop *loop, const bool *flag)
{
    while (!*flag)
        cr_assert(host_turn(loop), "the loop has not told that it has something to do");
}

/* Children that no descriptor tells of are asked now and then. */
bool host_may_sleep(brood_loop *loop)
{
    brood_time next = brood_loop_next(loop);
    return next == BROOD_FOREVER || (next != BROOD_NOWAIT && !test_abilities().child_events);
}

void host_expect_quiet(brood_loop *loop)
{
    for (int i = 0; i < 4; i++)
        cr_assert_eq(brood_loop_step(loop, BROOD_NOWAIT), 0);
    cr_expect(host_hears_nothing(loop));
    cr_expect(host_may_sleep(loop));
}

uint64_t host_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
