/* The switch of fibers: every register that a called function must preserve has its value
 * again afterwards, those of the floating-point unit as well.  Each side fills them all
 * with numbers of its own before each switch, in assembly. */
#include "context.h"
#include "support.h"
#include "system_windows.h"

SUITE(switch_windows);

#if defined(__x86_64__)

/* Fills the registers from `in`, switches, and puts them into `out` when it is switched
 * back to: rbx rbp rdi rsi r12 r13 r14 r15, xmm6 to xmm15, mxcsr, the x87 control word. */
enum { INTEGERS = 8, VECTORS = 10, CONTROLS = 2, REGISTERS = INTEGERS + 2 * VECTORS + CONTROLS };

#define VECTORS_TO(place, base)                                                       \
    "movups %xmm6, " base "+0(" place ")\nmovups %xmm7, " base "+16(" place ")\n"     \
    "movups %xmm8, " base "+32(" place ")\nmovups %xmm9, " base "+48(" place ")\n"    \
    "movups %xmm10, " base "+64(" place ")\nmovups %xmm11, " base "+80(" place ")\n"  \
    "movups %xmm12, " base "+96(" place ")\nmovups %xmm13, " base "+112(" place ")\n" \
    "movups %xmm14, " base "+128(" place ")\nmovups %xmm15, " base "+144(" place ")\n"
#define VECTORS_FROM(place, base)                                                     \
    "movups " base "+0(" place "), %xmm6\nmovups " base "+16(" place "), %xmm7\n"     \
    "movups " base "+32(" place "), %xmm8\nmovups " base "+48(" place "), %xmm9\n"    \
    "movups " base "+64(" place "), %xmm10\nmovups " base "+80(" place "), %xmm11\n"  \
    "movups " base "+96(" place "), %xmm12\nmovups " base "+112(" place "), %xmm13\n" \
    "movups " base "+128(" place "), %xmm14\nmovups " base "+144(" place "), %xmm15\n"

/* On its stack: room for those it calls, the caller's vectors and controls, `out`. */
__asm__(
    ".text\n.p2align 4\n"
    ".globl test_switch_filled\n"
    "test_switch_filled:\n"
    "pushq %rbx\npushq %rbp\npushq %rdi\npushq %rsi\n"
    "pushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "subq $232, %rsp\n" VECTORS_TO(
        "%rsp",
        "32") "stmxcsr 192(%rsp)\nfnstcw 200(%rsp)\n"
              "movq %r9, 208(%rsp)\n"
              "movq 0(%r8), %rbx\nmovq 8(%r8), %rbp\nmovq 16(%r8), %rdi\nmovq 24(%r8), %rsi\n"
              "movq 32(%r8), %r12\nmovq 40(%r8), %r13\nmovq 48(%r8), %r14\nmovq 56(%r8), "
              "%r15\n" VECTORS_FROM(
                  "%r8",
                  "64") "ldmxcsr 224(%r8)\nfldcw 232(%r8)\n"
                        "call brood__context_switch\n"
                        "movq 208(%rsp), %r9\n"
                        "movq %rbx, 0(%r9)\nmovq %rbp, 8(%r9)\nmovq %rdi, 16(%r9)\nmovq %rsi, "
                        "24(%r9)\n"
                        "movq %r12, 32(%r9)\nmovq %r13, 40(%r9)\nmovq %r14, 48(%r9)\nmovq %r15, "
                        "56(%r9)\n" VECTORS_TO("%r9", "64") "stmxcsr 224(%r9)\nfnstcw "
                                                            "232(%r9)\n" VECTORS_FROM(
                                                                "%rsp",
                                                                "32") "ldmxcsr 192(%rsp)\nfldcw "
                                                                      "200(%rsp)\naddq $232, %rsp\n"
                                                                      "popq %r15\npopq %r14\npopq "
                                                                      "%r13\npopq %r12\n"
                                                                      "popq %rsi\npopq %rdi\npopq "
                                                                      "%rbp\npopq %rbx\n"
                                                                      "ret\n");

void test_switch_filled(struct brood__context *from, struct brood__context *to, const uint64_t *in,
                        uint64_t *out);

/* Directions of rounding, with all exceptions masked. */
static const uint64_t controls[2][CONTROLS] = {{0x3f80, 0x077f}, {0x7f80, 0x0f7f}};

enum { TURNS = 10 };

struct side {
    struct brood__context place;
    uint64_t in[REGISTERS], out[REGISTERS];
    int from, to; /* the registers that are looked at */
    int lost;     /* how many had another value */
};

static struct side home, away;

/* No two registers, sides or turns have a number in common. */
static void fill(struct side *side, int turn)
{
    int which = side == &away;
    for (int i = 0; i < REGISTERS - CONTROLS; i++)
        side->in[i] = UINT64_C(0x4010000000000000) + (uint64_t)(turn * 1000 + which * 100 + i);
    for (int i = 0; i < CONTROLS; i++)
        side->in[REGISTERS - CONTROLS + i] = controls[(which + turn) % 2][i];
    memset(side->out, 0, sizeof side->out);
}

static int differences(const struct side *side, int from, int to)
{
    int count = 0;
    for (int i = from; i < to; i++)
        count += side->in[i] != side->out[i];
    return count;
}

static void live_away(void *arg)
{
    brood__context_arrived(arg);
    for (int turn = 0;; turn++) {
        fill(&away, turn);
        test_switch_filled(&away.place, &home.place, away.in, away.out);
        away.lost += differences(&away, away.from, away.to);
    }
}

/* Of these registers, on both sides. */
static void expect_kept(int from, int to)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    away.from = from;
    away.to = to;
    brood__context_make(&away.place, &stack, live_away, &away.place);
    for (int turn = 0; turn < TURNS; turn++) {
        fill(&home, turn);
        test_switch_filled(&home.place, &away.place, home.in, home.out);
        home.lost += differences(&home, from, to);
    }
    cr_expect_eq(home.lost, 0);
    cr_expect_eq(away.lost, 0, "on the other side");
    brood__context_drop(&away.place);
    brood__stack_close(&stack);
}

Test(switch_windows, keeps_every_register_that_belongs_to_the_caller)
{
    expect_kept(0, REGISTERS - CONTROLS);
}

static bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

Test(switch_windows, keeps_the_modes_of_the_floating_point_unit)
{
    if (is_wine())
        cr_skip_test("Wine 8 leaves them as they are when it switches fibers");
    expect_kept(REGISTERS - CONTROLS, REGISTERS);
}

#else

Test(switch_windows, keeps_every_register_that_belongs_to_the_caller)
{
    cr_skip_test("this test knows x86-64 only");
}

#endif
