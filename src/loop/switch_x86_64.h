/* The switch of stacks on x86-64.  The control words of the floating-point units belong
 * to the caller, too. */
#ifndef BROOD_SWITCH_X86_64_H
#define BROOD_SWITCH_X86_64_H

#include "switch_assembly.h"

/* clang-format off */
__asm__(".text\n.p2align 4\n" BEGIN(brood__switch_stacks)
        ".cfi_startproc\n"
        "pushq %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbp, 0\n"
        "pushq %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
        "pushq %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r12, 0\n"
        "pushq %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r13, 0\n"
        "pushq %r14\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r14, 0\n"
        "pushq %r15\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r15, 0\n"
        "subq $8, %rsp\n.cfi_adjust_cfa_offset 8\n"
        "stmxcsr (%rsp)\nfnstcw 4(%rsp)\n"
        "movq %rsp, (%rdi)\n"
        "movq %rsi, %rsp\n" /* the layout is the same there */
        "ldmxcsr (%rsp)\nfldcw 4(%rsp)\n"
        "addq $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "popq %r15\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r15\n"
        "popq %r14\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r14\n"
        "popq %r13\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r13\n"
        "popq %r12\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r12\n"
        "popq %rbx\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbx\n"
        "popq %rbp\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbp\n"
        "ret\n.cfi_endproc\n" END(brood__switch_stacks)
        /* r12: what to run, r13: its argument */
        ".p2align 4\n" BEGIN(brood__switch_start)
        ".cfi_startproc\n.cfi_undefined %rip\n"
        "movq %r13, %rdi\ncallq *%r12\nud2\n"
        ".cfi_endproc\n" END(brood__switch_start));
/* clang-format on */

struct frame {
    uint32_t mxcsr;
    uint16_t x87, unused;
    void *r15, *r14, *r13, *r12, *rbx, *rbp;
    void (*return_to)(void);
    void *end; /* keeps the alignment of a call */
};

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    struct frame *frame = room_at_top(stack, sizeof *frame);
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(frame->mxcsr), "=m"(frame->x87));
    memcpy(&frame->r12, &run, sizeof run);
    frame->r13 = arg;
    frame->return_to = brood__switch_start;
    return frame;
}

#endif
