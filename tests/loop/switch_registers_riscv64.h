/* 64-bit RISC-V: s0 to s11, fs0 to fs11 where the ABI passes doubles in such registers,
 * and the rounding mode. */
#ifndef BROOD_TEST_SWITCH_REGISTERS
#define BROOD_TEST_SWITCH_REGISTERS

#include "switch_assembly.h"

#if defined(__riscv_float_abi_double)
enum { INTEGERS = 12, FLOATS = 12, CONTROLS = 1 };
#define MODE_AT           "192"
#define WITH_FLOATS(code) code
#else
enum { INTEGERS = 12, FLOATS = 0, CONTROLS = 1 };
#define MODE_AT "96"
#define WITH_FLOATS(code)
#endif

#if defined(__riscv_flen)
#define WITH_MODES(code) code
static const uintptr_t controls[2][CONTROLS] = {{1}, {2}};
#else
#define WITH_MODES(code)
static const uintptr_t controls[2][CONTROLS] = {{0}, {0}}; /* none */
#endif

/* clang-format off */
__asm__(".text\n.p2align 2\n" BEGIN(test_switch_filled)
        "addi sp, sp, -224\n"
        "sd s0, 0(sp)\nsd s1, 8(sp)\nsd s2, 16(sp)\nsd s3, 24(sp)\n"
        "sd s4, 32(sp)\nsd s5, 40(sp)\nsd s6, 48(sp)\nsd s7, 56(sp)\n"
        "sd s8, 64(sp)\nsd s9, 72(sp)\nsd s10, 80(sp)\nsd s11, 88(sp)\n"
        "sd ra, 96(sp)\nsd a3, 104(sp)\n"
        WITH_MODES("frrm t0\nsd t0, 112(sp)\n")
        WITH_FLOATS(
        "fsd fs0, 128(sp)\nfsd fs1, 136(sp)\nfsd fs2, 144(sp)\nfsd fs3, 152(sp)\n"
        "fsd fs4, 160(sp)\nfsd fs5, 168(sp)\nfsd fs6, 176(sp)\nfsd fs7, 184(sp)\n"
        "fsd fs8, 192(sp)\nfsd fs9, 200(sp)\nfsd fs10, 208(sp)\nfsd fs11, 216(sp)\n"
        "fld fs0, 96(a2)\nfld fs1, 104(a2)\nfld fs2, 112(a2)\nfld fs3, 120(a2)\n"
        "fld fs4, 128(a2)\nfld fs5, 136(a2)\nfld fs6, 144(a2)\nfld fs7, 152(a2)\n"
        "fld fs8, 160(a2)\nfld fs9, 168(a2)\nfld fs10, 176(a2)\nfld fs11, 184(a2)\n")
        WITH_MODES("ld t0, " MODE_AT "(a2)\nfsrm t0\n")
        "ld s0, 0(a2)\nld s1, 8(a2)\nld s2, 16(a2)\nld s3, 24(a2)\n"
        "ld s4, 32(a2)\nld s5, 40(a2)\nld s6, 48(a2)\nld s7, 56(a2)\n"
        "ld s8, 64(a2)\nld s9, 72(a2)\nld s10, 80(a2)\nld s11, 88(a2)\n"
        "call brood__switch_stacks\n"
        "ld a3, 104(sp)\n"
        "sd s0, 0(a3)\nsd s1, 8(a3)\nsd s2, 16(a3)\nsd s3, 24(a3)\n"
        "sd s4, 32(a3)\nsd s5, 40(a3)\nsd s6, 48(a3)\nsd s7, 56(a3)\n"
        "sd s8, 64(a3)\nsd s9, 72(a3)\nsd s10, 80(a3)\nsd s11, 88(a3)\n"
        WITH_MODES("frrm t0\nsd t0, " MODE_AT "(a3)\n")
        WITH_FLOATS(
        "fsd fs0, 96(a3)\nfsd fs1, 104(a3)\nfsd fs2, 112(a3)\nfsd fs3, 120(a3)\n"
        "fsd fs4, 128(a3)\nfsd fs5, 136(a3)\nfsd fs6, 144(a3)\nfsd fs7, 152(a3)\n"
        "fsd fs8, 160(a3)\nfsd fs9, 168(a3)\nfsd fs10, 176(a3)\nfsd fs11, 184(a3)\n"
        "fld fs0, 128(sp)\nfld fs1, 136(sp)\nfld fs2, 144(sp)\nfld fs3, 152(sp)\n"
        "fld fs4, 160(sp)\nfld fs5, 168(sp)\nfld fs6, 176(sp)\nfld fs7, 184(sp)\n"
        "fld fs8, 192(sp)\nfld fs9, 200(sp)\nfld fs10, 208(sp)\nfld fs11, 216(sp)\n")
        WITH_MODES("ld t0, 112(sp)\nfsrm t0\n")
        "ld ra, 96(sp)\n"
        "ld s0, 0(sp)\nld s1, 8(sp)\nld s2, 16(sp)\nld s3, 24(sp)\n"
        "ld s4, 32(sp)\nld s5, 40(sp)\nld s6, 48(sp)\nld s7, 56(sp)\n"
        "ld s8, 64(sp)\nld s9, 72(sp)\nld s10, 80(sp)\nld s11, 88(sp)\n"
        "addi sp, sp, 224\nret\n" END(test_switch_filled));
/* clang-format on */

static void read_modes(uintptr_t *modes)
{
    modes[0] = 0;
    WITH_MODES(__asm__ volatile("frrm %0" : "=r"(modes[0]));)
}

#endif
