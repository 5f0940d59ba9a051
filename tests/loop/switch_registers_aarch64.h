/* AArch64: x19 to x28, the lower halves of v8 to v15, fpcr. */
#ifndef BROOD_TEST_SWITCH_REGISTERS
#define BROOD_TEST_SWITCH_REGISTERS

#include "switch_assembly.h"

enum { INTEGERS = 10, FLOATS = 8, CONTROLS = 1 };

/* clang-format off */
__asm__(".text\n.p2align 4\n" BEGIN(test_switch_filled)
        "sub sp, sp, #192\n"
        "stp x19, x20, [sp, #0]\nstp x21, x22, [sp, #16]\nstp x23, x24, [sp, #32]\n"
        "stp x25, x26, [sp, #48]\nstp x27, x28, [sp, #64]\nstp x29, x30, [sp, #80]\n"
        "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\n"
        "stp d12, d13, [sp, #128]\nstp d14, d15, [sp, #144]\n"
        "mrs x9, fpcr\nstp x9, x3, [sp, #160]\n"
        "ldp x19, x20, [x2, #0]\nldp x21, x22, [x2, #16]\nldp x23, x24, [x2, #32]\n"
        "ldp x25, x26, [x2, #48]\nldp x27, x28, [x2, #64]\n"
        "ldp d8, d9, [x2, #80]\nldp d10, d11, [x2, #96]\n"
        "ldp d12, d13, [x2, #112]\nldp d14, d15, [x2, #128]\n"
        "ldr x9, [x2, #144]\nmsr fpcr, x9\n"
        "bl " SYMBOL(brood__switch_stacks) "\n"
        "ldr x3, [sp, #168]\n"
        "stp x19, x20, [x3, #0]\nstp x21, x22, [x3, #16]\nstp x23, x24, [x3, #32]\n"
        "stp x25, x26, [x3, #48]\nstp x27, x28, [x3, #64]\n"
        "stp d8, d9, [x3, #80]\nstp d10, d11, [x3, #96]\n"
        "stp d12, d13, [x3, #112]\nstp d14, d15, [x3, #128]\n"
        "mrs x9, fpcr\nstr x9, [x3, #144]\n"
        "ldr x9, [sp, #160]\nmsr fpcr, x9\n"
        "ldp x19, x20, [sp, #0]\nldp x21, x22, [sp, #16]\nldp x23, x24, [sp, #32]\n"
        "ldp x25, x26, [sp, #48]\nldp x27, x28, [sp, #64]\nldp x29, x30, [sp, #80]\n"
        "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\n"
        "ldp d12, d13, [sp, #128]\nldp d14, d15, [sp, #144]\n"
        "add sp, sp, #192\nret\n" END(test_switch_filled));
/* clang-format on */

static const uintptr_t controls[2][CONTROLS] = {{0x400000}, {0xc00000}};

static void read_modes(uintptr_t *modes)
{
    __asm__ volatile("mrs %0, fpcr" : "=r"(modes[0]));
}

#endif
