/* The switch of stacks on 64-bit RISC-V.  The rounding mode belongs to the caller, and
 * twelve floating-point registers do, as wide as the ABI passes numbers in them: none
 * where it passes them as integers (lp64). */
#ifndef BROOD_SWITCH_RISCV64_H
#define BROOD_SWITCH_RISCV64_H

#include "switch_assembly.h"

#if defined(__riscv_float_abi_double)
#define STORE "fsd "
#define LOAD  "fld "
#elif defined(__riscv_float_abi_single)
#define STORE "fsw "
#define LOAD  "flw "
#endif

#if defined(STORE)
#define SIZE              "208"
#define WITH_FLOATS(code) code
#else
#define SIZE "112"
#define WITH_FLOATS(code)
#endif

#if defined(__riscv_flen)
#define WITH_MODES(code) code
#else
#define WITH_MODES(code)
#endif

#define KEEP(reg, at) "sd " #reg ", " #at "(sp)\n.cfi_rel_offset " #reg ", " #at "\n"
#define TAKE(reg, at) "ld " #reg ", " #at "(sp)\n.cfi_restore " #reg "\n"

/* clang-format off */
__asm__(".text\n.p2align 2\n" BEGIN(brood__switch_stacks)
        ".cfi_startproc\n"
        "addi sp, sp, -" SIZE "\n.cfi_adjust_cfa_offset " SIZE "\n"
        KEEP(s0, 0) KEEP(s1, 8) KEEP(s2, 16) KEEP(s3, 24) KEEP(s4, 32) KEEP(s5, 40)
        KEEP(s6, 48) KEEP(s7, 56) KEEP(s8, 64) KEEP(s9, 72) KEEP(s10, 80) KEEP(s11, 88)
        KEEP(ra, 96)
        WITH_MODES("frrm t0\nsd t0, 104(sp)\n")
        WITH_FLOATS(
        STORE "fs0, 112(sp)\n" STORE "fs1, 120(sp)\n" STORE "fs2, 128(sp)\n"
        STORE "fs3, 136(sp)\n" STORE "fs4, 144(sp)\n" STORE "fs5, 152(sp)\n"
        STORE "fs6, 160(sp)\n" STORE "fs7, 168(sp)\n" STORE "fs8, 176(sp)\n"
        STORE "fs9, 184(sp)\n" STORE "fs10, 192(sp)\n" STORE "fs11, 200(sp)\n")
        "sd sp, (a0)\n"
        "mv sp, a1\n" /* the layout is the same there */
        WITH_FLOATS(
        LOAD "fs0, 112(sp)\n" LOAD "fs1, 120(sp)\n" LOAD "fs2, 128(sp)\n"
        LOAD "fs3, 136(sp)\n" LOAD "fs4, 144(sp)\n" LOAD "fs5, 152(sp)\n"
        LOAD "fs6, 160(sp)\n" LOAD "fs7, 168(sp)\n" LOAD "fs8, 176(sp)\n"
        LOAD "fs9, 184(sp)\n" LOAD "fs10, 192(sp)\n" LOAD "fs11, 200(sp)\n")
        WITH_MODES("ld t0, 104(sp)\nfsrm t0\n")
        TAKE(ra, 96)
        TAKE(s0, 0) TAKE(s1, 8) TAKE(s2, 16) TAKE(s3, 24) TAKE(s4, 32) TAKE(s5, 40)
        TAKE(s6, 48) TAKE(s7, 56) TAKE(s8, 64) TAKE(s9, 72) TAKE(s10, 80) TAKE(s11, 88)
        "addi sp, sp, " SIZE "\n.cfi_adjust_cfa_offset -" SIZE "\n"
        "ret\n.cfi_endproc\n" END(brood__switch_stacks)
        /* s0: what to run, s1: its argument */
        BEGIN(brood__switch_start)
        ".cfi_startproc\n.cfi_undefined ra\n"
        "mv a0, s1\njalr s0\nunimp\n"
        ".cfi_endproc\n" END(brood__switch_start));
/* clang-format on */

struct frame {
    void *s[12];
    void (*return_to)(void);
    uint64_t mode; /* of rounding */
    WITH_FLOATS(uint64_t fs[12];)
};

void *brood__switch_prepare(const struct brood__stack *stack, void (*run)(void *), void *arg)
{
    struct frame *frame = room_at_top(stack, sizeof *frame);
    WITH_MODES(__asm__ volatile("frrm %0" : "=r"(frame->mode));)
    memcpy(&frame->s[0], &run, sizeof run);
    frame->s[1] = arg;
    frame->return_to = brood__switch_start;
    return frame;
}

#endif
