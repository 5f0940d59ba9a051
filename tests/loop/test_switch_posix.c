/* The switch of stacks itself: every register that a called function must preserve
 * has its value again afterwards.  Each side fills them all with numbers of its own
 * before each switch, in assembly, so that no compiler can save one on the way. */
#include "context.h"
#include "support.h"

SUITE(switch_stacks);

#if defined(__x86_64__)

/* Fills the registers from `in`, switches, and puts them into `out` when it is
 * switched back to: rbx rbp r12 r13 r14 r15, mxcsr, the x87 control word. */
enum { INTEGERS = 6, DOUBLES = 0, CONTROLS = 2 };
__asm__(".text\n.p2align 4\n"
        ".globl test_switch_filled\n.hidden test_switch_filled\n"
        ".type test_switch_filled, %function\n"
        "test_switch_filled:\n"
        "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
        "pushq %rcx\n"
        "subq $16, %rsp\nstmxcsr (%rsp)\nfnstcw 8(%rsp)\n"
        "movq 0(%rdx), %rbx\nmovq 8(%rdx), %rbp\nmovq 16(%rdx), %r12\n"
        "movq 24(%rdx), %r13\nmovq 32(%rdx), %r14\nmovq 40(%rdx), %r15\n"
        "ldmxcsr 48(%rdx)\nfldcw 56(%rdx)\n"
        "call brood__switch_stacks\n"
        "movq 16(%rsp), %rcx\n"
        "movq %rbx, 0(%rcx)\nmovq %rbp, 8(%rcx)\nmovq %r12, 16(%rcx)\n"
        "movq %r13, 24(%rcx)\nmovq %r14, 32(%rcx)\nmovq %r15, 40(%rcx)\n"
        "stmxcsr 48(%rcx)\nfnstcw 56(%rcx)\n"
        "ldmxcsr (%rsp)\nfldcw 8(%rsp)\naddq $16, %rsp\n"
        "popq %rcx\npopq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbp\npopq %rbx\n"
        "ret\n"
        ".size test_switch_filled, . - test_switch_filled\n");

/* Directions of rounding, with all exceptions masked: of the control words Valgrind
 * knows no other bits. */
static const uint64_t controls[2][CONTROLS] = {{0x3f80, 0x077f}, {0x7f80, 0x0f7f}};

#elif defined(__aarch64__)

/* x19 to x28, the lower halves of v8 to v15, fpcr. */
enum { INTEGERS = 10, DOUBLES = 8, CONTROLS = 1 };
__asm__(".text\n.p2align 4\n"
        ".globl test_switch_filled\n.hidden test_switch_filled\n"
        ".type test_switch_filled, %function\n"
        "test_switch_filled:\n"
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
        "bl brood__switch_stacks\n"
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
        "add sp, sp, #192\nret\n"
        ".size test_switch_filled, . - test_switch_filled\n");

static const uint64_t controls[2][CONTROLS] = {{0x400000}, {0xc00000}};

#endif

#if defined(__x86_64__) || defined(__aarch64__)

enum { REGISTERS = INTEGERS + DOUBLES + CONTROLS, TURNS = 10 };

void test_switch_filled(void **save, void *to, const uint64_t *in, uint64_t *out)
    __attribute__((visibility("hidden")));

struct side {
    void *place;
    uint64_t in[REGISTERS], out[REGISTERS];
    int lost; /* how many registers had another value */
};

static struct side home, away;

/* No two registers, sides or turns have a number in common. */
static void fill(struct side *side, int turn)
{
    int which = side == &away;
    for (int i = 0; i < INTEGERS + DOUBLES; i++)
        side->in[i] = UINT64_C(0x4010000000000000) + (uint64_t)(turn * 1000 + which * 100 + i);
    for (int i = 0; i < CONTROLS; i++)
        side->in[INTEGERS + DOUBLES + i] = controls[(which + turn) % 2][i];
    memset(side->out, 0, sizeof side->out);
}

static void check(struct side *side)
{
    for (int i = 0; i < REGISTERS; i++)
        side->lost += side->in[i] != side->out[i];
}

/* The sanitizers are not told of these switches, and need not know what runs here. */
__attribute__((no_sanitize("address", "thread"))) static void live_away(void *arg)
{
    (void)arg;
    for (int turn = 0;; turn++) {
        fill(&away, turn);
        test_switch_filled(&away.place, home.place, away.in, away.out);
        check(&away);
    }
}

Test(switch_stacks, keeps_every_register_that_belongs_to_the_caller)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    away.place = brood__switch_prepare(&stack, live_away, NULL);
    for (int turn = 0; turn < TURNS; turn++) {
        fill(&home, turn);
        test_switch_filled(&home.place, away.place, home.in, home.out);
        for (int i = 0; i < REGISTERS; i++)
            cr_expect_eq(home.out[i], home.in[i], "register %d, turn %d", i, turn);
    }
    cr_expect_eq(away.lost, 0, "on the other side");
    brood__stack_close(&stack);
}

/* A new stack begins with the modes of the one that made it. */
static uint64_t first_modes[CONTROLS];

static void read_modes(uint64_t *modes)
{
#if defined(__x86_64__)
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "+m"(modes[0]), "+m"(modes[1]));
#else
    __asm__ volatile("mrs %0, fpcr" : "=r"(modes[0]));
#endif
}

__attribute__((no_sanitize("address", "thread"))) static void tell_modes(void *arg)
{
    (void)arg;
    read_modes(first_modes);
    test_switch_filled(&away.place, home.place, away.in, away.out);
}

Test(switch_stacks, a_new_stack_begins_with_the_modes_of_its_maker)
{
    struct brood__stack stack;
    uint64_t modes[CONTROLS] = {0};
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    read_modes(modes);
    away.place = brood__switch_prepare(&stack, tell_modes, NULL);
    fill(&home, 1); /* others at the time of the switch */
    fill(&away, 0);
    test_switch_filled(&home.place, away.place, home.in, home.out);
    cr_expect_arr_eq(first_modes, modes, sizeof modes);
    brood__stack_close(&stack);
}

#else

Test(switch_stacks, keeps_every_register_that_belongs_to_the_caller)
{
    cr_skip_test("this test knows x86-64 and AArch64 only");
}

#endif
