/* How a function that is written in assembly begins and ends, for ELF and for Mach-O:
 * a global symbol that does not leave the library. */
#ifndef BROOD_SWITCH_ASSEMBLY_H
#define BROOD_SWITCH_ASSEMBLY_H

/* clang-format off */
#if defined(__APPLE__)
#define SYMBOL(name) "_" #name
#define BEGIN(name)  ".globl " SYMBOL(name) "\n.private_extern " SYMBOL(name) "\n" SYMBOL(name) ":\n"
#define END(name)
#else
#define SYMBOL(name) #name
#define BEGIN(name) \
    ".globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" #name ":\n"
#define END(name) ".size " #name ", . - " #name "\n"
#endif
/* clang-format on */

#endif
