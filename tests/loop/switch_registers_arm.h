/* 32-bit ARM: r4 to r11, s16 to s31, which are d8 to d15, and fpscr. */
#ifndef BROOD_TEST_SWITCH_REGISTERS
#define BROOD_TEST_SWITCH_REGISTERS

#include "switch_assembly.h"

#if defined(__ARM_FP) || (defined(__VFP_FP__) && !defined(__SOFTFP__))
enum { INTEGERS = 8, FLOATS = 16, CONTROLS = 1 };
#define WITH_FLOATS(code) code
static const uintptr_t controls[2][CONTROLS] = {{0x400000}, {0xc00000}};
#else
enum { INTEGERS = 8, FLOATS = 0, CONTROLS = 1 };
#define WITH_FLOATS(code)
static const uintptr_t controls[2][CONTROLS] = {{0}, {0}}; /* none */
#endif

/* clang-format off */
__asm__(".text\n.p2align 2\n.syntax unified\n.arm\n" BEGIN(test_switch_filled)
        ".fnstart\n.cantunwind\n"
        "push {r3-r11, lr}\n"
        "mov r12, #0\n"
        WITH_FLOATS("vpush {d8-d15}\nvmrs r12, fpscr\n")
        "push {r3, r12}\n"
        WITH_FLOATS("add r12, r2, #32\nvldmia r12!, {d8-d15}\n"
                    "ldr r12, [r12]\nvmsr fpscr, r12\n")
        "ldm r2, {r4-r11}\n"
        "bl brood__switch_stacks\n"
        "pop {r3, r12}\n"
        "stmia r3!, {r4-r11}\n"
        WITH_FLOATS("vstmia r3!, {d8-d15}\nvmrs r4, fpscr\nstr r4, [r3]\n"
                    "vmsr fpscr, r12\nvpop {d8-d15}\n")
        "pop {r3-r11, lr}\nbx lr\n"
        ".fnend\n" END(test_switch_filled));
/* clang-format on */

static void read_modes(uintptr_t *modes)
{
    modes[0] = 0;
    WITH_FLOATS(__asm__ volatile("vmrs %0, fpscr" : "=r"(modes[0]));)
}

#endif
