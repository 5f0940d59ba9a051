/* Two requests to Valgrind, which must know where a stack is in order to tell a
 * switch of stacks from a very large frame.  A request is a sequence of instructions
 * that a processor runs as nothing and Valgrind recognises: so it costs nothing
 * outside, and needs no header of Valgrind's to be installed. */
#ifndef BROOD_VALGRIND_POSIX_H
#define BROOD_VALGRIND_POSIX_H

#include <stdint.h>

static inline uintptr_t brood__valgrind(uintptr_t request, uintptr_t first, uintptr_t last)
{
    volatile uintptr_t words[6] = {request, first, last, 0, 0, 0};
    uintptr_t result = 0;
#if defined(__x86_64__) && !defined(_WIN32)
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\t"
                     "rolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(result)
                     : "a"(words)
                     : "cc", "memory");
#elif defined(__aarch64__) && !defined(_WIN32)
    __asm__ volatile("mov x3, %1\n\tmov x4, %2\n\t"
                     "ror x12, x12, #3\n\tror x12, x12, #13\n\t"
                     "ror x12, x12, #51\n\tror x12, x12, #61\n\t"
                     "orr x10, x10, x10\n\tmov %0, x3"
                     : "=r"(result)
                     : "r"((uintptr_t)0), "r"(words)
                     : "cc", "memory", "x3", "x4");
#endif
    (void)words;
    return result;
}

static inline unsigned brood__valgrind_stack(const void *lowest, const void *end)
{
    return (unsigned)brood__valgrind(0x1501, (uintptr_t)lowest, (uintptr_t)end);
}

static inline void brood__valgrind_forget(unsigned number)
{
    brood__valgrind(0x1502, number, 0);
}

#endif
