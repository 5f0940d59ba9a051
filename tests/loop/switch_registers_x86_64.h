/* x86-64: rbx rbp r12 r13 r14 r15, mxcsr, the x87 control word. */
#ifndef BROOD_TEST_SWITCH_REGISTERS
#define BROOD_TEST_SWITCH_REGISTERS

#include "switch_assembly.h"

enum { INTEGERS = 6, FLOATS = 0, CONTROLS = 2 };

/* clang-format off */
__asm__(".text\n.p2align 4\n" BEGIN(test_switch_filled)
        "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
        "pushq %rcx\n"
        "subq $16, %rsp\nstmxcsr (%rsp)\nfnstcw 8(%rsp)\n"
        "movq 0(%rdx), %rbx\nmovq 8(%rdx), %rbp\nmovq 16(%rdx), %r12\n"
        "movq 24(%rdx), %r13\nmovq 32(%rdx), %r14\nmovq 40(%rdx), %r15\n"
        "ldmxcsr 48(%rdx)\nfldcw 56(%rdx)\n"
        "call " SYMBOL(brood__switch_stacks) "\n"
        "movq 16(%rsp), %rcx\n"
        "movq %rbx, 0(%rcx)\nmovq %rbp, 8(%rcx)\nmovq %r12, 16(%rcx)\n"
        "movq %r13, 24(%rcx)\nmovq %r14, 32(%rcx)\nmovq %r15, 40(%rcx)\n"
        "stmxcsr 48(%rcx)\nfnstcw 56(%rcx)\n"
        "ldmxcsr (%rsp)\nfldcw 8(%rsp)\naddq $16, %rsp\n"
        "popq %rcx\npopq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbp\npopq %rbx\n"
        "ret\n" END(test_switch_filled));
/* clang-format on */

/* Directions of rounding, with all exceptions masked: of the control words Valgrind
 * knows no other bits. */
static const uintptr_t controls[2][CONTROLS] = {{0x3f80, 0x077f}, {0x7f80, 0x0f7f}};

static void read_modes(uintptr_t *modes)
{
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "+m"(modes[0]), "+m"(modes[1]));
}

#endif
