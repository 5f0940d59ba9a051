/* The switch of stacks on AArch64.  Of the vector registers the lower halves of eight
 * belong to the caller, and the control register does. */
#ifndef BROOD_SWITCH_AARCH64_H
#define BROOD_SWITCH_AARCH64_H

#include "switch_assembly.h"

/* clang-format off */
__asm__(".text\n.p2align 4\n" BEGIN(brood__switch_stacks)
        ".cfi_startproc\n"
        "sub sp, sp, #176\n.cfi_adjust_cfa_offset 176\n"
        "stp x19, x20, [sp, #0]\n.cfi_rel_offset x19, 0\n.cfi_rel_offset x20, 8\n"
        "stp x21, x22, [sp, #16]\n.cfi_rel_offset x21, 16\n.cfi_rel_offset x22, 24\n"
        "stp x23, x24, [sp, #32]\n.cfi_rel_offset x23, 32\n.cfi_rel_offset x24, 40\n"
        "stp x25, x26, [sp, #48]\n.cfi_rel_offset x25, 48\n.cfi_rel_offset x26, 56\n"
        "stp x27, x28, [sp, #64]\n.cfi_rel_offset x27, 64\n.cfi_rel_offset x28, 72\n"
        "stp x29, x30, [sp, #80]\n.cfi_rel_offset x29, 80\n.cfi_rel_offset x30, 88\n"
        "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
        "mrs x9, fpcr\nstr x9, [sp, #160]\n"
        "mov x9, sp\nstr x9, [x0]\n"
        "mov sp, x1\n" /* the layout is the same there */
        "ldr x9, [sp, #160]\nmsr fpcr, x9\n"
        "ldp x19, x20, [sp, #0]\nldp x21, x22, [sp, #16]\n"
        "ldp x23, x24, [sp, #32]\nldp x25, x26, [sp, #48]\n"
        "ldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\n"
        "ldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
        "add sp, sp, #176\n.cfi_adjust_cfa_offset -176\n"
        "ret\n.cfi_endproc\n" END(brood__switch_stacks)
        /* x19: what to run, x20: its argument */
        ".p2align 4\n" BEGIN(brood__switch_start)
        ".cfi_startproc\n.cfi_undefined x30\n"
        "mov x0, x20\nblr x19\nbrk #1\n"
        ".cfi_endproc\n" END(brood__switch_start));
/* clang-format on */

struct frame {
    void *x[10], *fp;
    void (*return_to)(void);
    uint64_t d[8], fpcr, unused;
};

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    struct frame *frame = room_at_top(stack, sizeof *frame);
    __asm__ volatile("mrs %0, fpcr" : "=r"(frame->fpcr));
    memcpy(&frame->x[0], &run, sizeof run);
    frame->x[1] = arg;
    frame->return_to = brood__switch_start;
    return frame;
}

#endif
