/* The switch of stacks by ucontext: for a processor that has no header of its own.  It
 * keeps the signal mask as well, with a system call a switch; musl and OpenBSD lack it. */
#ifndef BROOD_SWITCH_UCONTEXT_H
#define BROOD_SWITCH_UCONTEXT_H

#include <ucontext.h>

/* Each place is a ucontext_t on the stack that was left there. */
struct frame {
    ucontext_t context;
    void (*run)(void *);
    void *arg;
};

void brood__switch_stacks(void **save, void *to)
{
    ucontext_t here;
    *save = &here;
    swapcontext(&here, to);
}

/* makecontext passes ints: a pointer goes in two halves. */
static void start(unsigned high, unsigned low)
{
    uint64_t address = (uint64_t)high << 32 | low;
    struct frame *frame = (struct frame *)(uintptr_t)address;
    frame->run(frame->arg);
}

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    struct frame *frame = room_at_top(stack, sizeof *frame);
    uint64_t address = (uintptr_t)frame;
    frame->run = run;
    frame->arg = arg;
    getcontext(&frame->context);
    frame->context.uc_stack.ss_sp = stack->bottom;
    frame->context.uc_stack.ss_size = (size_t)((char *)frame - stack->bottom);
    makecontext(&frame->context, (void (*)(void))start, 2, (unsigned)(address >> 32),
                (unsigned)address);
    return frame;
}

#endif
