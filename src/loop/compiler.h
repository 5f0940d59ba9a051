/* What the compiler is told about functions. */
#ifndef BROOD_COMPILER_H
#define BROOD_COMPILER_H

/* Called once in a long while: its code, and what leads to it, lies out of the way of the
 * code that runs in each round. */
#define BROOD__COLD   __attribute__((cold, noinline))

/* A function of its own, so that the one that calls it has less to save. */
#define BROOD__APART  __attribute__((noinline))

/* Part of each function that calls it.  A write that wakes its reader goes so deep into the
 * system that the processor forgets where its callers were to return to, and guesses wrong
 * at each of them: on the way to it a function less is worth more than its instructions. */
#define BROOD__INLINE inline __attribute__((always_inline))

#endif
