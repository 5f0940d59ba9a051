/* Numbers of both kinds that live across calls, in registers if the processor has some
 * that a call preserves: more than a switch of stacks may lose unnoticed. */
#ifndef BROOD_TEST_LIVE_NUMBERS_H
#define BROOD_TEST_LIVE_NUMBERS_H

#include <stdint.h>

enum { LIVE_TURNS = 10 };

/* What comes out does not depend on what `between` does, which the compiler must not know. */
__attribute__((noinline)) static double mix_numbers(uint32_t seed, void (*volatile between)(void *),
                                                    void *arg)
{
    double a = seed + 0.5, b = a * 1.25, c = b + 3, d = c * 0.3, e = d - b, f = e / 3, g = f + a,
           h = g * 0.75;
    uintptr_t i = seed * (uintptr_t)2654435761u, j = i ^ seed, k = j + 17, l = k ^ i >> 7,
              m = l - j, n = m ^ k << 3, o = n + i, p = o ^ seed;
    for (int turn = 0; turn < LIVE_TURNS; turn++) {
        between(arg);
        a = a * 0.5 + b, b = b * 0.5 - c, c = c * 0.5 + d, d = d * 0.5 - e;
        e = e * 0.5 + f, f = f * 0.5 - g, g = g * 0.5 + h, h = h * 0.5 - a;
        i += j, j ^= k, k += l, l ^= m, m += n, n ^= o, o += p, p ^= i >> 1;
    }
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
           (double)((i ^ j << 1 ^ k << 2 ^ l << 3 ^ m << 4 ^ n << 5 ^ o << 6 ^ p << 7) % 1000003);
}

static void stay(void *arg)
{
    (void)arg;
}

#endif
