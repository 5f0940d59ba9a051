/* The switch of stacks on 32-bit ARM.  The instructions are ARM ones also where the
 * compiler makes Thumb: calls and returns change between the two by themselves.
 * With a floating-point unit half of its registers and its control register belong to the
 * caller; a library that is built to do without (soft float) is for programs that do, too. */
#ifndef BROOD_SWITCH_ARM_H
#define BROOD_SWITCH_ARM_H

#include "switch_assembly.h"

#if defined(__ARM_FP) || (defined(__VFP_FP__) && !defined(__SOFTFP__))
#define WITH_FLOATS(code) code
#else
#define WITH_FLOATS(code)
#endif

/* clang-format off */
__asm__(".text\n.p2align 2\n.syntax unified\n.arm\n" BEGIN(brood__switch_stacks)
        ".fnstart\n"
        WITH_FLOATS("vmrs r3, fpscr\n")
        "push {r3-r11, lr}\n.save {r3-r11, lr}\n" /* ten, for the alignment of a call */
        WITH_FLOATS("vpush {d8-d15}\n.vsave {d8-d15}\n")
        "str sp, [r0]\n"
        "mov sp, r1\n" /* the layout is the same there */
        WITH_FLOATS("vpop {d8-d15}\n")
        "pop {r3-r11, lr}\n"
        WITH_FLOATS("vmsr fpscr, r3\n")
        "bx lr\n.fnend\n" END(brood__switch_stacks)
        /* r4: what to run, r5: its argument */
        BEGIN(brood__switch_start)
        ".fnstart\n.cantunwind\n"
        "mov r0, r5\nblx r4\nudf #0\n"
        ".fnend\n" END(brood__switch_start));
/* clang-format on */

struct frame {
    WITH_FLOATS(uint64_t d[8];)
    uint32_t fpscr;
    void *r[8]; /* r4 to r11 */
    void (*return_to)(void);
};

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    struct frame *frame = room_at_top(stack, sizeof *frame);
    WITH_FLOATS(__asm__ volatile("vmrs %0, fpscr" : "=r"(frame->fpscr));)
    memcpy(&frame->r[0], &run, sizeof run);
    frame->r[1] = arg;
    frame->return_to = brood__switch_start;
    return frame;
}

#endif
