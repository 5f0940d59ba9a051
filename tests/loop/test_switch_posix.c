/* The switch of stacks itself: every register that a called function must preserve
 * has its value again afterwards.  Each side fills them all with numbers of its own
 * before each switch, in assembly, so that no compiler can save one on the way.  On any
 * other processor, and on these, the compiler's own use of them is looked at. */
#include "context.h"
#include "live_numbers.h"
#include "support.h"

SUITE(switch_stacks);

/* ---- every register ---------------------------------------------------------------- */

/* Each header has: what it fills, in this order; test_switch_filled, which fills the
 * registers from `in`, switches, and puts them into `out` when it is switched back to;
 * read_modes, for the control words; and two sets of those. */
#if defined(__x86_64__)
#include "switch_registers_x86_64.h"
#elif defined(__aarch64__)
#include "switch_registers_aarch64.h"
#elif defined(__arm__)
#include "switch_registers_arm.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "switch_registers_riscv64.h"
#endif

#if defined(BROOD_TEST_SWITCH_REGISTERS)

enum { REGISTERS = INTEGERS + FLOATS + CONTROLS, TURNS = 10 };

/* Hidden by the assembly alone: clang 14 to 21 takes a function that is declared so for one
 * of Thumb instructions, where it makes them. */
void test_switch_filled(void **save, void *to, const uintptr_t *in, uintptr_t *out);

struct side {
    void *place;
    uintptr_t in[REGISTERS], out[REGISTERS];
    int lost; /* how many registers had another value */
};

static struct side home, away;

/* No two registers, sides or turns have a number in common. */
static void fill(struct side *side, int turn)
{
    const uintptr_t base = (uintptr_t)UINT64_C(0x4010000040100000);
    int which = side == &away;
    for (int i = 0; i < INTEGERS + FLOATS; i++)
        side->in[i] = base + (uintptr_t)(turn * 1000 + which * 100 + i);
    for (int i = 0; i < CONTROLS; i++)
        side->in[INTEGERS + FLOATS + i] = controls[(which + turn) % 2][i];
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
static uintptr_t first_modes[CONTROLS];

__attribute__((no_sanitize("address", "thread"))) static void tell_modes(void *arg)
{
    (void)arg;
    read_modes(first_modes);
    test_switch_filled(&away.place, home.place, away.in, away.out);
}

Test(switch_stacks, a_new_stack_begins_with_the_modes_of_its_maker)
{
    struct brood__stack stack;
    uintptr_t modes[CONTROLS] = {0};
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    read_modes(modes);
    away.place = brood__switch_prepare(&stack, tell_modes, NULL);
    fill(&home, 1); /* others at the time of the switch */
    fill(&away, 0);
    test_switch_filled(&home.place, away.place, home.in, home.out);
    cr_expect_arr_eq(first_modes, modes, sizeof modes);
    brood__stack_close(&stack);
}

#endif

/* ---- what a compiler keeps in them --------------------------------------------------- */

static struct brood__context mixer, mixer_home;
static int mixed_wrongly;

static void go_away(void *arg)
{
    (void)arg;
    brood__context_switch(&mixer_home, &mixer);
}

static void go_home(void *arg)
{
    (void)arg;
    brood__context_switch(&mixer, &mixer_home);
}

static void mix_away(void *arg)
{
    (void)arg;
    brood__context_arrived(&mixer);
    for (uint32_t seed = 1000;; seed++)
        mixed_wrongly += mix_numbers(seed, go_home, NULL) != mix_numbers(seed, stay, NULL);
}

Test(switch_stacks, keeps_what_a_compiler_has_in_registers)
{
    struct brood__stack stack;
    cr_assert_eq(brood__stack_open(&stack, 65536), 0);
    brood__context_make(&mixer, &stack, mix_away, NULL);
    for (uint32_t seed = 0; seed < 20; seed++) {
        double mixed = mix_numbers(seed, go_away, NULL), expected = mix_numbers(seed, stay, NULL);
        cr_expect(mixed == expected, "seed %u", (unsigned)seed);
    }
    cr_expect_eq(mixed_wrongly, 0, "on the other side");
    brood__context_drop(&mixer);
    brood__stack_close(&stack);
}
